"""How a worker gets tasks."""
