"""Names that others look for, without importing Django-Q2."""

WORKER_PROCESS = "q2-worker"
"""What `ps` shows for a worker process of a cluster."""
