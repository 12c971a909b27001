"""The control-flow patterns of the Workflow Patterns Initiative (workflowpatterns.com) that apply, each by its number.

Left out: multi-merge (8) and thread merge and split (41, 42), because a node runs once for each round and not once for each
token; arbitrary cycles (10), because a loop is one node with a bound; generalised and-join (33) and acyclic synchronising
merge (37), which `structured` covers for graphs without cycles.
"""

import pytest

from apps.tasks import lifecycle
from apps.tasks.lifecycle import family, telling
from apps.tasks.models import Node
from tests import making
from tests.unit.executors.workflow.ran import SAY, attempts, go_on, node, ran, start, states

pytestmark = pytest.mark.django_db(transaction=True)

SLOW = "import task\n\ndef run(params):\n    task.sleep(3600)\n"


def tasks(*nodes, **more):
    return {"tasks": list(nodes), **more}


def done(task):
    """Names of the nodes that were completed."""
    return {name for name, state in states(task).items() if state == "completed"}


def test_01_sequence(alice):
    task = ran(tasks(node("a"), node("b", "a"), node("c", "b")), alice)

    assert [node.number for node in Node.objects.filter(task=task).order_by("ended_at")] == [0, 1, 2]


def test_02_parallel_split_and_03_synchronisation(alice):
    task = start(tasks(node("a"), node("b", "a"), node("c", "a"), node("d", "b", "c")), alice)
    attempts(3)

    assert states(task) == {"a": "completed", "b": "running", "c": "running", "d": "waiting"}
    assert done(go_on(task)) == set("abcd")


def test_04_exclusive_choice_and_05_simple_merge(alice):
    task = ran(tasks(
        node("size", result=5),
        node("small", "size", choice="by_size", condition={"size": {"maximum": 3}}, result_keys=["way"]),
        node("large", "size", choice="by_size", result_keys=["way"]),
        node("merged", "way", script=SAY),
    ), alice)  # fmt: skip

    assert task.returned == {"merged": {"way": "large"}}


def test_06_multi_choice_and_07_structured_synchronising_merge(alice):
    def flow(size):
        return tasks(
            node("size", result=size),
            node("base", "size"),
            node("big", "size", condition={"size": {"minimum": 3}}),
            node("huge", "size", condition={"size": {"minimum": 9}}),
            node("merged", "base", "big", "huge", join="structured", script=SAY),
        )

    assert ran(flow(5), alice).returned == {"merged": {"base": "base", "big": "big"}}
    assert ran(flow(9), alice).returned == {"merged": {"base": "base", "big": "big", "huge": "huge"}}


def test_09_structured_discriminator(alice):
    task = start(
        tasks(node("slow", script=SLOW), node("fast"), node("first", "slow", "fast", join="any", cancels=["slow"])),
        alice,
    )

    assert go_on(task).status == "completed"
    assert done(task) == {"fast", "first"}


def test_30_structured_partial_join_and_32_cancelling_partial_join(alice):
    graph = tasks(
        node("a"), node("b"), node("c", script=SLOW),
        node("two", "a", "b", "c", join={"at_least": 2}, cancels=["c"]),
    )  # fmt: skip
    task = ran(graph, alice)

    assert (task.status, states(task)["c"]) == ("completed", "cancelled")


def test_11_implicit_termination(alice):
    """It ends when nothing is left to do; there is no end node."""
    assert ran(tasks(node("a"), node("b", "a"), node("c")), alice).returned == {"b": "b", "c": "c"}


def test_43_explicit_termination(alice):
    task = ran(tasks(node("slow", script=SLOW), node("enough", cancels=["*"]), node("after", "slow")), alice)

    assert (task.status, task.returned) == ("completed", {"enough": "enough"})
    assert states(task) == {"slow": "cancelled", "enough": "completed", "after": "cancelled"}


def test_12_multiple_instances_without_synchronisation(alice):
    making.template("def run(params):\n    return 1\n", alice, key="one")
    spawns = (
        "import task\n\ndef run(params):\n    for n in range(3):\n        task.spawn('one')\n    return 'gone on'\n"
    )
    task = ran(tasks(node("a", script=spawns)), alice)

    assert task.returned == {"a": "gone on"}
    assert task.children.get().children.count() == 3


def test_13_multiple_instances_with_design_time_knowledge(alice):
    spread = {"array_mapping": {"item": ["x", "y"]}}
    assert ran(tasks(node("a", script=SAY, parameters={"of": "{item}"}, expansion_config=spread)), alice).returned == {
        "a": [{"of": "x"}, {"of": "y"}]
    }


def test_14_multiple_instances_with_run_time_knowledge(alice):
    spread = {"array_mapping": {"item": "found"}}
    graph = tasks(
        node("found", result=[1, 2, 3]), node("a", script=SAY, parameters={"of": "{item}"}, expansion_config=spread)
    )

    assert len(ran(graph, alice).returned["a"]) == 3


def test_15_multiple_instances_without_a_priori_knowledge(alice):
    """How many there will be, is known when the last has ended: each round makes one more, and the loop ends them."""
    making.template("def run(params):\n    return params['n'] + 1\n", alice, key="next")
    more = (
        "import task\n\ndef run(params):\n    n, ids = 0, []\n    while n < 4:\n        "
        "ids.append(task.spawn('next', {'n': n}))\n"
        "        n = task.join(ids[-1:])[0]['result']\n    return len(task.join(ids))\n"
    )
    assert ran(tasks(node("a", script=more)), alice).returned == {"a": 4}


def test_34_static_partial_join_for_multiple_instances(alice):
    script = "def run(params):\n    if params['n'] == 2:\n        raise ValueError('no')\n    return params['n']\n"
    spread = {"array_mapping": {"n": [1, 2, 3]}, "policy": {"at_least": 2}}
    task = ran(tasks(node("a", script=script, parameters={"n": "{n}"}, expansion_config=spread)), alice)

    assert task.returned == {"a": [1, 3]}


def test_16_deferred_choice(alice):
    by_world = {"name": "reply", "by": "first"}
    graph = tasks(
        {**node("accepted", choice=by_world), "dependencies": [{"event": "accept"}]},
        {**node("declined", choice=by_world), "dependencies": [{"event": "decline"}]},
    )
    task = ran(graph, alice)
    telling.tell(task, alice, "decline", {})

    assert go_on(task).returned == {"declined": "declined"}
    assert states(task) == {"accepted": "skipped", "declined": "completed"}


def test_17_interleaved_routing_and_39_critical_section(alice):
    """In any order, but never two at once."""
    task = start(tasks(node("a"), node("b"), node("c"), at_once=1), alice)
    seen = []
    while go_one(task):
        seen.append(sorted(states(task).values()).count("running"))

    assert max(seen) == 1
    assert done(task) == set("abc")


def go_one(task):
    attempts(1)
    task.refresh_from_db()
    return not task.is_final


def test_18_milestone(alice):
    graph = tasks(
        node("open", script=SLOW),
        {**node("bid"), "dependencies": [{"task": "open", "state": "started"}]},
        node("close", "bid", cancels=["open"]),
        {**node("late"), "dependencies": [{"task": "open", "state": "completed"}]},
    )
    task = ran(graph, alice)

    assert states(task) == {"open": "cancelled", "bid": "completed", "close": "completed", "late": "skipped"}


def test_19_cancel_task_and_25_cancel_region(alice):
    graph = tasks(
        node("a", script=SLOW),
        node("b", script=SLOW),
        node("c", "a"),
        node("d"),
        node("stop", "d", cancels=["a", "b", "c"]),
    )
    task = ran(graph, alice)

    assert states(task) == {"a": "cancelled", "b": "cancelled", "c": "cancelled", "d": "completed", "stop": "completed"}
    assert set(task.children.values_list("status", flat=True)) == {"cancelled", "completed"}


def test_20_cancel_case(alice):
    task = ran(tasks(node("a", script=SLOW), node("b", "a")), alice)
    lifecycle.cancel(task, alice)
    family.follow(task.pk)
    task.refresh_from_db()

    assert (task.status, task.children.get().status) == ("cancelled", "cancelled")


def test_26_cancel_multiple_instance_activity(alice):
    many = node("many", script=SLOW, expansion_config={"array_mapping": {"item": [1, 2, 3]}})
    task = ran(tasks(many, node("stop", cancels=["many"])), alice)

    assert set(task.children.filter(branch__node=0).values_list("status", flat=True)) == {"cancelled"}
    assert task.status == "completed"


def test_21_structured_loop(alice):
    script = "def run(params):\n    return params['n'] + 1\n"
    count = {
        "name": "n",
        "script": script,
        "parameters": {"n": "{n|0}"},
        "loop": {"until": {"n": {"minimum": 4}}, "most": 9},
    }
    assert ran(tasks(count), alice).returned == {"n": 4}

    count["loop"] = {"while": {"n?": {"maximum": 2}}, "most": 9}
    assert ran(tasks(count), alice).returned == {"n": 3}


def test_22_recursion(alice):
    count = {
        "name": "deeper", "template": "flow", "parameters": {"n": "{next}"}, "dependencies": ["next"],
        "condition": {"next": {"minimum": 1}},
    }  # fmt: skip
    less = {"name": "next", "script": "def run(params):\n    return params['n'] - 1\n", "parameters": {"n": "{n}"}}
    task = ran(tasks(less, count), alice, n=3)

    assert task.status == "completed"
    assert task.children.get(kind="workflow").children.get(kind="workflow").parameters == {"n": 1}


def test_23_transient_trigger(alice):
    """An event that comes before anybody waits for it is lost."""
    graph = tasks(
        {**node("early"), "dependencies": [{"event": "ready"}]},
        {**node("ship"), "dependencies": ["early", {"event": "go", "keep": False}]},
    )
    task = ran(graph, alice)
    telling.tell(task, alice, "go", 1)
    go_on(task)
    telling.tell(task, alice, "ready", {})
    go_on(task)
    assert states(task) == {"early": "completed", "ship": "waiting"}

    telling.tell(task, alice, "go", 2)
    assert go_on(task).returned == {"ship": "ship"}


def test_24_persistent_trigger(alice):
    graph = tasks(
        {**node("early"), "dependencies": [{"event": "ready"}]},
        {**node("ship", script=SAY), "dependencies": ["early", {"event": "go"}]},
    )
    task = ran(graph, alice)
    telling.tell(task, alice, "go", 1)
    go_on(task)
    telling.tell(task, alice, "ready", {})

    assert go_on(task).returned == {"ship": {"early": "early", "go": 1}}
