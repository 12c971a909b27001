"""One small process above the web server and the Django-Q2 cluster: it starts them, restarts them, ends them.

Its duties:
1. Children are fresh interpreters in sessions of their own, tethered to it; whoever is killed, nobody is orphaned.
2. A child that exits is started again: at once when it had lived, with growing pauses when it had not.
3. A cluster that lives and does not progress is killed and started again, and the reason is recorded.
4. SIGTERM and Ctrl-C drain: tasks give up their leases at the next host call; what is left after a bound is killed.
"""
