"""The page on which an author sees how well a draft's examples are understood."""

from typing import Any

import pytest
from django.test import Client

from apps.catalog import publishing
from apps.catalog.definition import Definition
from apps.catalog.models import TaskTemplate, TemplateRevision
from tests import making

pytestmark = pytest.mark.django_db
SCRIPT = "def run(params):\n    return 1\n"
TRIPS = ["travel cost report", "what did trips cost", "costs of business trips", "sum up trip costs"]
CLIENTS = ["analyse all clients", "client portfolio review", "rank our customers by risk", "review the customer base"]


def triggers(*examples: str) -> dict[str, Any]:
    return {"patterns": [], "keywords": [], "contexts": [], "examples": list(examples)}


@pytest.fixture
def draft(alice: Any) -> TemplateRevision:
    """Travel costs, not published, beside a client analysis that is; one example went into the wrong template."""
    making.template(SCRIPT, alice, key="client_analysis", triggers=triggers(*CLIENTS))
    template = TaskTemplate.objects.create(key="travel_costs", name="Travel costs")
    stray = triggers(*TRIPS, "analyse our customers <b>")
    definition = Definition.with_fields({"script": SCRIPT, "triggers": stray})
    return publishing.save_draft(template, alice, definition, version="1.0.0", note="first")


def page_of(revision: TemplateRevision) -> str:
    return f"/admin/catalog/tasktemplate/{revision.template.key}/revisions/{revision.number}/examples/"


def test_author_sees_which_examples_go_to_another_template(browse: Client, draft: TemplateRevision) -> None:
    page = browse.get(page_of(draft)).content.decode()
    assert "of 5 understood; 1 goes to Client analysis" in page
    assert "5 more examples would make ten" in page
    assert "analyse our customers &lt;b&gt;" in page


def test_revision_leads_to_the_page_of_its_examples(browse: Client, draft: TemplateRevision) -> None:
    page = browse.get(page_of(draft).removesuffix("examples/")).content.decode()
    assert f'href="{page_of(draft)}"' in page


def test_draft_without_examples_is_told_to_get_some(browse: Client, alice: Any) -> None:
    template = making.template(SCRIPT, alice)
    assert template.published
    page = browse.get(page_of(template.published)).content.decode()
    assert "No examples. Ten sentences that people would write" in page


def test_who_may_not_see_templates_does_not_see_their_examples(
    client: Client, bob: Any, draft: TemplateRevision
) -> None:
    bob.user_permissions.clear()
    client.force_login(bob)
    assert client.get(page_of(draft)).status_code == 403


def test_revision_that_is_not_there_is_not_found(browse: Client, draft: TemplateRevision) -> None:
    assert browse.get(page_of(draft).replace("/1/", "/9/")).status_code == 404
