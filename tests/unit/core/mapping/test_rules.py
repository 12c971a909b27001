import pytest

from apps.core.errors import InvalidInput
from apps.core.mapping import MappingError, Mode, check_rule, read_envelope, read_rule

RULE = {"result_key": "sections", "output_path": "$.sections[{index}]"}


def test_a_rule_is_read_with_its_defaults():
    rule = read_rule(RULE)

    assert (rule.result_key, rule.target.text) == ("sections", "$.sections[{index}]")
    assert (rule.mode, rule.format, rule.fill_gaps, rule.is_optional) == (Mode.REPLACE, None, False, False)


@pytest.mark.parametrize(
    ("changes", "path", "said"),
    [
        ({"result_key": ""}, "result_key", "at least 1 character"),
        ({"output_path": "$..a"}, "output_path", "not written to"),
        ({"output_path": "sections"}, "output_path", "begins with $"),
        ({"mode": "appand"}, "mode", "Did you mean “append”?"),
        ({"mode": "merge"}, "merge_key", "needs it"),
        ({"merge_key": "id"}, "merge_key", "and no other"),
        ({"format": {"score": "numbr"}}, "format.score", "“numbr” is no type"),
        ({"output": "$.a"}, "output", "There is no field “output”. Did you mean “output_path”?"),
        ({"gaps": "yes"}, "gaps", "not one of the choices"),
        ({"optional": "yes"}, "optional", "Give true or false, not text."),
    ],
)
def test_what_is_wrong_with_a_rule_is_named(changes, path, said):
    described = {**RULE, **changes}

    assert [said in each.message for each in check_rule(described) if each.path == path] == [True]
    with pytest.raises(MappingError) as caught:
        read_rule(described, number=4)
    assert caught.value.code == "EXEC_020"
    assert caught.value.message.startswith(f"Rule 4 cannot be used: {path}: ")
    assert said in caught.value.details["fields"][path]


@pytest.mark.parametrize("described", [None, [], "x", 7, {}, {"result_key": 1}, {"output_path": object()}])
def test_what_is_no_rule_at_all_is_refused(described):
    with pytest.raises(MappingError):
        read_rule(described)


def test_all_problems_are_found_at_once():
    described = {**RULE, "output_path": "$[", "format": "nothing", "mode": "merge"}

    assert {each.path for each in check_rule(described)} == {"output_path", "format", "merge_key"}


def test_an_envelope_is_read_and_written():
    described = {"result_key": "summary", "path": "$.a", "data": {"x": 1}}

    assert read_envelope(described).as_json() == described
    assert read_envelope({"result_key": "summary", "data": None}).path == ""


@pytest.mark.parametrize("described", [None, {}, {"result_key": "a"}, {"result_key": "a", "data": 1, "more": 2}, [1]])
def test_what_is_no_envelope_is_refused(described):
    with pytest.raises(InvalidInput, match="no envelope"):
        read_envelope(described)
