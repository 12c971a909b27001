"""The tools of translations in the sandbox: what they answer reaches the script, and the record answers for them."""

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User

from apps.knowledge.models import MemoryEntry
from tests.unit.executors import memory
from tests.unit.executors.memory import MemoryStore, finished
from tests.unit.knowledge.translation.making import term

SCRIPT = """\
import translation

def run(params):
    texts = params["texts"]
    known = translation.remembered(texts, "en", "de")
    fresh = [text for text, translated in zip(texts, known) if translated is None]
    hits = translation.terms(fresh, "en", ["de"])
    made = [{"text": text, "translation": "[" + text + "]"} for text in fresh]
    wrong = [fault["text"] for fault in translation.faults(made, "en", "de") if fault["is_serious"]]
    good = [pair for place, pair in enumerate(made) if place not in wrong]
    kept = translation.remember(good, "en", "de")
    return {"known": known, "terms": [hit["translation"] for hit in hits], "kept": kept}
"""


@pytest.fixture
def asked_by_alice(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools that keep who did it need a user of the database."""
    facts = memory.facts

    def of_alice(*args: Any, **kwargs: Any) -> Any:
        return replace(facts(*args, **kwargs), requester=alice)

    monkeypatch.setattr(memory, "facts", of_alice)


@pytest.mark.usefixtures("asked_by_alice")
def test_a_script_translates_what_is_not_remembered_and_pays_once() -> None:
    term("invoice", "Rechnung")
    parameters = {"texts": ["The invoice {n}", "Save"]}
    first = MemoryStore()
    assert finished(SCRIPT, first, parameters=parameters) == {"known": [None, None], "terms": ["Rechnung"], "kept": 2}
    second = finished(SCRIPT, MemoryStore(), parameters=parameters)
    assert second == {"known": ["[The invoice {n}]", "[Save]"], "terms": [], "kept": 0}

    MemoryEntry.objects.all().delete()
    assert finished(SCRIPT, first, parameters=parameters, use_checkpoints=False)["kept"] == 2
    assert not MemoryEntry.objects.exists()
