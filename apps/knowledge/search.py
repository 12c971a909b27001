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
    WHERE knowledge_document_fts MATCH %(text)s
    ORDER BY 4 DESC, d.id LIMIT %(limit)s
"""
# ts_rank knows nothing of how rare a word is, so each word's rank is weighted here as BM25 does it on SQLite.
TSVECTOR = """
    WITH words AS (
        SELECT plainto_tsquery('simple', word) AS query
        FROM unnest(tsvector_to_array(to_tsvector('english', %(text)s))) AS word
    ), weighted AS (
        SELECT query, ln(1 + (total - matching + 0.5) / (matching + 0.5)) AS rarity
        FROM words, (SELECT count(*) AS total FROM knowledge_document) AS n,
            LATERAL (SELECT count(*) AS matching FROM knowledge_document d WHERE d.search_vector @@ query) AS m
    ), ranked AS (
        SELECT d.id, sum(ts_rank(d.search_vector, query) * rarity) AS score
        FROM weighted JOIN knowledge_document d ON d.search_vector @@ query
        GROUP BY d.id ORDER BY 2 DESC, 1 LIMIT %(limit)s
    )
    SELECT d.id, d.title, ts_headline('english', d.body, q.query, 'StartSel="", StopSel="", MaxWords=40, MinWords=20'),
        score
    FROM ranked JOIN knowledge_document d USING (id),
        (SELECT replace(plainto_tsquery('english', %(text)s)::text, '&', '|')::tsquery AS query) AS q
    ORDER BY score DESC, d.id
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
    if connection.vendor == "sqlite":
        # Quoted, a word is a word: OR, NEAR and column filters lose their meaning.
        sql, text = FTS5, " OR ".join(f'"{word}"' for word in words)
    else:
        sql, text = TSVECTOR, " ".join(words)
    rows = _rows(sql, text=text, limit=max(1, min(limit, MAX_LIMIT)))
    return [
        Hit(id=id_, title=title, excerpt=" ".join(excerpt.split()), score=float(score))
        for id_, title, excerpt, score in rows
    ]


def _rows(sql: str, **parameters: Any) -> list[tuple[int, str, str, float]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()
