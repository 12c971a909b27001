from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.knowledge.models import Document
from apps.knowledge.search import search

pytestmark = pytest.mark.django_db

TEXT = "---\ntitle: Dunning policy\ntags: dunning, reminder\n---\nFirst a friendly letter.\n"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    (tmp_path / "dunning.md").write_text(TEXT)
    return tmp_path


def load(*directory: Path, **options: Any) -> str:
    out = StringIO()
    call_command("load_knowledge", *map(str, directory), stdout=out, **options)
    return out.getvalue()


def test_a_file_becomes_a_document(shelf: Path) -> None:
    assert load(shelf) == "Documents: 1 created.\n"
    document = Document.objects.get()
    assert (document.key, document.title, document.tags) == ("dunning", "Dunning policy", ["dunning", "reminder"])
    assert document.body == "First a friendly letter.\n"
    assert document.source == "dunning.md"
    assert not document.is_edited


def test_loading_again_changes_only_what_changed(shelf: Path) -> None:
    load(shelf)
    assert load(shelf) == "Documents: 1 unchanged.\n"
    (shelf / "dunning.md").write_text(TEXT.replace("friendly", "polite"))
    assert load(shelf) == "Documents: 1 updated.\n"
    assert [hit.title for hit in search("polite")] == ["Dunning policy"]


def test_what_was_edited_here_is_kept_unless_asked(shelf: Path) -> None:
    load(shelf)
    Document.objects.update(body="Ours.")
    assert Document.objects.get().is_edited
    assert "Edited here and kept: dunning" in load(shelf)
    assert Document.objects.get().body == "Ours."
    assert load(shelf, overwrite=True) == "Documents: 1 updated.\n"
    assert not Document.objects.get().is_edited


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"no head", "bad.md must begin with a head"),
        (b"", "bad.md must begin with a head"),
        (b"---\ntitle: x\n", "bad.md must begin with a head"),
        (b"---\ntags: x\n---\nbody", "bad.md is not a document: title"),
        (b"---\ntitle: \xff\n---\nbody", "bad.md is not UTF-8"),
    ],
)
def test_a_file_that_is_no_document_stops_the_load_and_changes_nothing(shelf: Path, content: bytes, says: str) -> None:
    (shelf / "bad.md").write_bytes(content)
    with pytest.raises(CommandError, match=says):
        load(shelf)
    assert not Document.objects.exists()


def test_an_empty_directory_is_explained(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no Markdown files"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("when is an invoice overdue and who is reminded", "Dunning policy"),
        ("how is revenue recognised", "Revenue recognition notes"),
        ("seasonal trends", "Seasonality notes"),
        ("credit risk of clients", "Credit risk policy"),
        ("payment terms", "Payment terms"),
        ("duplicate invoices and other anomalies", "What is wrong with an invoice"),
        ("VAT", "Tax on invoices"),
    ],
)
def test_the_shipped_documents_answer_what_is_asked(question: str, title: str) -> None:
    load()
    assert title in [hit.title for hit in search(question, 3)]
