"""Icons, badges and bars as markup, in one place each."""

from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from apps.console import undo, words
from apps.core import durations

register = template.Library()


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    sprite = static("console/icons.svg")
    return format_html(
        '<svg class="i{}{}" aria-hidden="true"><use href="{}#{}"/></svg>', " " if extra else "", extra, sprite, name
    )


@register.simple_tag
def badge(state: str, word: str = "", size: str = "", sign: str = "") -> SafeString:
    """Icon, word and tint: never colour alone."""
    text = word or words.STATE_WORDS.get(state, state)
    return format_html(
        '<span class="badge{} st-{}">{}<span>{}</span></span>',
        f" {size}" if size else "",
        state,
        icon(sign or state),
        text,
    )


@register.simple_tag
def bar(state: str, percent: Any, label: str = "", size: str = "") -> SafeString:
    """The width is an attribute, so the page needs no inline style."""
    width = f"{float(percent or 0):.1f}%"
    return format_html(
        '<svg class="bar{} st-{}" role="img" aria-label="{}"><rect width="{}" height="100%"/></svg>',
        f" {size}" if size else "",
        state,
        label or f"{float(percent or 0):.0f} per cent",
        width,
    )


@register.simple_tag
def slots(shown: Any) -> SafeString:
    """A box for each slot, full ones first; the number stands beside it."""
    boxes = format_html_join("", '<rect class="{}" x="{}" y="0.5" width="9" height="9" rx="2"/>', (
        (look, number * 12) for number, look in enumerate(shown.boxes)
    ))  # fmt: skip
    said = f"{shown.busy} of {shown.total} slots busy"
    width = 12 * len(shown.boxes)
    return format_html(
        '<svg class="slot-row" width="{}" height="10" role="img" aria-label="{}">{}</svg>', width, said, boxes
    )


@register.filter
def parted(messages: Any) -> undo.Parted:
    return undo.parted(messages or ())


@register.filter
def clock(moment: Any, now: Any) -> str:
    return words.clock(moment, now) if moment else ""


@register.filter
def iso(moment: Any) -> str:
    return words.iso(moment) if moment else ""


@register.filter
def bytes_words(size: int) -> str:
    return words.size(size)


@register.filter
def unlocalized(number: Any) -> str:
    """For attributes that scripts read: no thousands separators; empty for nothing."""
    return "" if number is None or number == "" else str(number)


@register.filter
def duration(seconds: Any) -> str:
    return "–" if seconds is None or seconds == "" else durations.describe(float(seconds))


@register.filter
def whole_duration(seconds: Any) -> str:
    """In whole seconds, where more would only flicker."""
    return durations.describe(float(int(seconds)))


@register.filter
def origin(word: str) -> str:
    return words.origin(word)


@register.filter
def breakable(name: str) -> SafeString:
    """Lets a long_name_with_underscores break after one of them."""
    return format_html_join(mark_safe("_<wbr>"), "{}", ((part,) for part in name.split("_")))
