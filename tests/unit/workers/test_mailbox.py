"""A queue between a process and its forks that nobody can lock."""

from apps.workers.q2.mailbox import LARGEST, Mailbox


def test_messages_come_whole_and_in_their_order():
    mailbox = Mailbox()
    messages = [{"name": "launch", "args": (), "at": 1.5}, "STOP", {"name": "x" * (LARGEST - 100)}]
    for message in messages:
        mailbox.put(message)
    assert (mailbox.empty(), mailbox.qsize()) == (False, 1)
    assert [mailbox.get() for _ in messages] == messages
    assert (mailbox.empty(), mailbox.qsize()) == (True, 0)


def test_what_was_put_can_be_read_after_it_is_closed():
    """Django-Q2's guard puts the word to stop in, closes the queue, and waits for who reads it."""
    mailbox = Mailbox()
    mailbox.put("STOP")
    mailbox.close()
    mailbox.join_thread()
    assert mailbox.get() == "STOP"


def test_a_full_one_holds_up_nobody():
    mailbox = Mailbox()
    for number in range(10_000):
        mailbox.put({"number": number})
    got = []
    while not mailbox.empty():
        got.append(mailbox.get()["number"])
    assert len(got) >= 100, "room for every worker of a host"
    assert got == list(range(len(got)))
