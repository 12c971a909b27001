"""Documents that come as Markdown files, one each: a head with title and tags between `---` lines, then the text.

    ---
    title: Dunning policy
    tags: dunning, reminder
    ---
    An invoice is overdue on …

The file's name is the document's key.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import transaction

from apps.core.errors import InvalidInput
from apps.knowledge.models import Document

FENCE = "---"


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """Keys by what became of them. `kept` ones were edited here since they were loaded, and are left as they are."""

    created: list[str]
    updated: list[str]
    unchanged: list[str]
    kept: list[str]


@transaction.atomic
def load(directory: Path, *, overwrite: bool = False) -> Loaded:
    """Take in all `*.md` files of the directory. InvalidInput names the file that is none; then nothing is changed."""
    loaded = Loaded(created=[], updated=[], unchanged=[], kept=[])
    for fresh in documents(directory):
        stored = Document.objects.filter(key=fresh.key).first()
        getattr(loaded, _take_in(fresh, stored, overwrite)).append(fresh.key)
    return loaded


def _take_in(fresh: Document, stored: Document | None, overwrite: bool) -> str:
    if stored is None:
        fresh.save(force_insert=True)
        return "created"
    if stored.digest() == fresh.loaded_digest == stored.loaded_digest:
        return "unchanged"
    if stored.digest() != stored.loaded_digest and not overwrite:
        return "kept"
    for name in ("title", "body", "tags", "source", "loaded_digest"):
        setattr(stored, name, getattr(fresh, name))
    stored.save()
    return "updated"


def documents(directory: Path) -> Iterator[Document]:
    """The documents of a directory, unsaved, by key."""
    paths = sorted(directory.glob("*.md"))
    if not paths:
        raise InvalidInput(f"There are no Markdown files (*.md) in {directory}.")
    return (read(path) for path in paths)


def read(path: Path) -> Document:
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(f"{path.name} is not UTF-8. Save it as UTF-8.") from None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from None
    head, body = _parts(path, text)
    document = Document(
        key=path.stem,
        title=head.get("title", ""),
        body=body,
        tags=[tag.strip() for tag in head.get("tags", "").split(",") if tag.strip()],
        source=path.name,
    )
    document.loaded_digest = document.digest()
    try:
        document.clean_fields()
    except ValidationError as error:
        problems = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())
        raise InvalidInput(f"{path.name} is not a document: {problems}") from None
    return document


def _parts(path: Path, text: str) -> tuple[dict[str, str], str]:
    lines = text.replace("\x00", "").splitlines()
    if not lines or lines[0].strip() != FENCE or FENCE not in (line.strip() for line in lines[1:]):
        raise InvalidInput(f"{path.name} must begin with a head: a line ---, title: …, tags: …, and a line ---.")
    end = next(index for index, line in enumerate(lines[1:], start=1) if line.strip() == FENCE)
    pairs = (line.partition(":") for line in lines[1:end] if line.strip())
    head = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return head, "\n".join(lines[end + 1 :]).strip() + "\n"
