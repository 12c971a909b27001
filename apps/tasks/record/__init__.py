"""What is written while a task runs: journal, checkpoints, feed, the lease it is written under, its end."""
