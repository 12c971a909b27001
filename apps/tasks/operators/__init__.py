"""Operators' verbs for one task, many tasks and queues, each audited."""
