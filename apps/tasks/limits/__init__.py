"""What bounds tasks: gates at the claim, rates of services, lengths of queues, and the place of who waits."""
