"""Workflows: what a graph is, read from JSON, checked and planned. Plain Python, without a database.

    reading.read     JSON → Graph, with everything that is wrong with its fields
    checking.check   the whole: fields, names, keys, cycles, placeholders, conditions → Faults
    wiring.wire      Graph → who makes which key, who waits for whom
    placeholders     {name} in texts and parameters
    conditions       what decides whether a node runs
    asking           what an approval node asks, filled
    planning.plan    tasks → waves, duration, critical path
    traces           recorded runs of other engines → a workflow's JSON

The fields are described to authors in docs/authors/workflow-definition.md.
"""
