"""One shape for every refusal, nothing leaked, and no body that brings the site down (H8)."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from rest_framework.test import APIClient

from apps.api.views import account, tasks
from apps.tasks.models import Task

pytestmark = pytest.mark.django_db

BOMB = b"[" * 100_000
HOSTILE: dict[str, bytes] = {
    "not JSON": b"{template: sample}",
    "cut off": b'{"template": "sa',
    "empty text": b" ",
    "not UTF-8": b'{"template": "\xff\xfe"}',
    "depth bomb": BOMB,
    "deep object": b'{"parameters": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001,
    "valid but deep": b'{"parameters": ' + b"[" * 100 + b"]" * 100 + b"}",
    "long number": b'{"parameters": {"n": ' + b"9" * 100_000 + b"}}",
    "big number": b'{"parameters": {"n": ' + b"9" * 30 + b"}}",
    "huge float": b'{"parameters": {"n": 1e999}}',
    "NaN": b'{"parameters": {"n": NaN}}',
    "infinity": b'{"parameters": {"n": -Infinity}}',
    "a name twice": b'{"template": "sample", "template": "other"}',
    "a name twice inside": b'{"template": "sample", "parameters": {"n": 1, "n": 2}}',
    "lone surrogate": b'{"template": "sample", "title": "\\ud800"}',
    "lone surrogate as a name": b'{"template": "sample", "parameters": {"\\udfff": 1}}',
    "NUL": b'{"template": "sample", "title": "a\\u0000b"}',
    "many names": b'{"parameters": {' + b",".join(b'"k%d":1' % n for n in range(90_000)) + b"}}",
    "a list": b"[1, 2]",
    "a text": b'"template"',
    "null": b"null",
    "a byte order mark": b'\xef\xbb\xbf{"template": "sample"}',
}


@pytest.fixture
def olga(owner: User, sample: Any, client_of: Callable[[User], APIClient]) -> APIClient:
    return client_of(owner)


def error_of(answer: Any) -> dict[str, Any]:
    """The error, after checking that the answer is one of the one shape."""
    body = json.loads(answer.content)
    assert answer.headers["Content-Type"] == "application/json"
    assert body.keys() == {"error"}
    error: dict[str, Any] = body["error"]
    assert error.keys() == {"code", "message", "fields", "request_id"}
    assert all(isinstance(error[name], str) and error[name] for name in ("code", "message", "request_id"))
    assert all(isinstance(text, str) and text for text in error["fields"].values())
    assert answer.headers["X-Request-ID"] == error["request_id"]
    return error


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_refused_quickly_and_makes_nothing(olga: APIClient, name: str) -> None:
    began = time.process_time()  # what it costs, however busy the machine is
    answer = olga.generic("POST", "/api/v1/tasks/", HOSTILE[name], "application/json")
    assert answer.status_code == 400, answer.content[:300]
    error_of(answer)
    assert time.process_time() - began < 1
    assert not Task.objects.exists()


def test_a_body_above_the_limit_is_413(olga: APIClient, settings: Any) -> None:
    body = b'{"title": "' + b"x" * settings.API_MAX_BODY + b'"}'
    answer = olga.generic("POST", "/api/v1/tasks/", body, "application/json")
    assert (answer.status_code, error_of(answer)["code"]) == (413, "too_large")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_anything_but_json_is_415(olga: APIClient, content_type: str) -> None:
    answer = olga.generic("POST", "/api/v1/tasks/", b'{"template": "sample"}', content_type)
    assert (answer.status_code, error_of(answer)["code"]) == (415, "unsupported_media_type")


def test_a_body_in_chunks_is_411_and_not_taken_for_an_empty_one(olga: APIClient) -> None:
    answer = olga.generic("POST", "/api/v1/tasks/", b"", "application/json", headers={"Transfer-Encoding": "chunked"})
    assert (answer.status_code, error_of(answer)["code"]) == (411, "length_required")


def test_without_a_token_it_is_401_and_says_how_to_authenticate(client: Any) -> None:
    answer = client.get("/api/v1/tasks/")
    assert (answer.status_code, error_of(answer)["code"]) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize(
    "header", ["Token", "Token a b", "Token é", "Token \x00", "Token " + "x" * 5000, "Bearer nonsense", "token ''"]
)
def test_a_token_that_is_none_is_401(client: Any, header: str) -> None:
    answer = client.get("/api/v1/tasks/", headers={"Authorization": header})
    assert (answer.status_code, error_of(answer)["code"]) == (401, "authentication_failed")


def test_an_unknown_address_is_404_of_the_same_shape(client: Any) -> None:
    for address in ("/api/", "/api/v1/nothing/", "/api/v1/tasks/abc/", "/api/v3/"):
        assert error_of(client.get(address))["code"] == "not_found"


def test_a_wrong_method_is_405_and_names_the_right_ones(olga: APIClient) -> None:
    answer = olga.delete("/api/v1/tasks/")
    assert (answer.status_code, error_of(answer)["code"]) == (405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


def test_too_many_requests_are_429_and_say_when_to_come_back(olga: APIClient, monkeypatch: Any) -> None:
    from apps.api.throttling import PerUser

    monkeypatch.setattr(PerUser, "rate", "2/min", raising=False)
    answers = [olga.get("/api/v1/me/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert error_of(answers[2])["code"] == "throttled"
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60


def test_a_session_without_its_csrf_token_is_403(owner: User, sample: Any) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.login(username="olga", password="correct horse battery")
    answer = client.post("/api/v1/tasks/", {"template": "sample"}, format="json")
    assert (answer.status_code, error_of(answer)["code"]) == (403, "permission_denied")
    assert not Task.objects.exists()


def test_a_failure_of_ours_is_500_and_tells_nothing(olga: APIClient, monkeypatch: Any) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("the password is swordfish")

    monkeypatch.setattr(tasks, "page", broken)
    answer = olga.get("/api/v1/tasks/")
    assert (answer.status_code, error_of(answer)["code"]) == (500, "internal_error")
    assert b"swordfish" not in answer.content and b"Traceback" not in answer.content


def test_a_database_that_does_not_answer_is_503(olga: APIClient, monkeypatch: Any) -> None:
    def locked(*_: Any) -> None:
        raise OperationalError("database is locked at /srv/secret/path")

    monkeypatch.setattr(account, "_live", locked)
    answer = olga.get("/api/v1/tokens/")
    assert (answer.status_code, error_of(answer)["code"]) == (503, "unavailable")
    assert b"secret" not in answer.content


def test_the_callers_request_id_is_kept_when_it_is_harmless(client: Any) -> None:
    kept = client.get("/api/v1/me/", headers={"X-Request-ID": "trace-12345678"})
    assert error_of(kept)["request_id"] == "trace-12345678"
    for given in ("short", "x" * 65, "two words and more", "<script>alert(1)</script>"):
        assert error_of(client.get("/api/v1/me/", headers={"X-Request-ID": given}))["request_id"] != given


def test_answers_are_json_whatever_the_accept_header_says(olga: APIClient) -> None:
    for accept in ("text/html", "application/xml", "image/*", "nonsense"):
        answer = olga.get("/api/v1/me/", headers={"Accept": accept})
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
        assert answer.headers["Cache-Control"] == "no-store"
