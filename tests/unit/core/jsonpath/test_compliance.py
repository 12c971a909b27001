"""The whole public JSONPath Compliance Test Suite (compliance/README.md says where it is from)."""

import json
from pathlib import Path
from typing import Any

import pytest

from apps.core import jsonpath
from apps.core.jsonpath import reading

SUITE = json.loads((Path(__file__).parent / "compliance" / "cts.json").read_text(encoding="utf-8"))["tests"]
INVALID = [case for case in SUITE if case.get("invalid_selector")]
VALID = [case for case in SUITE if not case.get("invalid_selector")]


def name(case: dict[str, Any]) -> str:
    return str(case["name"])


def test_the_suite_is_whole():
    assert len(SUITE) == 687
    assert len(INVALID) > 200


@pytest.mark.parametrize("case", VALID, ids=name)
def test_a_valid_path_selects_what_the_suite_says(case):
    found = jsonpath.found(case["selector"], case["document"])

    values = [each.value for each in found]
    assert values in (case["results"] if "results" in case else [case["result"]])
    paths = case.get("results_paths", [case.get("result_paths", [each.path for each in found])])
    assert [each.path for each in found] in paths


@pytest.mark.parametrize("case", VALID, ids=name)
def test_a_valid_path_means_the_same_where_variables_are_allowed(case):
    found = reading.read(case["selector"], templated=True).values(case["document"])

    assert found in (case["results"] if "results" in case else [case["result"]])


@pytest.mark.parametrize("case", INVALID, ids=name)
def test_an_invalid_path_is_refused(case):
    with pytest.raises(jsonpath.BadPath):
        jsonpath.read(case["selector"])
