"""What has to survive is found, and what people read is left over."""

import itertools

import pytest

from apps.knowledge.translation import marks


def found(text: str) -> list[str]:
    return [mark.text for mark in marks.find(text).marks if not mark.is_syntax]


@pytest.mark.parametrize(
    ("text", "survives"),
    [
        ("Hello {name}, {0} {} {0:N2} {user.name} {x!r}", ["{name}", "{0}", "{}", "{0:N2}", "{user.name}", "{x!r}"]),
        ("{{ user.name }} and {% if x %}", ["{{ user.name }}", "{% if x %}"]),
        ("${a} #{b} %{c} <%= d %>", ["${a}", "#{b}", "%{c}", "<%= d %>"]),
        (
            "%s %(name)s %1$d %.2f %ld %@ %d%% %count%",
            ["%s", "%(name)s", "%1$d", "%.2f", "%ld", "%@", "%d", "%%", "%count%"],
        ),
        ("%Y-%m-%d", ["%Y", "%m", "%d"]),
        ("20% discount, 100%sure, 50% of it", []),
        ("Dear :name, see (:ref)", [":name", ":ref"]),
        ("at 10:30, note: this, :) :D :p", []),
        ("Well done :tada:", [":tada:"]),
        ("<a href=\"x\" title='y'>Hi</a><br/><0>x</0>", ["<a href=\"x\" title='y'>", "</a>", "<br/>", "<0>", "</0>"]),
        ("a < b > c, 1 <2, x <b and c>", []),
        ("<!-- keep -->A &amp; B&#160;C &nbsp;", ["<!-- keep -->", "&amp;", "&#160;", "&nbsp;"]),
        ("AT&T; R & D", []),
        (
            "See https://a.example/x?d={id}. Or (www.b.example), a.b+c@d.example!",
            ["https://a.example/x?d={id}", "www.b.example", "a.b+c@d.example"],
        ),
        (
            "**bold** and *it* and __b__ _i_ ~~s~~ `x = 1`",
            ["**", "**", "*", "*", "__", "__", "_", "_", "~~", "~~", "`x = 1`"],
        ),
        ("5 * 3 * 2 in snake_case_names", []),
        ("[the page](https://x.example/y) ![pic](a.png)", ["(https://x.example/y)", "!", "(a.png)"]),
        ("# Head\n- one\r\n1. two", ["#", "\n", "-", "\r\n", "1."]),
        ("Done ✅ 🇩🇪 👩‍👩‍👧 👍🏽", ["✅", "🇩🇪", "👩‍👩‍👧", "👍🏽"]),
        (r"first\nsecond \"x\" \u00e4", [r"\n", r"\"", r"\"", r"\u00e4"]),
        ("Due {d, date, short}: {n, number}", ["{d, date, short}", "{n, number}"]),
        ("{not a placeholder}, $name, [name], &File, {a, b}", []),
    ],
)
def test_what_survives_is_found(text: str, survives: list[str]) -> None:
    assert found(text) == survives


def test_an_icu_message_keeps_its_head_and_what_stands_in_its_branches() -> None:
    text = "{count, plural, one {# file in {dir}} other {# files in <b>{dir}</b>}} now"
    assert found(text) == ["{count, plural,", "#", "{dir}", "#", "<b>", "{dir}", "</b>"]
    assert marks.find(text).plain.split() == ["file", "in", "files", "in", "now"]


def test_the_branches_of_a_select_are_the_programs_words() -> None:
    text = "{who, select, her {She} other {{n, plural, one {one} other {#}} more}}"
    assert [mark.key for mark in marks.find(text).marks if mark.key] == ["her", "other"]
    assert marks.find(text).plain.split() == ["She", "one", "more"]


@pytest.mark.parametrize(
    "text", ["{count, plural, broken", "{count, plural, one {a}}", "{count, plural, one {a} other}"]
)
def test_what_only_begins_like_an_icu_message_is_none(text: str) -> None:
    assert marks.Kind.MESSAGE not in {mark.kind for mark in marks.find(text).marks}


def test_marks_never_overlap_and_nothing_of_the_text_is_lost() -> None:
    text = '**{a}** <b title="{x}">{n, plural, one {`#`} other {# *x* https://e.example/{y}}}</b> 🇩🇪\n- %s%%'
    marked = marks.find(text)
    spans = sorted([(mark.start, mark.end) for mark in marked.marks] + marked.words)
    assert "".join(text[start:end] for start, end in spans) == text
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))


def test_messages_in_messages_are_entered_five_deep_and_no_deeper() -> None:
    text = "{a, plural, other {" * 8 + "x" + "}}" * 8
    assert found(text).count("{a, plural,") == marks.DEEPEST
