"""The demo company: Nordhafen Technik GmbH of Hamburg, invented, with three years of business up to today.

`company.make(seed=…, today=…)` computes it without a database, always the same for the same arguments; `storing`
writes it. What was planted for analyses to find is listed in `anomalies` and in `Company.anomalies`.
"""
