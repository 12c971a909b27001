from decimal import Decimal
from xml.etree import ElementTree

import pytest

from apps.reports import charts
from apps.reports.charts import Mark

MARKS = [Mark(label=f"<b>M{n}</b> & 'x'", value=Decimal(n * 1000 - 500)) for n in range(14)]
SVG = "{http://www.w3.org/2000/svg}"


def drawings(marks: list[Mark]) -> list[str]:
    return [
        charts.bars(marks, title="<script>t</script>"),
        charts.columns(marks, title="<script>t</script>", line=[mark.value for mark in marks]),
        charts.stacked(marks, title="<script>t</script>"),
    ]


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("marks", [MARKS, MARKS[:1], []], ids=["many", "one", "none"])
def test_a_chart_is_svg_of_attributes_with_title_and_description(number: int, marks: list[Mark]) -> None:
    root = ElementTree.fromstring(drawings(marks)[number])

    allowed = {"svg", "title", "desc", "rect", "line", "text", "polyline"}
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= allowed
    assert not any(name in {"style", "href", "onload"} for element in root.iter() for name in element.attrib)
    assert root.get("role") == "img"
    assert root[0].tag == f"{SVG}title" and root[0].text == "<script>t</script>"
    assert root[1].tag == f"{SVG}desc"


def test_the_description_tells_the_figures() -> None:
    assert "A: 2k; B: 1k" in charts.bars(
        [Mark(label="A", value=Decimal(2000)), Mark(label="B", value=Decimal(1000))], title="t"
    )


def test_bars_are_as_long_as_their_values() -> None:
    root = ElementTree.fromstring(
        charts.bars([Mark(label="A", value=Decimal(400)), Mark(label="B", value=Decimal(100))], title="t")
    )
    first, second = [float(rect.get("width", 0)) for rect in root.iter(f"{SVG}rect")]

    assert first == pytest.approx(4 * second, abs=0.2)


def test_columns_below_zero_hang_from_the_zero_line() -> None:
    root = ElementTree.fromstring(
        charts.columns([Mark(label="A", value=Decimal(50)), Mark(label="B", value=Decimal(-50))], title="t")
    )
    up, down = list(root.iter(f"{SVG}rect"))

    assert float(up.get("y", 0)) + float(up.get("height", 0)) == pytest.approx(float(down.get("y", 0)), abs=0.2)
    assert up.get("height") == down.get("height")


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 95, ["0", "25", "50", "75", "100"]),
        (0, 0, ["0", "0.25"]),
        (-30, 100, ["-50", "0", "50", "100"]),
        (0, 4, ["0", "1", "2", "3", "4"]),
    ],
)
def test_the_scale_has_round_numbers(low: int, high: int, ticks: list[str]) -> None:
    assert [str(tick.normalize() + 0) for tick in charts._ticks(Decimal(low), Decimal(high))] == ticks
