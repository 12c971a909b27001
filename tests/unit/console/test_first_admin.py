"""The first administrator: made once, the password shown once."""

import re
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db


def first_admin(**options: str) -> str:
    out = StringIO()
    call_command("first_admin", stdout=out, **options)
    return out.getvalue()


def test_the_shown_password_opens_the_account():
    shown = re.search(r"Password: +(\S+)", first_admin())

    user = User.objects.get(username="admin")
    assert shown is not None
    assert user.check_password(shown[1])
    assert user.is_superuser
    assert user.is_staff


def test_a_second_call_says_and_does_nothing(alice):
    assert first_admin() == ""
    assert list(User.objects.values_list("username", flat=True)) == ["alice"]


def test_a_taken_name_is_refused(bob):
    with pytest.raises(CommandError, match=r"bob.*--username"):
        first_admin(username="bob")
