"""Full-text search over the documents: FTS5 on SQLite, text search vectors on PostgreSQL, one answer.

A document is found when it holds any of the words (in any inflection of English); the best match comes first:
a word in the title weighs more than one among the tags, and that more than one in the body.
"""

import re
from dataclasses import dataclass
from typing import Any

from django.db import connection

MAX_WORDS = 32
MAX_WORD_LENGTH = 60
MAX_LIMIT = 50

FTS5 = """
    SELECT d.id, d.title, snippet(knowledge_document_fts, 2, '', '', '…', 40), -bm25(knowledge_document_fts, 10, 5, 1)
    FROM knowledge_document_fts f JOIN knowledge_document d ON d.id = f.rowid
    WHERE knowledge_document_fts MATCH %s
    ORDER BY 4 DESC, d.id LIMIT %s
"""
TSVECTOR = """
    SELECT d.id, d.title, ts_headline('english', d.body, q.query, 'StartSel="", StopSel="", MaxWords=40, MinWords=20'),
           ts_rank(d.search_vector, q.query)
    FROM knowledge_document d,
         (SELECT replace(plainto_tsquery('english', %s)::text, '&', '|')::tsquery AS query) q
    WHERE d.search_vector @@ q.query
    ORDER BY 4 DESC, d.id LIMIT %s
"""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """`score` compares hits of one search only; higher is better."""

    id: int
    title: str
    excerpt: str
    score: float


def search(query: str, limit: int = 8) -> list[Hit]:
    """The documents that best match the words of `query`; no word, no hit. Any text is a valid query."""
    words = [word[:MAX_WORD_LENGTH] for word in re.findall(r"\w+", query)[:MAX_WORDS]]
    if not words:
        return []
    bounded = max(1, min(limit, MAX_LIMIT))
    if connection.vendor == "sqlite":
        # Quoted, a word is a word: OR, NEAR and column filters lose their meaning.
        rows = _rows(FTS5, " OR ".join(f'"{word}"' for word in words), bounded)
    else:
        rows = _rows(TSVECTOR, " ".join(words), bounded)
    return [
        Hit(id=id_, title=title, excerpt=" ".join(excerpt.split()), score=float(score))
        for id_, title, excerpt, score in rows
    ]


def _rows(sql: str, *parameters: Any) -> list[tuple[int, str, str, float]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()
