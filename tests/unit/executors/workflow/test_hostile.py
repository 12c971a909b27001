"""Whatever is sent as a workflow: an answer comes, it is a list of faults, and each can be shown."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.executors.workflow import nodes, parts, reading, spreading
from apps.executors.workflow.checking import check
from apps.executors.workflow.planning import TASK_FIELDS, plan

NAMES = sorted(
    nodes.NODE_FIELDS
    | reading.GRAPH_FIELDS
    | reading.CLEANUP_FIELDS
    | parts.DEPENDENCY_FIELDS
    | parts.LOOP_FIELDS
    | parts.ASSERTION_FIELDS
    | {"title", "text", "evidence", "form", "data", "users", "choices", "expires_after", "at_expiry"}
    | spreading.EXPANSION_FIELDS
    | spreading.OUTPUT_FIELDS
    | {"at_least", "any", "all", "not", "a.b?"}
)
WORDS = ["a", "b?", "{a}", "{", "T1", "$.a", "all", "any", "default", "first", "2 h", "pro\x7f", "", "{a.b|c}"]
leaves = st.none() | st.booleans() | st.integers(-2, 10_000) | st.floats(allow_nan=False) | st.sampled_from(WORDS)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=25,
)
tasks = st.dictionaries(st.sampled_from(sorted(nodes.NODE_FIELDS)), values, max_size=10)
workflows = st.fixed_dictionaries(
    {"tasks": st.lists(tasks, max_size=4)},
    optional=dict.fromkeys(sorted(reading.GRAPH_FIELDS - {"tasks"}), values),
)


@settings(max_examples=150, deadline=None)
@given(values | workflows)
def test_no_document_breaks_the_check(document):
    for fault in check(document):
        json.dumps(fault.as_json())
        assert fault.as_problem().place.startswith("graph")


@settings(max_examples=100, deadline=None)
@given(values | st.lists(st.dictionaries(st.sampled_from(sorted(TASK_FIELDS)), values, max_size=5), max_size=5))
def test_no_list_of_tasks_breaks_the_plan(given_tasks):
    json.dumps(plan(given_tasks).as_json())
