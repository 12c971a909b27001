from typing import Any

import pytest

from apps.core import codec
from apps.core.errors import ToolError
from apps.knowledge.models import Document
from apps.tools import knowledge, registry

CALL: Any = None


def test_search_is_a_read_for_those_who_may_view_documents() -> None:
    (tool,) = registry.module("knowledge").tools.values()
    assert (tool.name, tool.call_class, tool.permission) == ("knowledge.search", "read", "knowledge.view_document")


@pytest.mark.django_db
def test_search_answers_hits_that_survive_the_journal() -> None:
    Document.objects.create(key="d", title="Dunning", body="Reminders after 7 days.")
    hits = knowledge.search(CALL, "reminder")
    assert [(hit["title"], hit["excerpt"]) for hit in hits] == [("Dunning", "Reminders after 7 days.")]
    assert codec.decode(codec.encode(hits)) == hits


@pytest.mark.parametrize("limit", [0, 51, -1])
def test_a_senseless_limit_is_refused(limit: int) -> None:
    with pytest.raises(ToolError, match="between 1 and 50"):
        knowledge.search(CALL, "x", limit)
