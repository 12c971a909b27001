"""What runs in a worker process: the hand, the slice, the heartbeat."""
