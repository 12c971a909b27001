"""The chat page, live: a poller of its own beside the console's, woken by hints of the topic `chat`."""
