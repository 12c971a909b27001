"""What was translated once is found again, as long as it still holds."""

import pytest

from apps.core.errors import InvalidInput
from apps.knowledge.models import MemoryEntry, Term
from apps.knowledge.translation import memory
from apps.knowledge.translation.memory import Origin, Purpose
from tests.unit.knowledge.translation.making import term

pytestmark = pytest.mark.django_db
GERMAN = Purpose(source="en", language="de")
FORMAL = Purpose(source="en", language="de", style="formal")


def keep(text: str, translation: str, purpose: Purpose = GERMAN, origin: str = Origin.MODEL) -> int:
    return memory.remember([(text, translation)], purpose, origin=origin)


def recall(text: str, purpose: Purpose = GERMAN) -> str | None:
    return memory.remembered([text], purpose)[0]


def test_a_text_is_found_again_and_counted() -> None:
    assert keep("Save", "Speichern") == 1
    assert memory.remembered(["Open", "Save", "Save"], GERMAN) == [None, "Speichern", "Speichern"]
    assert MemoryEntry.objects.get().uses == 1
    assert recall("Save", Purpose(source="en", language="fr")) is None


def test_the_ends_are_the_texts_own_and_spaces_inside_count() -> None:
    keep("One\nTwo ", " Eins\nZwei")
    assert recall("\n One\r\nTwo\t") == "\n Eins\r\nZwei\t"
    assert recall("One Two") is None
    assert recall("one\nTwo") is None


def test_remembering_again_changes_nothing_and_a_new_translation_replaces_the_old() -> None:
    assert [keep("Save", "Speichern"), keep("Save", "Speichern"), keep("Save", "Sichern")] == [1, 0, 1]
    assert MemoryEntry.objects.get().translation == "Sichern"


def test_a_text_twice_among_the_pairs_is_kept_once_as_said_last() -> None:
    assert memory.remember([("Save", "Speichern"), ("Save ", "Sichern")], GERMAN, origin=Origin.MODEL) == 1
    assert recall("Save") == "Sichern"


def test_a_model_never_overwrites_a_person() -> None:
    keep("Save", "Sichern", origin=Origin.PERSON)
    keep("Save", "Speichern")
    assert recall("Save") == "Sichern"


def test_an_entry_is_not_used_once_its_terms_changed_and_is_when_they_are_back() -> None:
    row = term("invoice", "Rechnung")
    keep("The invoice", "Die Rechnung")
    keep("Save", "Speichern")
    Term.objects.filter(pk=row.pk).update(translation="Faktura")
    assert memory.remembered(["The invoice", "Save"], GERMAN) == [None, "Speichern"]
    Term.objects.filter(pk=row.pk).update(translation="Rechnung")
    assert recall("The invoice") == "Die Rechnung"


def test_a_model_may_speak_where_a_persons_entry_is_out_of_date() -> None:
    row = term("invoice", "Rechnung")
    keep("The invoice", "Die Rechnung", origin=Origin.PERSON)
    Term.objects.filter(pk=row.pk).update(translation="Faktura")
    keep("The invoice", "Die Faktura")
    assert recall("The invoice") == "Die Faktura"


def test_a_models_entry_is_for_its_style_and_a_persons_without_one_is_for_all() -> None:
    keep("Save your file", "Speichere deine Datei")
    assert recall("Save your file", FORMAL) is None
    keep("Save your file", "Speichern Sie Ihre Datei", FORMAL)
    assert recall("Save your file", FORMAL) == "Speichern Sie Ihre Datei"
    keep("Save your file", "Datei speichern", origin=Origin.PERSON)
    assert recall("Save your file", FORMAL) == recall("Save your file") == "Datei speichern"


@pytest.mark.parametrize("pair", [("", "x"), ("x", " \n"), ("  ", "x")])
def test_an_empty_pair_is_refused_and_nothing_is_kept(pair: tuple[str, str]) -> None:
    with pytest.raises(InvalidInput, match="empty"):
        memory.remember([("Save", "Speichern"), pair], GERMAN, origin=Origin.MODEL)
    assert not MemoryEntry.objects.exists()


def test_a_thousand_pairs_are_kept_and_found() -> None:
    pairs = [(f"Message {n}", f"Nachricht {n}\x00") for n in range(1000)]
    assert memory.remember(pairs, GERMAN, origin=Origin.MODEL) == 1000
    found = memory.remembered([text for text, _ in pairs], GERMAN)
    assert found[999] == "Nachricht 999␀"
    assert None not in found
