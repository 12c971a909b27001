"""Which dialogs the same people read, however many threads a channel has."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db.models.signals import post_init

from apps.chat import buttons, places, world
from apps.chat.models import Account, Connection, Dialog, Talk
from apps.core import clock
from apps.language.conversation import State

pytestmark = pytest.mark.django_db
GROUP = "group"


@pytest.fixture
def loaded() -> Iterator[list[str]]:
    found: list[str] = []

    def note(instance: Any, **_: Any) -> None:
        found.append(instance.external_id)

    post_init.connect(note, sender=Dialog)
    yield found
    post_init.disconnect(note, sender=Dialog)


def dialog(finance: Connection, external_id: str, **fields: Any) -> Dialog:
    return Dialog.objects.create(connection=finance, external_id=external_id, **{"kind": GROUP, **fields})


def test_a_channel_has_its_threads_and_no_others_whose_ids_begin_alike(finance: Connection) -> None:
    thread, channel, other = (dialog(finance, each) for each in ("C1:1.1", "C1", "C1:2.2"))
    for each in ("C12", "C12:1.1", "c1:1.1", "C"):
        dialog(finance, each)
    dialog(finance, "C1/U1", kind="private")
    assert list(places.of_channel(thread)) == [other, channel, thread]
    assert list(places.of_channel(dialog(finance, "D1", kind="private"))) == [Dialog.objects.get(external_id="D1")]


def test_what_is_said_in_a_thread_costs_no_more_beside_many_others(
    finance: Connection, dana: Account, loaded: list[str]
) -> None:
    thread = [dialog(finance, f"C1:{number}.1", is_open=True) for number in range(20)][-1]
    talk = Talk.objects.create(dialog=thread, account=dana)
    loaded.clear()
    assert buttons.chosen("1", thread, dana, State(), clock.now()) == buttons.Chosen()
    assert world.of(dana.user, dana, thread, talk, clock.now(), has_model=False).approvals == []
    assert loaded == []
