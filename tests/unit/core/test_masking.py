"""Secrets and what looks like one are not told."""

import pytest

from apps.core import masking


@pytest.fixture
def canary(settings):
    settings.GEMINI_API_KEY = "canary-4711-key"
    masking._secrets.cache_clear()
    yield settings.GEMINI_API_KEY
    masking._secrets.cache_clear()


def test_the_secrets_of_the_installation_are_masked_wherever_they_stand(canary, settings):
    told = masking.mask(f"a{canary}b {settings.SECRET_KEY} {settings.CHECKPOINT_KEYS[0]}")
    assert told == f"a{masking.MASK}b {masking.MASK} {masking.MASK}"


@pytest.mark.parametrize(
    "text",
    [
        "AIzaSyA1234567890abcdefghijklmnop",
        "Authorization: Bearer abcdefghijklmnop.qrstuv",
        "api_key=abcdef123",
        "API-KEY: abcdef123",
        "token = 0123456789",
        "password:hunter22",
    ],
)
def test_what_looks_like_a_key_is_masked(text):
    assert masking.MASK in masking.mask(text)


@pytest.mark.parametrize(
    "text", ["tokens used: 120", "the password is wrong", "invoice 2026-0001", "a token of thanks"]
)
def test_ordinary_words_stay(text):
    assert masking.mask(text) == text


def test_a_long_text_is_shortened_after_masking(canary):
    told = masking.mask("x" * 1995 + canary)
    assert len(told) <= masking.MAX_MESSAGE
    assert "canary" not in told


def test_nul_is_shown():
    assert masking.mask("a\0b") == "a␀b"


def test_half_a_character_is_shown_and_whole_ones_stay():
    assert masking.mask("a\ud83d b \U0001f600") == "a\ufffd b \U0001f600"


def test_short_settings_do_not_mask_everything(settings):
    settings.GEMINI_API_KEY = "a"
    masking._secrets.cache_clear()
    assert masking.mask("banana") == "banana"
    masking._secrets.cache_clear()
