from django.contrib.auth.models import User
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.knowledge.models import Document

URL = "admin:knowledge_document_changelist"


def write(count: int, prefix: str = "d") -> None:
    for index in range(count):
        Document.objects.create(key=f"{prefix}{index}", title=f"Title {index}", body="About narwhals.", tags=["sea"])


def test_the_list_searches_the_full_text_and_puts_the_best_first(client: Browser, alice: User) -> None:
    write(3)
    Document.objects.create(key="best", title="Narwhals", body="All of it.")
    client.force_login(alice)
    found = client.get(reverse(URL), {"q": 'narwhal "'}).context["cl"].queryset
    assert found[0].key == "best"
    assert found.count() == 4
    assert not client.get(reverse(URL), {"q": "walrus"}).context["cl"].queryset


def test_the_list_costs_the_same_queries_whatever_it_holds(client: Browser, alice: User) -> None:
    client.force_login(alice)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse(URL), {"q": "narwhals"})
        return len(captured)

    write(2)
    before = queries()
    write(30, prefix="more")
    assert queries() == before <= 10


def test_a_document_with_wrong_tags_is_refused(client: Browser, alice: User) -> None:
    client.force_login(alice)
    form = {"key": "x", "title": "X", "body": "x", "tags": '"dunning"'}
    response = client.post(reverse("admin:knowledge_document_add"), form)
    assert "Give the tags as a list" in response.content.decode()
    assert not Document.objects.exists()
