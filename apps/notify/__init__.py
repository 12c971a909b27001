"""Messages out: takes notices from the outbox (`apps.tasks.outbox`) and sends them by their channel.

`posting.turn` is the one way out. A channel is a module that raises `NotDelivered` and nothing else; now there is
`mail`. It has no rows of its own.
"""
