import pytest
from django.db import connection

from apps.knowledge.models import Document
from apps.knowledge.search import search

pytestmark = pytest.mark.django_db


@pytest.fixture
def library() -> dict[str, Document]:
    texts = {
        "dunning": ("Dunning policy", "First reminder after 7 days, then a late fee. Invoices are chased.", ["policy"]),
        "terms": ("Payment terms", "Customers pay within 30 days. Reminders follow the dunning policy.", ["payments"]),
        "season": ("Seasonality", "December is strong, August is weak; revenue follows café openings.", ["revenue"]),
    }
    return {
        key: Document.objects.create(key=key, title=title, body=body, tags=tags)
        for key, (title, body, tags) in texts.items()
    }


def titles(query: str, limit: int = 8) -> list[str]:
    return [hit.title for hit in search(query, limit)]


def test_search_ranks_a_match_in_the_title_first(library: dict[str, Document]) -> None:
    assert titles("dunning") == ["Dunning policy", "Payment terms"]


def test_search_weighs_a_rare_word_more_than_common_ones(library: dict[str, Document]) -> None:
    for index in range(5):
        Document.objects.create(key=f"o{index}", title="Invoice", body="An invoice is an invoice.", tags=["invoice"])
    assert titles("invoice seasonality")[0] == "Seasonality"


def test_search_finds_any_of_the_words_in_any_inflection(library: dict[str, Document]) -> None:
    assert set(titles("invoice paying openings")) == {"Dunning policy", "Payment terms", "Seasonality"}


def test_search_finds_a_document_by_its_tag(library: dict[str, Document]) -> None:
    assert titles("payments")[0] == "Payment terms"


def test_search_answers_an_excerpt_around_the_match(library: dict[str, Document]) -> None:
    library["season"].body = "filler " * 500 + "the needle is here " + "filler " * 500
    library["season"].save()
    (hit,) = search("needle")
    assert "needle is here" in hit.excerpt
    assert len(hit.excerpt) < 600
    assert hit.score > 0


def test_search_follows_every_kind_of_write(library: dict[str, Document]) -> None:
    Document.objects.filter(key="season").update(body="Now about otters.")
    Document.objects.bulk_create([Document(key="new", title="Narwhals", body="Cousins of otters.")])
    assert set(titles("otter")) == {"Seasonality", "Narwhals"}
    assert titles("December") == []
    Document.objects.filter(key="new").delete()
    assert titles("otter") == ["Seasonality"]


def test_search_keeps_to_its_limit(library: dict[str, Document]) -> None:
    assert len(search("policy days revenue", 2)) == 2
    assert len(search("policy days revenue", -5)) == 1


@pytest.mark.parametrize(
    "query",
    [
        "",
        "   ",
        '"',
        "'; DROP TABLE knowledge_document; --",
        'dunning AND "',
        "NEAR(dunning policy, 2)",
        "title:dunning OR body:*",
        "dunning*",
        "_",
        "__ _x_",
        "-dunning ^ + (",
        "a & | ! <-> b",
        "dunning\x00policy",
        "%s %d %",
        "\ud800 dunning",
        "🦊 €",
        "the and of",
        "x" * 10_000,
        "dunning " * 10_000,
    ],
)
def test_search_accepts_any_text(library: dict[str, Document], query: str) -> None:
    assert isinstance(search(query), list)


def test_the_index_is_maintained_by_the_database() -> None:
    """A migration that remakes the table on SQLite would silently drop the triggers."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'knowledge_document'"
            )
            assert cursor.fetchone() == (3,)
            cursor.execute("INSERT INTO knowledge_document_fts(knowledge_document_fts) VALUES ('integrity-check')")
        else:
            cursor.execute("SELECT count(*) FROM pg_indexes WHERE indexname = 'knowledge_document_search'")
            assert cursor.fetchone() == (1,)
