"""What the company wrote down: policies, terms and notes, found by their words."""

from typing import TypedDict

from apps.core.errors import ToolError
from apps.knowledge import search as library
from apps.tools.registry import Call, tool


class Hit(TypedDict):
    title: str
    excerpt: str
    score: float
    id: int


@tool(call_class="read", permission="knowledge.view_document")
def search(call: Call, query: str, limit: int = 8) -> list[Hit]:
    """The documents that best match the words of `query`, the best first; at most 50.

    Any of the words is enough; any text is a valid query. `excerpt` is plain text around the match, `score` compares
    the hits of one search only. ValueError when `limit` is not between 1 and 50.
    """
    if not 1 <= limit <= library.MAX_LIMIT:
        raise ToolError(f"limit must be between 1 and {library.MAX_LIMIT}, not {limit}.", kind="ValueError")
    return [
        Hit(title=hit.title, excerpt=hit.excerpt, score=hit.score, id=hit.id) for hit in library.search(query, limit)
    ]
