import pytest

from apps.core.verdicts import rejection


@pytest.mark.parametrize(
    "value",
    [
        True, None, 0, "", "reject", [], [False], {}, {"valid": True}, {"valid": None}, {"ok": 1}, {"decision": "approve"},
        {"status": "completed"}, {"status": 3}, {"data": {"valid": False}},
    ],
)  # fmt: skip
def test_what_says_no_clear_no_lets_the_result_pass(value):
    assert rejection(value) is None


@pytest.mark.parametrize(
    "value",
    [
        False, {"valid": False}, {"approved": False}, {"accepted": False}, {"passed": False}, {"ok": False},
        {"decision": "reject"}, {"verdict": "Rejected"}, {"status": " FAILED "}, {"decision": "fail"},
        {"verdict": "invalid"}, {"valid": True, "ok": False},
    ],
)  # fmt: skip
def test_a_clear_no_is_a_rejection_with_a_reason(value):
    assert rejection(value).startswith("It was rejected")


@pytest.mark.parametrize("name", ["reason", "message", "comment", "explanation"])
def test_the_reason_is_the_judges_own(name):
    assert rejection({"valid": False, name: " Row 3 has no name. "}) == "Row 3 has no name."


def test_a_reason_that_says_nothing_is_passed_over():
    assert rejection({"decision": "reject", "reason": " ", "comment": 4}) == "It was rejected: decision is reject."


def test_a_reason_has_an_end():
    assert len(rejection({"ok": False, "reason": "x" * 10_000})) == 500
