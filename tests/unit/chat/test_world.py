"""What a conversation may name: nothing that the person may not see, and in a closed group less."""

from datetime import date

import pytest
from django.contrib.auth.models import Group, Permission, User
from pytest_django import DjangoAssertNumQueries

from apps.chat import world
from apps.chat.models import Account, Connection, Dialog, Talk
from apps.core import clock
from apps.crm.models import Client
from apps.language.conversation import World
from tests.making import template

pytestmark = pytest.mark.django_db


def around(user: User, account: Account, kind: str = "private", is_open: bool = False) -> World:
    dialog, _ = Dialog.objects.get_or_create(
        connection=account.connection, external_id=kind, defaults={"kind": kind, "is_open": is_open}
    )
    talk, _ = Talk.objects.get_or_create(dialog=dialog, account=account)
    return world.of(user, account, dialog, talk, clock.now(), has_model=False)


@pytest.fixture
def clients(db: None) -> None:
    for code, name, city in (
        ("N1", "Northwind Trading", "Oslo"),
        ("N2", "Northwind Energy", "Graz"),
        ("A1", "Acme", ""),
    ):
        Client.objects.create(code=code, name=name, city=city, since=date(2020, 1, 1))


def test_names_are_looked_up_by_part_and_an_exact_one_stands_alone(alice: User, dana: Account, clients: None) -> None:
    lookup = around(alice, dana).lookup
    assert lookup is not None
    assert [choice.label for choice in lookup("clients", "northwind")] == [
        "Northwind Energy, Graz",
        "Northwind Trading, Oslo",
    ]
    assert [(choice.label, choice.value) for choice in lookup("clients", "acme")] == [("Acme", "A1")]
    assert lookup("clients", "%") == []
    assert lookup("users", "alice") == []


def test_names_are_nobodys_who_may_not_look_at_clients(charlie: User, dana: Account, clients: None) -> None:
    lookup = around(charlie, dana).lookup
    assert lookup is not None
    assert lookup("clients", "northwind") == []


def test_in_a_closed_group_no_names_are_looked_up_and_templates_of_some_are_not_named(
    alice: User, dana: Account, clients: None
) -> None:
    template("def run(params): return 1", alice, key="open")
    template("def run(params): return 1", alice, key="board").run_groups.add(Group.objects.create(name="board"))
    closed = around(alice, dana, "group")
    assert closed.lookup is None
    assert [card.key for card in closed.cards] == ["open"]
    assert [card.key for card in around(alice, dana).cards] == ["board", "open"]


def test_a_schema_that_wants_it_is_always_confirmed(alice: User, dana: Account, finance: Connection) -> None:
    template(
        "def run(params): return 1",
        alice,
        key="letters",
        parameter_schema={"type": "object", "properties": {}, "x-confirm": True},
    )
    template("def run(params): return 1", alice, key="plain")
    assert {card.key: card.must_confirm for card in around(alice, dana).cards} == {"letters": True, "plain": False}


def test_templates_whose_tools_the_person_may_not_use_are_not_offered(
    alice: User, charlie: User, finance: Connection
) -> None:
    template("import crm\n\ndef run(params):\n    return crm.clients()", alice, key="clients")
    template("def run(params): return 1", alice, key="plain")
    dialog = Dialog.objects.create(connection=finance, external_id="D-charlie", kind="private")
    grant(charlie, "run_tasktemplate")
    assert [card.key for card in world.cards(charlie, dialog)] == ["plain"]
    grant(charlie, "view_client")
    assert [card.key for card in world.cards(User.objects.get(pk=charlie.pk), dialog)] == ["clients", "plain"]


def grant(user: User, codename: str) -> None:
    user.user_permissions.add(Permission.objects.get(codename=codename))


def test_many_templates_cost_a_message_one_query(
    alice: User, finance: Connection, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(70):
        template("def run(params):\n    return 1\n", alice, f"report_{number}")
    dialog = Dialog.objects.create(connection=finance, external_id="D-1", kind="private")
    world.cards(alice, dialog)
    with django_assert_num_queries(1):
        assert len(world.cards(alice, dialog)) == 70
