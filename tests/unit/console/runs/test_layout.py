"""Where the boxes of a graph stand: nothing overlaps, edges go to the right, groups are bands."""

import random
from itertools import pairwise
from typing import Any

import pytest

from apps.console.runs import layout as layouts
from apps.console.runs.layout import HEIGHT, WIDTH, Layout, layout
from apps.executors.workflow import reading
from apps.executors.workflow.wiring import wire

RUN = "def run(params):\n    return 1\n"


def drawn(groups: dict[str, dict[str, list[str]]], **more: Any) -> Layout:
    """Groups → tasks → what each waits for."""
    graph = reading.read({
        "groups": [
            {"name": group, "tasks": [
                {"name": name, "script": RUN, "result_keys": [name], "dependencies": needs}
                for name, needs in tasks.items()
            ]}
            for group, tasks in groups.items()
        ]
    }).graph  # fmt: skip
    return layout(graph, wire(graph), **more)


def anyhow(nodes: int, groups: int, *, seed: int) -> dict[str, dict[str, list[str]]]:
    """Each waits for up to three of those before it, wherever they are."""
    chance = random.Random(seed)
    found: dict[str, dict[str, list[str]]] = {f"group {number}": {} for number in range(groups)}
    for number in range(nodes):
        needs = chance.sample(range(number), min(number, chance.randrange(4)))
        found[f"group {number * groups // nodes}"][f"n{number}"] = [f"n{each}" for each in needs]
    return found


def assert_sound(found: Layout) -> None:
    assert_nothing_overlaps(found)
    boxes = found.boxes
    assert all(boxes[source].x + WIDTH < boxes[target].x for source, target in found.edges)
    bands = {band.name: band for band in found.bands}
    for box in boxes:
        assert 0 <= box.x <= found.width - WIDTH
        assert 0 <= box.y <= found.height - HEIGHT
        if bands:
            band = bands[box.group]
            assert band.y <= box.y
            assert box.y + HEIGHT <= band.y + band.height
    assert all(above.y + above.height <= below.y for above, below in pairwise(found.bands))


def assert_nothing_overlaps(found: Layout) -> None:
    by_row: dict[int, list[int]] = {}
    for box in found.boxes:
        by_row.setdefault(box.y, []).append(box.x)
    tops = sorted(by_row)
    assert all(above + HEIGHT < below for above, below in pairwise(tops)), "rows overlap"
    for xs in by_row.values():
        assert all(left + WIDTH < right for left, right in pairwise(sorted(xs))), "boxes overlap"


@pytest.mark.parametrize(("nodes", "groups"), [(1, 1), (2, 1), (23, 3), (200, 7), (400, 1), (399, 20)])
def test_nothing_overlaps_and_edges_go_to_the_right(nodes, groups):
    for seed in range(5):
        found = drawn(anyhow(nodes, groups, seed=seed))

        assert_sound(found)
        assert sorted(number for box in found.boxes for number in box.nodes) == list(range(nodes))
        assert (found.is_collapsed, found.back) == (False, ())


def test_a_wave_stands_in_one_column_and_its_boxes_beside_their_neighbours():
    found = drawn({"all": {"a": [], "b": [], "x": ["b"], "y": ["a"]}})

    a, b, x, y = found.boxes
    assert a.x == b.x < x.x == y.x
    assert (a.y < b.y, y.y < x.y) == (True, True)
    assert [(column.first, column.last, column.x) for column in found.columns] == [(1, 1, a.x), (2, 2, x.x)]
    assert found.bands == ()


def test_a_wide_wave_is_broken_into_columns():
    found = drawn({"all": {"start": [], **{f"n{number}": ["start"] for number in range(200)}}})

    assert_sound(found)
    assert found.height < 1_600
    assert found.width < 2_400


@pytest.mark.parametrize(("nodes", "groups"), [(401, 5), (3_000, 12), (3_000, 900)])
def test_a_large_graph_is_drawn_as_what_groups_have_in_waves(nodes, groups):
    found = drawn(anyhow(nodes, groups, seed=7))

    assert_sound(found)
    assert found.is_collapsed
    assert len(found.boxes) <= layouts.MOST_DRAWN
    assert sorted(number for box in found.boxes for number in box.nodes) == list(range(nodes))


def test_a_long_chain_is_drawn_as_few_boxes_that_stand_for_many_waves():
    found = drawn({"all": {f"n{n}": [f"n{n - 1}"] if n else [] for n in range(5_000)}})

    assert_sound(found)
    assert 100 < len(found.boxes) <= layouts.MOST_DRAWN
    assert (found.columns[0].first, found.columns[-1].last) == (1, 5_000)


def test_a_circle_is_drawn_behind_the_rest_and_said_to_go_back():
    found = drawn({"all": {"a": [], "b": ["a", "d"], "c": ["b"], "d": ["c"]}})

    assert_nothing_overlaps(found)
    assert found.edges == ((0, 1),)
    assert sorted(found.back) == [(1, 2), (2, 3), (3, 1)]


def test_edges_beyond_the_limit_are_counted(monkeypatch):
    monkeypatch.setattr(layouts, "MOST_EDGES", 10)
    names = [f"a{number}" for number in range(5)]
    found = drawn({"all": {**{name: [] for name in names}, **{f"b{n}": names for n in range(5)}}})

    assert (len(found.edges), found.left_out) == (10, 15)


def test_an_edge_that_a_longer_way_says_already_is_not_drawn():
    found = drawn({"all": {"a": [], "b": ["a"], "c": ["a", "b"], "d": ["a", "b", "c"]}})

    assert found.edges == ((0, 1), (1, 2), (2, 3))


@pytest.mark.parametrize("seed", range(5))
def test_what_leads_where_stays(seed):
    groups = anyhow(60, 3, seed=seed)
    needs = [needs for tasks in groups.values() for needs in tasks.values()]
    above: list[set[int]] = []
    for each in needs:
        before = {int(name[1:]) for name in each}
        above.append(before.union(*(above[number] for number in before)))
    found = drawn(groups)
    seen: dict[int, set[int]] = {}
    for box in sorted(found.boxes, key=lambda box: box.wave):
        sources = {source for source, target in found.edges if target == box.id}
        seen[box.id] = sources.union(*(seen[source] for source in sources))
    number_of = {box.id: box.nodes[0] for box in found.boxes}

    assert {number_of[id_]: {number_of[each] for each in before} for id_, before in seen.items()} == dict(
        enumerate(above)
    )
