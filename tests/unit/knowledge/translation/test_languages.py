import pytest

from apps.core.errors import InvalidInput
from apps.knowledge.translation import languages, scripts


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("DE", "de"),
        ("pt_br", "pt-BR"),
        (" zh-hant-tw ", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("de-CH-1996", "de-CH-1996"),
    ],
)
def test_a_tag_is_kept_in_one_form(text: str, kept: str) -> None:
    assert languages.tag(text) == kept


@pytest.mark.parametrize("text", ["", "german", "d", "de-", "de DE", "de;DROP", "x" * 60, "12"])
def test_what_is_no_tag_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInput, match="such as de or pt-BR"):
        languages.tag(text)


def test_a_tag_falls_back_to_the_general_language() -> None:
    assert languages.general("zh-Hant-TW") == ["zh-Hant-TW", "zh-Hant", "zh"]
    assert languages.base("pt-BR") == "pt"


@pytest.mark.parametrize(("language", "letters"), [("ru", {"CYRILLIC"}), ("sr-Latn", {"LATIN"}), ("pt-BR", {"LATIN"})])
def test_the_letters_of_a_language_are_known(language: str, letters: set[str]) -> None:
    assert scripts.letters(language) == letters


def test_a_language_that_is_written_in_two_scripts_has_no_letters_of_its_own() -> None:
    assert scripts.letters("sr") is None
