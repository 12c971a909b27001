from dataclasses import replace

import pytest

from apps.language.contract import Candidate, TemplateCard
from apps.language.matching import decide, keeping, rank
from apps.language.matching.words import vocabulary
from tests.unit.language.evaluation import CARDS, CLIENTS, INVOICES, expected, figures, message

BARE = TemplateCard(
    key="bare",
    name="Stock count",
    patterns=[r"\bcount the stock\b"],
    keywords=["stock", "warehouse"],
    contexts=["logistics"],
)


def parts(text: str, **changes: object) -> dict[str, float]:
    return dict(rank(message(text, **changes), text, [BARE])[0].parts)


def test_baseline_is_the_sum_of_its_three_parts() -> None:
    found = parts("count the stock in the warehouse, logistics")
    assert (found["pattern"], found["keywords"], found["context"]) == (0.4, 0.3, 0.3)
    assert found["baseline"] == 1.0


def test_keywords_count_by_share() -> None:
    assert parts("the stock")["keywords"] == 0.15
    assert parts("the stocks of our warehouses")["keywords"] == 0.3


def test_context_may_come_from_where_it_was_written() -> None:
    assert parts("the stock")["context"] == 0
    assert parts("the stock", contexts=["Logistics"])["context"] == 0.3


def test_baseline_above_its_threshold_starts_alone() -> None:
    (candidate,) = rank(message("x"), "warehouse stock logistics wanted beside countless other matters", [BARE])
    assert candidate.confidence >= candidate.parts["baseline"] == 0.6


def test_bad_pattern_of_one_template_does_not_stop_the_others() -> None:
    broken = replace(BARE, key="broken", patterns=["(?=x)"])
    ranked = rank(message("count the stock"), "count the stock", [broken, INVOICES])
    assert {candidate.key for candidate in ranked} == {"broken", INVOICES.key}


def test_pattern_of_one_template_is_nearly_sure_and_of_two_is_not() -> None:
    text = "please count the stock for me in the evening before the auditors from abroad arrive"
    twin = replace(BARE, key="twin", name="Other stock count")
    assert decide(rank(message(text), text, [BARE])).kind == "start"
    assert decide(rank(message(text), text, [BARE, twin])).kind != "start"


@pytest.mark.parametrize(
    "text",
    [
        "do not count the stock",
        "don't count the stock",
        "how do I count the stock?",
        "why did nobody count the stock",
        "delete what you did to count the stock",
    ],
)
def test_question_or_ban_never_starts(text: str) -> None:
    assert decide(rank(message(text), text, [BARE])).kind != "start"


@pytest.mark.parametrize(
    "text",
    ["genrate the invoce reprot", "INVOICE   REPORT", "invoice-report!", "Ｉｎｖｏｉｃｅ report", "invoices reports"],
)
def test_slips_case_and_form_do_not_matter(text: str) -> None:
    assert decide(rank(message(text), text, CARDS)).candidates[0].key == INVOICES.key
    assert decide(rank(message(text), text, CARDS)).kind == "start"


def test_nothing_to_choose_from_is_none() -> None:
    assert decide(rank(message("generate invoice report"), "x", [])).kind == "none"


@pytest.mark.parametrize(
    ("scores", "kind"),
    [((0.9, 0.1), "start"), ((0.9, 0.8), "ask"), ((0.7, 0.1), "ask"), ((0.4, 0.0), "ask"), ((0.1, 0.0), "none")],
)
def test_decision_needs_confidence_and_a_lead(scores: tuple[float, ...], kind: str) -> None:
    ranked = [Candidate(key=str(score), name="", confidence=score, parts={}) for score in scores]
    assert decide(ranked).kind == kind


def test_fit_is_kept_for_the_same_cards_and_new_for_changed_ones() -> None:
    one = keeping.fit_for([INVOICES, CLIENTS], "both")
    assert keeping.fit_for([replace(INVOICES, patterns=["x"]), CLIENTS], "both") is one
    assert keeping.fit_for([replace(INVOICES, examples=["another"]), CLIENTS], "both") is not one


def test_words_are_brought_to_one_form() -> None:
    words = vocabulary("en")
    assert words.words("Please ANALYSE the customers' bills") == words.words("analysis of client invoices")


@pytest.mark.parametrize("text", ["", "   ", "🙂", "\x00", "invoice " * 400, "x" * 4000])
def test_odd_texts_start_nothing_by_accident(text: str) -> None:
    assert decide(rank(message(text), text, CARDS)).kind != "start" or "invoice" in text


def test_figures_stay_where_they_were() -> None:
    """Own phrases, on which the constants were chosen: a floor against getting worse, not a measure of quality."""
    measured = figures(expected())
    assert measured["started right"] >= 0.9
    assert measured["started right"] + measured["asked, right one shown"] >= 0.97
    assert measured["started wrong"] == 0
    assert measured["left alone"] >= 0.98
