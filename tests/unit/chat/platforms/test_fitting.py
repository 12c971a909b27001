"""What is too long for a platform is cut, and says so."""

from hypothesis import given
from hypothesis import strategies as st

from apps.chat.content import Button, Content, Link, Row
from apps.chat.platforms.fitting import MISSING, fit, units

TEXTS = st.text(max_size=400)
CONTENTS = st.builds(
    Content,
    title=TEXTS,
    text=TEXTS,
    rows=st.lists(st.builds(Row, label=TEXTS, value=TEXTS, note=TEXTS), max_size=4),
    notes=st.lists(TEXTS, max_size=4),
    links=st.lists(st.builds(Link, label=TEXTS, url=TEXTS), max_size=3),
)


def test_what_fits_stays_as_it_is():
    content = Content(
        text="a", title="b", rows=(Row(label="c", value="d"),), notes=("e",), links=(Link(label="f", url="g"),)
    )
    assert fit(content, 1000) == content


def test_a_long_text_is_cut_between_characters_and_what_comes_after_it_is_left_out():
    content = Content(text="😀" * 600, rows=(Row(label="c", value="d"),), buttons=(Button(label="Yes", value="y"),))
    fitted = fit(content, 500)
    assert fitted.text.startswith("😀" * 200)
    assert fitted.text.endswith("😀 […]")
    assert (fitted.rows, fitted.notes, fitted.buttons) == ((), (MISSING,), content.buttons)


def test_rows_that_do_not_fit_are_left_out_whole():
    rows = tuple(Row(label=f"row {number}", value="x" * 50) for number in range(20))
    fitted = fit(Content(title="Rows", rows=rows), 500)
    assert fitted.rows == rows[: len(fitted.rows)]
    assert 4 <= len(fitted.rows) < 20
    assert fitted.notes == (MISSING,)


@given(content=CONTENTS, limit=st.integers(300, 3000))
def test_it_is_never_longer_than_the_limit_and_says_when_something_is_missing(content, limit):
    fitted = fit(content, limit)
    assert units(fitted.plain()) <= limit
    whole = (fitted.rows, fitted.links) == (fit(content, 100_000).rows, fit(content, 100_000).links)
    assert (MISSING in fitted.notes) or (whole and fitted.text == fit(content, 100_000).text)
