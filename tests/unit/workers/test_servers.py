"""Which servers `manage.py up` waits for, what it says meanwhile, and which refusals end it at once."""

import psycopg
import pytest
from django.db import OperationalError

from apps.core.errors import Conflict
from apps.workers.supervisor import servers

ADDRESS = 'connection failed: connection to server at "127.0.0.1", port 5432 failed: '


@pytest.fixture(autouse=True)
def no_naps(monkeypatch):
    monkeypatch.setattr(servers, "LOOK_SECONDS", 0.0)


@pytest.fixture
def no_redis(settings):
    settings.REDIS_URL = ""


@pytest.mark.parametrize(
    ("words", "passes"),
    [
        ("Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?", True),
        ("FATAL:  the database system is starting up", True),
        ("FATAL:  the database system is shutting down", True),
        ("FATAL:  the database system is not yet accepting connections", True),
        ("FATAL:  sorry, too many clients already", True),
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", True),
        ("server closed the connection unexpectedly", True),
        ('FATAL:  password authentication failed for user "chantilly"', False),
        ("FATAL:  Passwort-Authentifizierung fehlgeschlagen", False),
        ('FATAL:  database "nobody" does not exist', False),
        ('FATAL:  role "nobody" does not exist', False),
        ("FATAL:  no pg_hba.conf entry for host", False),
        ("fe_sendauth: no password supplied", False),
    ],
)
def test_a_server_that_is_not_there_yet_is_waited_for_and_one_that_refuses_is_not(words, passes):
    assert servers.passes_by(psycopg.OperationalError(ADDRESS + words)) is passes


def test_a_file_that_cannot_be_opened_is_not_waited_for():
    assert not servers.passes_by(OperationalError("unable to open database file"))
    assert servers.passes_by(OperationalError("database is locked"))


def test_waiting_is_told_once_for_each_reason_and_then_its_end(monkeypatch, no_redis):
    said, objections = [], iter(["Connection refused", "Connection refused", "starting up", ""])
    monkeypatch.setattr(servers, "_database_objection", lambda: next(objections))
    servers.wait(said.append)
    assert [line.split(".")[0] for line in said] == [
        "The database does not answer yet (Connection refused)",
        "The database does not answer yet (starting up)",
        "The database answers, after 0 s",
    ]


def test_nothing_is_said_about_servers_that_answer(monkeypatch, no_redis):
    monkeypatch.setattr(servers, "_database_objection", str)
    said = []
    servers.wait(said.append)
    assert said == []


def test_without_redis_it_goes_on_after_a_while(monkeypatch, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(servers, "REDIS_SECONDS", 0.05)
    monkeypatch.setattr(servers, "_database_objection", str)
    said = []
    servers.wait(said.append)
    assert said[0].startswith("Redis does not answer yet (Error 111")
    assert said[-1] == "Going on without Redis: it is used as soon as it answers."


def test_a_database_that_refuses_ends_the_start(monkeypatch, no_redis):
    def refuse():
        raise psycopg.OperationalError(f'{ADDRESS}FATAL:  database "nobody" does not exist')

    monkeypatch.setattr(servers, "_connect", refuse)
    with pytest.raises(Conflict, match=r'database "nobody" does not exist\. Look at DATABASE_URL'):
        servers.wait(print)
