"""The tools for translations: what they take, what they refuse, and that their answers survive the journal."""

from types import SimpleNamespace
from typing import Any

import pytest

from apps.core import codec
from apps.core.errors import ToolError
from apps.knowledge.models import MemoryEntry
from apps.tools import registry, translation
from tests.unit.knowledge.translation.making import term


class Somebody:
    def __init__(self, *permissions: str) -> None:
        self.permissions = permissions

    def has_perm(self, name: str) -> bool:
        return name in self.permissions


NOBODY: Any = SimpleNamespace(requester=None)


def test_each_tool_asks_for_what_it_shows_or_keeps() -> None:
    declared = {name: (tool.call_class, tool.permission) for name, tool in registry.module("translation").tools.items()}
    assert (
        declared.items()
        >= {
            "terms": ("read", "knowledge.view_term"),
            "remembered": ("read", "knowledge.view_memoryentry"),
            "remember": ("effect", "knowledge.add_memoryentry"),
            "placeholders": ("pure", None),
            "faults": ("read", "knowledge.view_term"),
        }.items()
    )


@pytest.mark.django_db
def test_terms_answers_hits_by_text_and_language() -> None:
    term("invoice", "Rechnung", note="Not Faktura")
    term("Chantilly")
    hits = translation.terms(NOBODY, ["Nothing", "The Invoice in Chantilly"], "EN", ["de", "de", "fr"])
    assert [(hit["text"], hit["language"], hit["found"], hit["translation"], hit["is_kept"]) for hit in hits] == [
        (1, "de", "Invoice", "Rechnung", False),
        (1, "de", "Chantilly", "Chantilly", True),
        (1, "fr", "Chantilly", "Chantilly", True),
    ]
    assert hits[0]["note"] == "Not Faktura"
    assert codec.decode(codec.encode(hits)) == hits


@pytest.mark.django_db
def test_what_is_remembered_is_found_under_the_same_topic_and_style(alice: Any) -> None:
    call: Any = SimpleNamespace(requester=alice)
    pairs = [translation.Pair(text="Save", translation="Speichern")]
    assert translation.remember(call, pairs, "en", "DE", topic=" UI ", style="formal") == 1
    assert translation.remembered(call, ["Save", "Open"], "en", "de", topic="UI", style="formal") == ["Speichern", None]
    assert translation.remembered(call, ["Save"], "en", "de") == [None]
    assert MemoryEntry.objects.get().made_by == alice


@pytest.mark.django_db
def test_only_who_may_change_the_memory_speaks_as_a_person() -> None:
    call: Any = SimpleNamespace(requester=Somebody("knowledge.add_memoryentry"))
    with pytest.raises(ToolError, match=r"knowledge\.change_memoryentry") as caught:
        translation.remember(call, [{"text": "a", "translation": "b"}], "en", "de", origin="person")
    assert caught.value.kind == "PermissionError"
    assert not MemoryEntry.objects.exists()


@pytest.mark.django_db
def test_faults_name_the_pair() -> None:
    pairs = [translation.Pair(text="a b c", translation="x y z"), translation.Pair(text="{a}", translation="a")]
    (fault,) = translation.faults(NOBODY, pairs, "en", "de")
    assert (fault["text"], fault["kind"], fault["is_serious"]) == (1, "placeholder", True)
    assert codec.decode(codec.encode([fault])) == [fault]


def test_placeholders_are_those_of_the_text_without_the_syntax_of_messages() -> None:
    text = "{n, plural, one {# <b>file</b>} other {# files}}\nfor %s"
    assert translation.placeholders(NOBODY, text) == ["{n, plural,", "#", "<b>", "</b>", "#", "\n", "%s"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((["x"], "english", ["de"]), "no language tag"),
        ((["x"], "en", ["german"]), "no language tag"),
        ((["x"] * 1001, "en", ["de"]), "at most 1,000 texts"),
        ((["x" * 20_001], "en", ["de"]), "text 0 has 20,001 characters"),
        ((["x"], "en", ["de"] * 51), "at most 50 languages"),
    ],
)
def test_senseless_arguments_are_refused(arguments: Any, says: str) -> None:
    with pytest.raises(ToolError, match=says) as caught:
        translation.terms(NOBODY, *arguments)
    assert caught.value.kind == "ValueError"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("pair", "kind"),
    [({"text": "a", "translation": ""}, "ValueError"), ({"text": "a", "translation": 1}, "TypeError")],
)
def test_what_cannot_be_kept_is_refused(pair: Any, kind: str) -> None:
    with pytest.raises(ToolError) as caught:
        translation.remember(NOBODY, [pair], "en", "de")
    assert caught.value.kind == kind


@pytest.mark.django_db
def test_too_many_hits_are_refused_before_they_fill_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    term("a", "b")
    monkeypatch.setattr(translation, "MOST_HITS", 2)
    with pytest.raises(ToolError, match="3 hits are too many"):
        translation.terms(NOBODY, ["a a a"], "en", ["de"])
