"""Guessing passwords is slow, wherever one may sign in."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.test import Client
from rest_framework.throttling import SimpleRateThrottle

from apps.core.logins import LoginsPerName

pytestmark = pytest.mark.django_db
PAGES = ["/admin/login/", "/chat/login/"]


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(SimpleRateThrottle, "cache", caches["local"])
    monkeypatch.setitem(SimpleRateThrottle.THROTTLE_RATES, "login", "100/min")
    monkeypatch.setitem(LoginsPerName.THROTTLE_RATES, "login_name", "3/min")
    caches["local"].clear()
    yield
    caches["local"].clear()


def sign_in(page: str, name: str, password: str, address: str = "10.0.0.1") -> tuple[int, str]:
    response = Client(REMOTE_ADDR=address).post(page, {"username": name, "password": password})
    return response.status_code, response.content.decode()


@pytest.fixture
def staff() -> User:
    return User.objects.create_user("Rosa", password="right-horse", is_staff=True)


@pytest.mark.parametrize("page", PAGES)
def test_the_fourth_guess_of_a_name_is_refused_from_any_address_even_with_the_right_password(
    page: str, staff: User
) -> None:
    for number in range(3):
        status, text = sign_in(page, "Rosa", "wrong", address=f"10.0.0.{number}")
        assert status == 200 and "Too many attempts" not in text
    status, text = sign_in(page, "rosa", "right-horse", address="10.0.0.9")
    assert status == 200 and "Too many attempts to sign in. Try again in " in text


@pytest.mark.parametrize("page", PAGES)
def test_one_address_that_tries_many_names_is_refused(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SimpleRateThrottle.THROTTLE_RATES, "login", "2/min")
    assert ["Too many" in sign_in(page, name, "x")[1] for name in ("ann", "bob", "cleo")] == [False, False, True]
    assert "Too many" not in sign_in(page, "cleo", "x", address="10.0.0.2")[1]


@pytest.mark.parametrize("page", PAGES)
def test_who_knows_the_password_comes_in(page: str, staff: User) -> None:
    assert sign_in(page, "Rosa", "right-horse")[0] == 302


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_what_is_no_form_is_answered_with_the_form(page: str, kind: str) -> None:
    assert Client().post(page, "{}", content_type=kind).status_code == 200
