"""The only place that knows Django-Q2: it launches worker processes and keeps them alive. It decides nothing.

Each worker process lives inside one slice. A new process asks for its slice by one launch message; when the slice
returns, the process ends (`recycle` = 1) and Django-Q2's guard starts another. Messages carry nothing, so losing,
doubling or reordering them does not matter: who waits too long asks again.

Why each setting of `Q_CLUSTER` is what it is:
 timeout None, retry a day    Django-Q2's alarm would fire inside a slice; our heartbeat thread holds the limits
 recycle 1                    one slice per process: memory that a task leaked goes with it
 save_limit -1                results are rows of ours
 guard_cycle 0.2, poll 0.2    a killed worker is replaced within half a second
 scheduler False              schedules are ours; Django-Q2's is coarse, and one bad row stops all of it
 cluster_name                 one queue per cluster: else a busy cluster takes the messages of an idle one
 broker_class                 Django-Q2's own brokers, made to carry no payload (broker.py)
"""
