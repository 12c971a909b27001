import pytest

from apps.core import sealing


def test_what_is_sealed_can_be_read_again_and_does_not_show_it(settings):
    settings.CHECKPOINT_KEYS = ["one"]
    sealed = sealing.seal("xoxb-secret")
    assert "secret" not in sealed
    assert sealing.unseal(sealed) == "xoxb-secret"


def test_a_new_key_in_front_reads_what_the_old_one_sealed(settings):
    settings.CHECKPOINT_KEYS = ["one"]
    sealed = sealing.seal("token")
    settings.CHECKPOINT_KEYS = ["two", "one"]
    assert sealing.unseal(sealed) == "token"


@pytest.mark.parametrize(
    "change", [lambda sealed: sealed[:-4] + "AAA=", lambda sealed: "not sealed", lambda sealed: "é"]
)
def test_what_was_changed_or_never_sealed_is_refused_with_what_to_do(settings, change):
    settings.CHECKPOINT_KEYS = ["one"]
    with pytest.raises(sealing.CannotUnseal, match="enter it again"):
        sealing.unseal(change(sealing.seal("token")))


def test_a_key_that_is_gone_opens_nothing(settings):
    settings.CHECKPOINT_KEYS = ["one"]
    sealed = sealing.seal("token")
    settings.CHECKPOINT_KEYS = ["two"]
    with pytest.raises(sealing.CannotUnseal):
        sealing.unseal(sealed)
