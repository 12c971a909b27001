"""Full-text indexes that the database keeps by itself: FTS5 with triggers on SQLite, a generated column on PostgreSQL.

SQLite drops a table's triggers when Django remakes the table: a later migration that alters `Document` must run
`create_index` again (tests/unit/knowledge/test_search.py notices when it did not).
"""

from django.db import migrations

SQLITE_UP = [
    """CREATE VIRTUAL TABLE knowledge_document_fts USING fts5(
        title, tags, body, content='knowledge_document', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2')""",
    """CREATE TRIGGER knowledge_document_fts_insert AFTER INSERT ON knowledge_document BEGIN
        INSERT INTO knowledge_document_fts(rowid, title, tags, body) VALUES (new.id, new.title, new.tags, new.body);
    END""",
    """CREATE TRIGGER knowledge_document_fts_delete AFTER DELETE ON knowledge_document BEGIN
        INSERT INTO knowledge_document_fts(knowledge_document_fts, rowid, title, tags, body)
        VALUES ('delete', old.id, old.title, old.tags, old.body);
    END""",
    """CREATE TRIGGER knowledge_document_fts_update AFTER UPDATE ON knowledge_document BEGIN
        INSERT INTO knowledge_document_fts(knowledge_document_fts, rowid, title, tags, body)
        VALUES ('delete', old.id, old.title, old.tags, old.body);
        INSERT INTO knowledge_document_fts(rowid, title, tags, body) VALUES (new.id, new.title, new.tags, new.body);
    END""",
    "INSERT INTO knowledge_document_fts(knowledge_document_fts) VALUES ('rebuild')",
]
SQLITE_DOWN = [
    "DROP TRIGGER knowledge_document_fts_insert",
    "DROP TRIGGER knowledge_document_fts_delete",
    "DROP TRIGGER knowledge_document_fts_update",
    "DROP TABLE knowledge_document_fts",
]
POSTGRESQL_UP = [
    """ALTER TABLE knowledge_document ADD COLUMN search_vector tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('english', title), 'A') ||
        setweight(to_tsvector('english', tags), 'B') ||
        setweight(to_tsvector('english', body), 'D')) STORED""",
    "CREATE INDEX knowledge_document_search ON knowledge_document USING gin (search_vector)",
]
POSTGRESQL_DOWN = ["ALTER TABLE knowledge_document DROP COLUMN search_vector"]


def create_index(apps, schema_editor):
    run(schema_editor, {"sqlite": SQLITE_UP, "postgresql": POSTGRESQL_UP})


def drop_index(apps, schema_editor):
    run(schema_editor, {"sqlite": SQLITE_DOWN, "postgresql": POSTGRESQL_DOWN})


def run(schema_editor, statements):
    for statement in statements[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("knowledge", "0001_initial")]
    operations = [migrations.RunPython(create_index, drop_index)]
