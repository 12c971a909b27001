"""Templates as readable files: `<key>/template.json` with everything but the script, which is `<key>/script.py`.

Tasks of a workflow may have scripts in files of their own: `"script_file": "rank.py"` stands for `"script": "…"`.
A README.md beside them is for people and is not read. Loading is idempotent: a definition that the template has already
had in service is not brought back over what an administrator published since.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug

from apps.catalog import publishing
from apps.catalog.definition import FIELDS, Definition
from apps.catalog.models import TaskTemplate, TemplateRevision
from apps.core import durations
from apps.core.errors import ChantillyError, InvalidInput
from apps.core.schema.wording import did_you_mean

TEMPLATE, SCRIPT = "template.json", "script.py"
SCRIPT_FILE = "script_file"
METADATA = ("name", "description", "category", "tags", "is_enabled")
LABELS = ("version", "note", "is_tested")
KNOWN = ("key", *METADATA, *LABELS, *(name for name in FIELDS if name != "script"), "memory")
MAX_BYTES = 2_000_000


@dataclass(frozen=True, kw_only=True)
class File:
    """What the files of one template say."""

    key: str
    metadata: dict[str, Any]
    version: str
    note: str
    is_tested: bool
    definition: Definition


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What became of one folder."""

    folder: str
    message: str
    is_new: bool = False
    is_error: bool = False


def load_all(root: Path, by: User | None = None) -> Iterator[Loaded]:
    """Load every folder of `root` that holds a template.json, or `root` itself; a bad one does not stop the others."""
    folders = [root] if (root / TEMPLATE).is_file() else sorted(path.parent for path in root.glob(f"*/{TEMPLATE}"))
    for folder in folders:
        try:
            yield load(folder, by)
        except ChantillyError as error:
            details = [f"{path}: {message}" for path, message in getattr(error, "fields", {}).items()]
            message = "\n  ".join([error.message, *details])
            yield Loaded(folder=folder.name, message=message, is_error=True)


def load(folder: Path, by: User | None = None) -> Loaded:
    """Publish what the files define, unless the template has had it in service before. Raises ChantillyError."""
    file = read(folder)
    template = TaskTemplate.objects.filter(key=file.key).first()
    known = _revision_like(file.definition, template) if template else None
    if known is not None and known.is_published:
        return Loaded(folder=folder.name, message=f"unchanged, revision {known.number} has this definition")
    publishing.require_no_errors(file.definition)
    template = _save_metadata(file, template, by)
    revision = known or publishing.save_draft(
        template, by, file.definition, version=file.version, note=file.note or "Loaded from files."
    )
    publishing.publish(revision, by)
    if file.is_tested:
        publishing.mark_tested(revision, by)
    return Loaded(folder=folder.name, message=f"revision {revision.number} published", is_new=True)


def read(folder: Path) -> File:
    """Raises InvalidInput that names the file, and the line where JSON is broken."""
    data = _read_json(folder / TEMPLATE)
    if unknown := [name for name in data if name not in KNOWN]:
        raise InvalidInput(f"{TEMPLATE}: “{unknown[0]}” is not known.{did_you_mean(unknown[0], KNOWN)}")
    key = data.get("key", folder.name)
    _check_metadata(key, data)
    fields = {**data, "script": _read_text(folder / SCRIPT) if (folder / SCRIPT).is_file() else ""}
    if "graph" in data:
        fields["graph"] = _with_scripts(data["graph"], folder)
    if "memory" in fields:
        fields["memory_mb"] = durations.parse_memory(str(fields["memory"]))
    return File(
        key=key,
        metadata={name: data[name] for name in METADATA if name in data},
        version=str(data.get("version", "1.0.0")),
        note=str(data.get("note", "")),
        is_tested=bool(data.get("is_tested", False)),
        definition=Definition.with_fields(fields),
    )


def _with_scripts(graph: Any, folder: Path) -> Any:
    """The graph with the texts of its tasks' script files in it. What is no graph, the check names."""
    if not isinstance(graph, dict):
        return graph
    found = dict(graph)
    for name in ("groups", "task_groups"):
        if isinstance(found.get(name), list):
            found[name] = [_with_scripts(group, folder) for group in found[name]]
    if isinstance(found.get("tasks"), list):
        found["tasks"] = [_with_script(task, folder) for task in found["tasks"]]
    return found


def _with_script(task: Any, folder: Path) -> Any:
    if not isinstance(task, dict) or SCRIPT_FILE not in task:
        return task
    text = _script_file(task[SCRIPT_FILE], folder)
    return {("script" if name == SCRIPT_FILE else name): text if name == SCRIPT_FILE else task[name] for name in task}


def _script_file(name: Any, folder: Path) -> str:
    if not isinstance(name, str) or Path(name).name != name or not name.endswith(".py"):
        raise InvalidInput(f"{TEMPLATE}: {SCRIPT_FILE} names a file beside it, such as rank.py; {name!r:.80} does not.")
    if not (folder / name).is_file():
        raise InvalidInput(f"{TEMPLATE}: there is no file {name} beside it.")
    return _read_text(folder / name)


def dump_all(root: Path, key: str | None = None) -> Iterator[Path]:
    """Write the folder of every template (or of the one with `key`), and answer the folders."""
    templates = TaskTemplate.objects.select_related("published").order_by("key")
    for template in templates.filter(key=key) if key else templates:
        revision = template.published or template.revisions.first()
        if revision is not None:
            yield dump(template, revision, root / template.key)


def dump(template: TaskTemplate, revision: TemplateRevision, folder: Path) -> Path:
    definition = Definition.of(revision).as_fields()
    script = definition.pop("script")
    data = {
        "key": template.key,
        **{name: getattr(template, name) for name in METADATA},
        **{name: getattr(revision, name) for name in LABELS},
        **definition,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TEMPLATE).write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    # newline="": a script keeps the line ends it was saved with
    with (folder / SCRIPT).open("w", encoding="utf-8", newline="") as file:
        file.write(script)
    return folder


def _save_metadata(file: File, template: TaskTemplate | None, by: User | None) -> TaskTemplate:
    if template is None:
        return TaskTemplate.objects.create(key=file.key, created_by=by, **file.metadata)
    for name, value in file.metadata.items():
        setattr(template, name, value)
    template.save(update_fields=list(file.metadata))
    return template


def _revision_like(definition: Definition, template: TaskTemplate) -> TemplateRevision | None:
    """The newest revision with this definition, one that was in service first."""
    alike = [each for each in template.revisions.all() if not Definition.of(each).differences(definition)]
    return next((each for each in alike if each.is_published), alike[0] if alike else None)


def _check_metadata(key: Any, data: dict[str, Any]) -> None:
    try:
        validate_slug(key)
    except ValidationError:
        raise InvalidInput(f"{TEMPLATE}: the key {key!r} must have letters, digits, _ and - only.") from None
    if not isinstance(data.get("name"), str) or not data["name"].strip():
        raise InvalidInput(f'{TEMPLATE}: give the template a name: "name": "Invoice report".')
    tags = data.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise InvalidInput(f'{TEMPLATE}: tags are a list of words: ["finance", "monthly"].')
    for name, longest in (("name", 200), ("category", 64), ("description", 100_000)):
        if not isinstance(data.get(name, ""), str) or len(data.get(name, "")) > longest:
            raise InvalidInput(f"{TEMPLATE}: {name} is a text of up to {longest:,} characters.")
    for name in ("is_enabled", "is_tested"):
        if not isinstance(data.get(name, True), bool):
            raise InvalidInput(f"{TEMPLATE}: {name} is true or false.")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(_read_text(path), object_pairs_hook=_no_name_twice)
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{path.name} line {error.lineno}, column {error.colno}: {error.msg}.") from None
    except RecursionError:
        raise InvalidInput(f"{path.name} is nested too deeply.") from None
    if not isinstance(data, dict):
        raise InvalidInput(f"{path.name} must hold one JSON object.")
    return data


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInput(f"{TEMPLATE}: “{twice}” stands twice in one object. Remove one.")
    return data


def _read_text(path: Path) -> str:
    if path.stat().st_size > MAX_BYTES:
        raise InvalidInput(f"{path.name} is larger than {MAX_BYTES:,} bytes.")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path.name} is not UTF-8 (byte {error.start}). Save it as UTF-8.") from None
