"""Who one is, logging in, and tokens that are hashed, expire and can be revoked."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from knox.models import AuthToken
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


def log_in(client: APIClient, username: str = "olga", password: str = PASSWORD, **more: Any) -> Any:
    return client.post("/api/v1/login/", {"username": username, "password": password, **more}, format="json")


def test_a_password_gives_a_token_that_works(owner: User) -> None:
    client = APIClient()
    answer = log_in(client, days=2)
    assert answer.status_code == 201
    token = answer.json()["token"]
    assert token.startswith("cy_") and token.startswith(answer.json()["id"])
    assert token not in str(list(AuthToken.objects.values()))
    for scheme in ("Token", "Bearer", "token"):
        client.credentials(HTTP_AUTHORIZATION=f"{scheme} {token}")
        assert client.get("/api/v1/me/").json()["username"] == "olga"


@pytest.mark.parametrize(
    ("username", "password"),
    [("olga", "wrong"), ("nobody", PASSWORD), ("olga", PASSWORD + " "), ("OLGA", PASSWORD), (" olga", PASSWORD)],
)
def test_a_wrong_login_is_401_whatever_was_wrong(owner: User, username: str, password: str) -> None:
    answer = log_in(APIClient(), username, password)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_login")
    assert answer.json()["error"]["fields"] == {}
    assert not AuthToken.objects.exists()


def test_a_disabled_user_cannot_log_in(owner: User) -> None:
    User.objects.update(is_active=False)
    assert log_in(APIClient()).status_code == 401


@pytest.mark.parametrize("username", ["a" * 151, "a\0b", "", 5.5, ["olga"], None])
def test_a_name_that_cannot_be_one_is_refused(owner: User, username: Any) -> None:
    assert log_in(APIClient(), username).status_code in (400, 401)


def test_guessing_one_name_is_throttled_from_every_address(owner: User) -> None:
    statuses = [
        APIClient(REMOTE_ADDR=f"192.0.2.{n}").post(
            "/api/v1/login/", {"username": ("olga", "OLGA")[n % 2], "password": "guess"}, format="json"
        ).status_code
        for n in range(11)
    ]  # fmt: skip
    assert statuses == [401] * 10 + [429]


def test_guessing_from_one_address_is_throttled_and_a_forged_header_does_not_help(owner: User) -> None:
    statuses = [
        APIClient(HTTP_X_FORWARDED_FOR=f"198.51.100.{n}").post(
            "/api/v1/login/", {"username": f"user{n}", "password": "guess"}, format="json"
        ).status_code
        for n in range(11)
    ]  # fmt: skip
    assert statuses == [401] * 10 + [429]


def test_tokens_are_listed_and_revoked_by_their_owner(
    owner: User, other: User, client_of: Callable[[User], APIClient]
) -> None:
    client, stranger = client_of(owner), client_of(other)
    token = log_in(APIClient()).json()
    listed = client.get("/api/v1/tokens/").json()["results"]
    assert {row["id"]: row["is_current"] for row in listed}[token["id"]] is False
    assert [row["is_current"] for row in listed].count(True) == 1
    assert "token" not in listed[0]
    assert stranger.delete(f"/api/v1/tokens/{token['id']}/").status_code == 404
    assert client.delete(f"/api/v1/tokens/{token['id']}/").status_code == 204
    revoked = APIClient()
    revoked.credentials(HTTP_AUTHORIZATION=f"Token {token['token']}")
    assert revoked.get("/api/v1/me/").status_code == 401


def test_a_session_makes_a_token_and_a_token_does_not(owner: User, client_of: Callable[[User], APIClient]) -> None:
    session = APIClient()
    session.force_login(owner)
    assert session.post("/api/v1/tokens/", {"days": 1}, format="json").status_code == 201
    assert client_of(owner).post("/api/v1/tokens/").status_code == 403
    assert session.post("/api/v1/tokens/", {"days": 1000}, format="json").status_code == 400


def test_tokens_are_limited_in_number(owner: User, settings: Any) -> None:
    settings.API_MAX_TOKENS = 2
    session = APIClient()
    session.force_login(owner)
    assert [session.post("/api/v1/tokens/").status_code for _ in range(3)] == [201, 201, 409]


def test_me_says_what_one_may_do(owner: User, bob: User, client_of: Callable[[User], APIClient]) -> None:
    mine = client_of(owner).get("/api/v1/me/").json()
    assert (mine["can_run_templates"], mine["sees_all_tasks"], mine["controls_all_tasks"]) == (True, False, False)
    his = client_of(bob).get("/api/v1/me/").json()
    assert (his["can_run_templates"], his["sees_all_tasks"], his["controls_all_tasks"]) == (False, True, False)
