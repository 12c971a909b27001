"""The door: where chat platforms deliver what people wrote. Answered within a second, whatever the database does.

    request ─► shortcut ─► hooks ─► known (which connection?) ─► its platform verifies and reads
                             │
                             └─► keeping ─► the writer: all that wait, in one transaction ──► answered 200
                                       └─► no answer of it in time: the spool, a file on disk ──► answered 200

1. Before a request is verified nothing is written and nothing is asked of the database for it.
2. What is answered 200 is committed, or in a file that has reached the disk. `spool.drain` makes rows of the files:
   the writer does it before anything newer, and the chat's service now and then.
3. What comes twice by that (a commit that was late, a crash before a file was removed) is one row: events have ids.
"""
