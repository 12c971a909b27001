"""One call after another: what is recorded, what is tried again, what a script sees, and what a person reads."""

import pytest
from django.db import OperationalError

from apps.core.errors import InvalidInput, NotFound, NotPermitted, ToolError
from apps.executors.contract import Cancelled, Failed, RequesterDisabled, Suspended
from apps.executors.script import pacing, run
from apps.tasks.blobs import BlobUnreadable
from apps.tasks.record import journal
from apps.tasks.record.journal import Recorded
from tests.unit.executors import sink
from tests.unit.executors.memory import PUTS, MemorySession, MemoryStore, attempt, finished

CATCH = """\
import sink

def run(params):
    try:
        return sink.put(1)
    except {kind} as error:
        return str(error)
"""


# What is on record is answered, never carried out again; what differs is a divergence.


def test_another_script_over_the_same_record_has_diverged_and_is_not_retried():
    store = MemoryStore()
    finished(PUTS, store)
    sink.effects.clear()
    other = "import sink\n\ndef run(params):\n    sink.get(1)\n"
    outcome = attempt(other, store)
    assert isinstance(outcome, Failed)
    failure = outcome.failure
    assert (failure.type, failure.code, failure.is_transient) == ("Diverged", "diverged", False)
    assert "sink.get" in failure.message and "sink.put" in failure.message and "call 0" in failure.message
    assert failure.line == 4
    assert sink.effects == []


def test_other_arguments_at_the_same_place_have_diverged():
    store = MemoryStore()
    finished(PUTS, store)
    outcome = attempt(PUTS.replace("sink.put(n)", "sink.put(n if n < 3 else 9)"), store)
    assert isinstance(outcome, Failed)
    assert (outcome.failure.code, "call 3" in outcome.failure.message) == ("diverged", True)


def test_arguments_written_in_another_way_are_the_same_call():
    store = MemoryStore()
    finished(PUTS, store)
    sink.effects.clear()
    assert finished(PUTS.replace("sink.put(n)", "sink.put(value=n)"), store) == [0, 2, 4, 6, 8]
    assert sink.effects == []


def test_a_record_of_several_pages_is_answered_in_full(monkeypatch):
    monkeypatch.setattr(journal, "PAGE", 7)
    source = PUTS.replace("range(5)", "range(100)")
    store = MemoryStore()
    whole = finished(source, store)
    sink.effects.clear()
    assert finished(source, store, use_checkpoints=False) == whole
    assert sink.effects == []


def test_a_recorded_result_that_cannot_be_read_ends_the_task_with_that_message(monkeypatch):
    store = MemoryStore()
    finished(PUTS, store)

    def unreadable(*_: object) -> list[Recorded]:
        raise BlobUnreadable("The recorded result 1/results/0.json is not what was written.")

    monkeypatch.setattr(store, "records", unreadable)
    outcome = attempt(PUTS, store, use_checkpoints=False)
    assert isinstance(outcome, Failed)
    assert (outcome.failure.code, outcome.failure.is_transient) == ("blob_unreadable", False)


def test_live_and_replayed_answers_are_the_same_object_by_value():
    source = (
        "import sink\n\ndef run(params):\n    rows = sink.get(3)\n    rows.append(1)\n    return [rows, sink.get(3)]\n"
    )
    store = MemoryStore()
    live = finished(source, store)
    assert finished(source, store, use_checkpoints=False) == live
    assert live == [
        [{"id": 3, "square": 9}, {"id": 4, "square": 0}, 1],
        [{"id": 3, "square": 9}, {"id": 4, "square": 0}],
    ]


# A failed step that ended the attempt is opened again; one that the script caught stays.

REFUSED_TWICE = """\
import sink

def run(params):
    total = sink.put(1)
    try:
        sink.refuse(7)
    except LookupError as error:
        total += 100
    return total + sink.put(2)
"""


def test_the_failed_step_is_carried_out_again_with_its_key_and_try_two():
    store = MemoryStore()
    sink.faults.append(ToolError("the vault is closed", kind="OSError"))
    outcome = attempt("import sink\n\ndef run(params):\n    a = sink.get(1)\n    return sink.put(2)\n", store)
    assert isinstance(outcome, Failed)
    assert (outcome.failure.step, outcome.failure.code, outcome.failure.line) == (1, "tool_error", 5)
    assert outcome.failure.message == "the vault is closed"
    again = finished(
        "import sink\n\ndef run(params):\n    a = sink.get(1)\n    return sink.put(2)\n", store, reopened=(1, 1)
    )
    assert again == 4
    assert sink.effects == [("1:1", 2)]
    assert sorted(store.steps) == [(0, 1), (1, 1), (1, 2)]
    assert (
        finished(
            "import sink\n\ndef run(params):\n    a = sink.get(1)\n    return sink.put(2)\n", store, reopened=(1, 1)
        )
        == 4
    ), "the second try is on record now"
    assert len(sink.effects) == 1


def test_a_failure_that_the_script_caught_stays():
    store = MemoryStore()
    sink.faults.extend([])
    source = REFUSED_TWICE.replace("return total", "sink.refuse(8)\n    return total")
    outcome = attempt(source, store)
    assert isinstance(outcome, Failed)
    assert outcome.failure.step == 2
    again = attempt(source, store, reopened=(2, 1))
    assert isinstance(again, Failed)
    assert sorted(store.steps) == [(0, 1), (1, 1), (2, 1), (2, 2)], "only the step that ended the attempt"
    assert sink.effects == [("1:0", 1)]


def test_an_error_of_the_script_itself_opens_no_step():
    outcome = attempt("import sink\n\ndef run(params):\n    x = sink.put(1)\n    return x / 0\n")
    assert isinstance(outcome, Failed)
    assert (outcome.failure.step, outcome.failure.code, outcome.failure.is_transient) == (None, "script_error", False)
    assert (outcome.failure.type, outcome.failure.line) == ("ZeroDivisionError", 5)
    assert "revision" in outcome.failure.advice


def test_an_error_told_in_other_words_is_the_scripts_own():
    source = (
        "import sink\n\ndef run(params):\n    try:\n        sink.refuse(1)\n    except LookupError:\n"
        "        raise ValueError('no such customer')\n"
    )
    outcome = attempt(source)
    assert isinstance(outcome, Failed)
    assert (outcome.failure.type, outcome.failure.step) == ("ValueError", None)


# Transient errors are tried again inside the step.


def test_transient_errors_are_tried_again_and_only_the_end_is_recorded():
    store = MemoryStore()
    sink.faults.extend([ToolError("busy", transient=True)] * 2)
    assert finished(PUTS, store) == [0, 2, 4, 6, 8]
    assert [key for key, _ in sink.effects].count("1:0") == 1
    assert len(store.steps) == 5
    assert store.lines()[:2] == [
        "sink.put: busy. Try 2 of 4 in 0.0 s.",
        "sink.put: busy. Try 3 of 4 in 0.0 s.",
    ]


def test_a_lasting_transient_error_fails_the_attempt_as_transient():
    store = MemoryStore()
    sink.faults.extend([ToolError("busy", kind="OSError", transient=True)] * 4)
    outcome = attempt(PUTS, store)
    assert isinstance(outcome, Failed)
    assert (outcome.failure.is_transient, outcome.failure.step, outcome.failure.type) == (True, 0, "OSError")
    assert list(store.steps) == [(0, 1)]
    assert sink.faults == []


def test_what_is_not_transient_is_not_tried_again():
    sink.faults.extend([ToolError("never", kind="ValueError")] * 2)
    assert finished(CATCH.format(kind="ValueError")) == "never"
    assert len(sink.faults) == 1


def test_a_retry_waits_at_least_as_long_as_it_was_told(monkeypatch):

    waits: list[float] = []
    monkeypatch.setattr(pacing, "sleep", lambda seconds, interrupted: waits.append(seconds))
    sink.faults.extend([ToolError("busy", transient=True, retry_after=7.5), ToolError("busy", transient=True)])
    finished(PUTS)
    assert waits == [7.5, 0.002]


@pytest.mark.parametrize(
    ("control", "outcome"), [("cancel", Cancelled), ("expire", Cancelled), ("pause", Suspended), ("drain", Suspended)]
)
def test_what_is_asked_between_two_tries_is_obeyed_and_the_call_stays_open(control, outcome):
    store = MemoryStore()
    session = MemorySession(PUTS, store)
    sink.faults.extend([ToolError("busy", transient=True)] * 2)
    session.journal.log = lambda *_: setattr(session.journal, "control", control)  # type: ignore[method-assign]
    ended = run.attempt(session)
    assert isinstance(ended, outcome)
    assert store.steps == {}
    assert sink.effects == []
    if isinstance(ended, Suspended):
        assert ended.because == control
        assert ended.rest.checkpoint is not None and ended.rest.checkpoint.index == 0


# What a script sees of an error.

UNEXPECTED = "sink.put failed unexpectedly ({}); the server's log has the details."
SEEN = [
    (ToolError("a", kind="LookupError"), "LookupError", "a"),
    (ToolError("a", kind="TimeoutError"), "TimeoutError", "a"),
    (NotFound("no client 9"), "LookupError", "no client 9"),
    (NotPermitted("not yours"), "PermissionError", "not yours"),
    (NotPermitted("not yours"), "OSError", "not yours"),
    (ToolError("too late", kind="TimeoutError"), "OSError", "too late"),
    (InvalidInput("wrong", fields={"size": "at most 100"}), "ValueError", "wrong size: at most 100"),
    (RuntimeError("/srv/secret/path leaked"), "RuntimeError", UNEXPECTED.format("RuntimeError")),
    (KeyError("inner"), "RuntimeError", UNEXPECTED.format("KeyError")),
]  # fmt: skip


@pytest.mark.parametrize(("error", "kind", "message"), SEEN)
def test_a_script_sees_a_builtin_error_with_a_message_for_people(error, kind, message):
    sink.faults.append(error)
    store = MemoryStore()
    assert finished(CATCH.format(kind=kind), store) == message
    assert finished(CATCH.format(kind=kind), store, use_checkpoints=False) == message, "the same when replayed"


@pytest.mark.django_db  # the dead connection is closed, if there is one
def test_a_lost_connection_is_transient():
    sink.faults.append(OperationalError("server closed the connection"))
    assert finished(PUTS) == [0, 2, 4, 6, 8]


def test_an_error_message_is_masked_and_shortened(settings):
    sink.faults.append(ToolError(f"{settings.SECRET_KEY} {'x' * 10_000} token=abcdefgh"))
    seen = finished(CATCH.format(kind="RuntimeError"))
    assert isinstance(seen, str)
    assert settings.SECRET_KEY not in seen
    assert len(seen) == 2_000


# Permissions are looked at for each call.


def test_half_a_character_from_the_world_reaches_the_script_as_its_replacement(monkeypatch):
    monkeypatch.setattr(sink, "word", "cut \ud83d")
    assert finished("import sink\n\ndef run(params):\n    return sink.tell()\n") == "cut \ufffd"
    sink.faults.append(ToolError("cut \ud83d", kind="ValueError"))
    assert finished(CATCH.format(kind="ValueError")) == "cut \ufffd"


def test_a_permission_that_is_missing_is_a_permission_error_on_record():
    store = MemoryStore()
    source = "import sink\n\ndef run(params):\n    return sink.guarded()\n"
    outcome = attempt(source, store, permits=lambda permission: permission is None)
    assert isinstance(outcome, Failed)
    assert (outcome.failure.type, outcome.failure.line) == ("PermissionError", 4)
    assert "crm.view_invoice" in outcome.failure.message and "alice" in outcome.failure.message


def test_a_permission_lost_between_two_calls_refuses_the_second():
    allowed = [True, False]
    source = (
        "import sink\n\ndef run(params):\n    first = sink.guarded()\n    try:\n        sink.guarded()\n"
        "    except PermissionError:\n        return [first, 'refused']\n"
    )
    assert finished(source, permits=lambda permission: permission is None or allowed.pop(0)) == [1, "refused"]


def test_a_disabled_requester_suspends_the_task_with_the_reason():
    def disabled(permission: str | None) -> bool:
        raise RequesterDisabled("alice, in whose name it acts, is disabled.")

    outcome = attempt(PUTS, permits=disabled)
    assert isinstance(outcome, Suspended)
    assert (outcome.because, "alice" in outcome.reason) == ("disabled", True)
    assert sink.effects == []


# Calls that are wrong.

WRONG = [
    ("sink.put('1')", "sink.put(): value must be int, not str"),
    ("sink.put(True)", "sink.put(): value must be int, not bool"),
    ("sink.put()", "sink.put(): missing a required argument: 'value'"),
    ("sink.put(1, 2)", "sink.put(): too many positional arguments"),
    ("sink.put(1, colour=2)", "sink.put(): got an unexpected keyword argument 'colour'"),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_wrong_arguments_are_a_type_error_and_not_recorded(call, message):
    store = MemoryStore()
    source = f"import sink\n\ndef run(params):\n    try:\n        {call}\n    except TypeError as e:\n        return str(e)\n"
    assert finished(source, store) == message
    assert store.steps == {}
    assert sink.effects == []


def test_a_name_that_does_not_exist_is_a_name_error_on_its_line():
    outcome = attempt("import sink\n\ndef run(params):\n    return nothing(sink.put(1))\n")
    assert isinstance(outcome, Failed)
    assert (outcome.failure.type, outcome.failure.line, outcome.failure.is_transient) == ("NameError", 4, False)
    assert "nothing" in outcome.failure.message


@pytest.mark.parametrize("source", ["def run(params:\n", "def run(params):\n    return 1 +\n", "run = 1\n"])
def test_a_script_that_cannot_start_is_a_clear_failure(source):
    outcome = attempt(source)
    assert isinstance(outcome, Failed)
    assert outcome.failure.code in ("syntax_error", "script_error")
    assert not outcome.failure.is_transient
    assert outcome.failure.message


def test_an_error_deep_in_functions_names_the_innermost_line():
    source = "def f(x):\n    return g(x)\n\ndef g(x):\n    return 1 / x\n\ndef run(params):\n    return f(0)\n"
    outcome = attempt(source)
    assert isinstance(outcome, Failed)
    assert outcome.failure.line == 5
    assert "in g" in outcome.failure.traceback
