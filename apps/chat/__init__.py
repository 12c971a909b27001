"""Chat platforms: what people write comes in, is understood, and is answered where it was written.

    platform ──► door (or poll) ──► Incoming ──► turns: language.conversation ──► acts: tasks.submit, verbs, decisions
                 one insert, then the answer        one conversation at a time            │
    platform ◄── sending ◄── Post (the outbox) ◄──────────────────────── following: progress, results, approvals

1. What has been accepted is a row before it is acknowledged; the same event or message again is no second row.
2. A turn may be repeated after a crash: what it starts has a key of its own, and its posts have keys of their own.
3. Posts of one dialog leave in their order; a sender that dies over one leaves it due again.
4. Nothing of a person's is said but to an account that is linked to that person, in a dialog where all may hear it.
"""
