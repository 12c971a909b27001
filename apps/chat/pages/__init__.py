"""The chat in the admin: one's own conversation, dialogs of other platforms to read, one's accounts, connections.

Everything works without JavaScript; what is said or pressed is a POST that goes through `inbox`, as on any platform.
"""
