"""Charts as SVG for paper and for the admin's `<img>`: presentation attributes only, no style, script or address.

Every chart carries a title and a description for readers who do not see it. All texts are escaped.
Colours keep apart in grey print; figures stand beside the marks, so colour never tells alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from math import floor, log10

from apps.core import money

WIDTH = 640
FONT = "Liberation Sans, Helvetica, Arial, DejaVu Sans, sans-serif"
INK, SOFT, GRID, ACCENT, SECOND = "#1c2a36", "#59636b", "#dfe5ea", "#1f5f9e", "#c27c0e"
AGEING_COLOURS = ("#b9cbd9", "#f2cf86", "#e5a03c", "#cf6227", "#9b2413")
ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One bar, column or segment. `note` is written beside it (default: the value in short)."""

    label: str
    value: Decimal
    note: str = ""

    @property
    def caption(self) -> str:
        return self.note or money.short(self.value)


def bars(marks: Sequence[Mark], *, title: str, description: str = "", width: int = WIDTH) -> str:
    """Horizontal bars, one a line, with the label on the left and the figure behind the bar."""
    row, label_width, note_width = 22, width * 0.34, width * 0.24
    room = width - label_width - note_width
    most = max((mark.value for mark in marks), default=ZERO)
    parts = [_line(label_width, 0, label_width, row * max(len(marks), 1), GRID)]
    for index, mark in enumerate(marks):
        middle = index * row + row / 2
        length = float(max(mark.value, ZERO) / most) * room if most > 0 else 0.0
        parts += [
            _text(label_width - 8, middle + 4, _fit(mark.label, label_width - 12), anchor="end"),
            _rect(label_width, middle - 7, max(length, 0.8), 14, ACCENT),
            _text(label_width + length + 6, middle + 4, mark.caption, colour=SOFT),
        ]
    if not marks:
        parts.append(_text(label_width + 8, row / 2 + 4, "nothing to show", colour=SOFT))
    return _svg(parts, width, row * max(len(marks), 1), title, description or _described(marks))


def columns(
    marks: Sequence[Mark],
    *,
    title: str,
    description: str = "",
    line: Sequence[Decimal] = (),
    height: int = 170,
    width: int = WIDTH,
) -> str:
    """Upright columns over time with a scale; `line` draws a second series of the same length over them."""
    left, top, bottom = 46, 8, 34
    plot_width, plot_height = width - left - 8, height - top - bottom
    values = [mark.value for mark in marks] + list(line)
    ticks = _ticks(min(values, default=ZERO), max(values, default=ZERO))
    low, high = ticks[0], ticks[-1]

    def y(value: Decimal) -> float:
        return top + plot_height * float((high - value) / (high - low))

    parts: list[str] = []
    for tick in ticks:
        parts.append(_line(left, y(tick), width - 8, y(tick), SOFT if tick == 0 else GRID))
        parts.append(_text(left - 6, y(tick) + 3.5, money.short(tick), anchor="end", colour=SOFT, size=10))
    step, last_year = plot_width / max(len(marks), 1), ""
    every = max(1, -(-len(marks) * 30 // plot_width))
    for index, mark in enumerate(marks):
        start = left + index * step
        above, below = y(max(mark.value, ZERO)), y(min(mark.value, ZERO))
        thick = min(step * 0.68, 56)
        if mark.value:
            parts.append(_rect(start + (step - thick) / 2, above, thick, max(below - above, 0.6), ACCENT))
        if index % every == 0:
            first, _, year = mark.label.partition(" ")
            shown_year, last_year = (year if year != last_year else ""), year
            parts += _month_label(start + step / 2, top + plot_height + 14, first, shown_year)
    if line:
        points = " ".join(f"{left + (i + 0.5) * step:.1f},{y(value):.1f}" for i, value in enumerate(line))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{SECOND}" stroke-width="2" stroke-linejoin="round"/>'
        )
    return _svg(parts, width, height, title, description or _described(marks))


def stacked(
    marks: Sequence[Mark],
    *,
    title: str,
    description: str = "",
    colours: Sequence[str] = AGEING_COLOURS,
    width: int = WIDTH,
) -> str:
    """One bar out of segments, with a legend below that names each segment and its figure (ageing of receivables)."""
    total = sum((max(mark.value, ZERO) for mark in marks), ZERO)
    parts, at = [_rect(0, 0, width, 22, GRID)], 0.0
    column = width / max(len(marks), 1)
    for index, mark in enumerate(marks):
        colour = colours[index % len(colours)]
        share = float(max(mark.value, ZERO) / total) if total > 0 else 0.0
        parts.append(_rect(at, 0, share * width, 22, colour) if share else "")
        at += share * width
        parts += [
            _rect(index * column, 34, 9, 9, colour),
            _text(index * column + 14, 42.5, mark.label, size=10.5),
            _text(index * column + 14, 56.5, f"{mark.caption} · {share:.0%}", size=10.5, colour=SOFT),
        ]
    return _svg(parts, width, 62, title, description or _described(marks))


def _svg(parts: Sequence[str], width: float, height: float, title: str, description: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" font-family="{FONT}">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
        f"{''.join(parts)}</svg>"
    )


def _text(x: float, y: float, text: str, *, anchor: str = "start", colour: str = INK, size: float = 11) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} font-size="{size:g}" fill="{colour}">{escape(text)}</text>'


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="0.8"/>'


def _month_label(x: float, y: float, month: str, year: str) -> list[str]:
    lines = [_text(x, y, month, anchor="middle", colour=SOFT, size=10)]
    return [*lines, _text(x, y + 12, year, anchor="middle", colour=SOFT, size=9)] if year else lines


def _fit(text: str, width: float, size: float = 11) -> str:
    room = int(width / (size * 0.53))
    return text if len(text) <= room else text[: room - 1].rstrip() + "…"


def _ticks(low: Decimal, high: Decimal) -> list[Decimal]:
    """Four to seven round numbers from at most `low` (or 0) to at least `high` (or 0)."""
    low, high = min(low, ZERO), max(high, ZERO)
    span = float(high - low) or 1.0
    rough = span / 4
    power = Decimal(10) ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, Decimal("2.5"), 5, 10) if float(power * factor) >= rough)
    first = (low / step).to_integral_value("ROUND_FLOOR")
    last = max((high / step).to_integral_value("ROUND_CEILING"), first + 1)
    return [step * n for n in range(int(first), int(last) + 1)]


def _described(marks: Sequence[Mark]) -> str:
    return "; ".join(f"{mark.label}: {mark.caption}" for mark in marks[:40])
