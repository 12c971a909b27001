"""The script is coloured, escaped, and carries the journal on its lines."""

from apps.catalog.models import TemplateRevision
from apps.console import script
from apps.console.script import Tally


def drawn(source: str, pk: int) -> list[str]:
    return [str(line.source) for line in script.lines(TemplateRevision(pk=pk), source)]


def test_markup_in_a_script_is_text():
    assert drawn("x = '<script>alert(1)</script>'\n", 9001) == [
        'x = <span class="ts">&#x27;&lt;script&gt;alert(1)&lt;/script&gt;&#x27;</span>'
    ]


def test_words_calls_numbers_and_comments_are_told_apart():
    (line,) = drawn("for x in f(1):  # note\n", 9002)

    assert line == (
        '<span class="tk">for</span> x <span class="tk">in</span> <span class="tf">f</span>'
        '(<span class="tn">1</span>):  <span class="tc"># note</span>'
    )


def test_a_text_over_several_lines_is_coloured_on_each_of_them():
    assert drawn('"""one\ntwo"""\nx\n', 9003) == [
        '<span class="ts">&quot;&quot;&quot;one</span>',
        '<span class="ts">two&quot;&quot;&quot;</span>',
        "x",
    ]


def test_what_is_no_python_is_shown_plainly_and_whole():
    assert drawn("def (:\n  '''never closed\n", 9004) == ["def (:", "  &#x27;&#x27;&#x27;never closed"]


def test_an_empty_script_has_one_empty_line():
    assert drawn("", 9005) == [""]


def test_a_line_says_how_many_calls_how_long_and_what_was_retried():
    assert Tally(calls=38, seconds=31.2, retries=1, failed=0).note == "38 calls · 31 s · 1 retried"
    assert Tally(calls=1, seconds=0.001, retries=0, failed=0).note == "1 call"


def test_the_executing_line_outranks_where_it_resumed_and_the_failed_line_outranks_both():
    tally = {14: Tally(calls=2, seconds=0.0, retries=0, failed=0)}

    assert script.marks(tally, resumed=[14], now=None, failed=None)[14]["note"] == "2 calls · resumed here"
    assert script.marks(tally, resumed=[14], now=14, failed=None)[14]["look"] == "now"
    assert script.marks(tally, resumed=[14], now=None, failed=14)[14]["look"] == "bad"
