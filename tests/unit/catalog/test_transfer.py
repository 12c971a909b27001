import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from apps.catalog import publishing, transfer, validation
from apps.catalog.definition import Definition
from apps.catalog.models import TaskTemplate, TemplateRevision
from apps.core.errors import InvalidInput
from config.settings import base

SHIPPED = Path(base.BASE_DIR) / "fixtures" / "templates"


def write(root: Path, key: str, script: str = "fine\n", **data: Any) -> Path:
    folder = root / key
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "template.json").write_text(json.dumps({"key": key, "name": key.title(), **data}))
    (folder / "script.py").write_text(script)
    return folder


def load(root: Path) -> tuple[str, str, bool]:
    """What load_templates wrote to its two outputs, and whether it succeeded."""
    out, err = StringIO(), StringIO()
    try:
        call_command("load_templates", str(root), stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), err.getvalue() + str(error), False
    return out.getvalue(), err.getvalue(), True


@pytest.mark.django_db
def test_loading_publishes_and_loading_again_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, "alpha", version="2.1.0", note="First.", memory="128MB", is_tested=True, tags=["x"])
    write(tmp_path, "beta")
    assert load(tmp_path) == ("alpha: revision 1 published\nbeta: revision 1 published\n", "", True)
    template = TaskTemplate.objects.select_related("published").get(key="alpha")
    revision = template.published
    assert revision is not None
    assert (template.name, template.tags) == ("Alpha", ["x"])
    assert (revision.version, revision.note, revision.memory_mb, revision.is_tested) == ("2.1.0", "First.", 128, True)
    out, _, _ = load(tmp_path)
    assert out == (
        "alpha: unchanged, revision 1 has this definition\nbeta: unchanged, revision 1 has this definition\n"
    )
    assert TemplateRevision.objects.count() == 2


@pytest.mark.django_db
def test_a_changed_definition_becomes_a_new_published_revision(tmp_path: Path) -> None:
    write(tmp_path, "alpha")
    load(tmp_path)
    write(tmp_path, "alpha", script="better\n", name="Alpha two")
    assert load(tmp_path)[0] == "alpha: revision 2 published\n"
    template = TaskTemplate.objects.select_related("published").get()
    assert template.name == "Alpha two"
    assert template.published is not None
    assert (template.published.number, template.published.script) == (2, "better\n")


@pytest.mark.django_db
def test_loading_does_not_undo_what_an_administrator_published(tmp_path: Path) -> None:
    write(tmp_path, "alpha")
    load(tmp_path)
    template = TaskTemplate.objects.get()
    TaskTemplate.objects.update(name="Our own name")
    publishing.publish(publishing.save_draft(template, None, Definition(script="ours")), None)
    assert load(tmp_path)[0] == "alpha: unchanged, revision 1 has this definition\n"
    template = TaskTemplate.objects.select_related("published").get()
    assert template.published is not None
    assert (template.name, template.published.script) == ("Our own name", "ours")


@pytest.mark.django_db
def test_a_withdrawn_template_stays_withdrawn(tmp_path: Path) -> None:
    write(tmp_path, "alpha")
    load(tmp_path)
    publishing.withdraw(TaskTemplate.objects.get(), None)
    load(tmp_path)
    assert TaskTemplate.objects.get().published is None


@pytest.mark.django_db
def test_a_draft_left_by_an_interrupted_load_is_published(tmp_path: Path) -> None:
    folder = write(tmp_path, "alpha")
    template = TaskTemplate.objects.create(key="alpha", name="Alpha")
    publishing.save_draft(template, None, transfer.read(folder).definition)
    assert load(tmp_path)[0] == "alpha: revision 1 published\n"
    assert TemplateRevision.objects.count() == 1


@pytest.mark.django_db
def test_bad_files_are_reported_with_their_place_and_do_not_stop_the_others(tmp_path: Path) -> None:
    write(tmp_path, "a_json")
    (tmp_path / "a_json" / "template.json").write_text('{\n "name": "x",\n}')
    write(tmp_path, "b_word", estimated_second=3)
    write(tmp_path, "c_script", script="fine\nwrong\n", stages=[{"name": "x", "percent": -1}])
    write(tmp_path, "d_key")
    (tmp_path / "d_key" / "template.json").write_text('{"key": "../x", "name": "x"}')
    write(tmp_path, "e_bytes")
    (tmp_path / "e_bytes" / "script.py").write_bytes(b"\xff\xfe")
    write(tmp_path, "f_limit", priority=500)
    write(tmp_path, "g_memory", memory="lots")
    write(tmp_path, "h_twice")
    (tmp_path / "h_twice" / "template.json").write_text('{"name": "x", "queue": "a", "queue": "b"}')
    write(tmp_path, "i_name", name=" ")
    write(tmp_path, "j_tags", tags="x")
    write(tmp_path, "k_list")
    (tmp_path / "k_list" / "template.json").write_text("[]")
    (tmp_path / "l_deep").mkdir()
    (tmp_path / "l_deep" / "template.json").write_text("[" * 100_000)
    write(tmp_path, "z_good")
    out, err, succeeded = load(tmp_path)
    assert not succeeded
    assert out == "z_good: revision 1 published\n"
    assert [template.key for template in TaskTemplate.objects.all()] == ["z_good"]
    for line in (
        "a_json: template.json line 3, column 1: ",
        "b_word: template.json: “estimated_second” is not known. Did you mean “estimated_seconds”?",
        "c_script: The definition cannot be published: 2 errors, line 2.",
        "  script:2: That is wrong.",
        "  stages.0: A stage has a name",
        "d_key: template.json: the key '../x' must have letters",
        "e_bytes: script.py is not UTF-8 (byte 0). Save it as UTF-8.",
        "f_limit: The definition cannot be published: 1 error. priority: Give a whole number from 0 to 100.",
        "g_memory: “lots” is not an amount of memory. Write it like 512MB",
        "h_twice: template.json: “queue” stands twice",
        "i_name: template.json: give the template a name",
        "j_tags: template.json: tags are a list of words",
        "k_list: template.json must hold one JSON object",
        "l_deep: template.json is nested too deeply",
        "12 of 13 templates could not be loaded.",
    ):
        assert line in err


@pytest.mark.django_db
def test_the_command_says_when_there_is_nothing_to_load(tmp_path: Path) -> None:
    assert "holds no folder with a template.json" in load(tmp_path)[1]
    assert "is not a directory" in load(tmp_path / "missing")[1]


@pytest.mark.django_db
def test_one_folder_can_be_loaded_alone(tmp_path: Path) -> None:
    assert load(write(tmp_path, "alpha"))[0] == "alpha: revision 1 published\n"


def test_what_was_dumped_loads_as_the_same(tmp_path: Path, alice: User) -> None:
    definition = Definition(
        script="first\r\nsecond: “é”\n\n",
        parameter_schema={
            "type": "object",
            "properties": {"zeta": {"type": "string"}, "b": {"type": "integer"}, "a": {"type": "boolean"}},
        },
        triggers={"patterns": [r"(?i)\bx\b"], "keywords": ["x"], "contexts": [], "examples": ["Do x"]},
        outputs={"attachments": [{"type": "pdf", "name": "x_{date}.pdf"}], "notifications": {"channels": ["origin"]}},
        stages=[{"name": "a", "percent": 0}, {"name": "b", "percent": 50.5}],
        required_tools=["crm"],
        memory_mb=128,
        is_cpu_intensive=True,
        queue="slow",
        priority=10,
        retry={"max_attempts": 2, "delays": [0.5]},
        max_calls=7,
        cpu_seconds=8,
        deadline_seconds=9,
        retention_days=0,
        estimated_steps=2,
        estimated_seconds=3,
    )
    template = TaskTemplate.objects.create(
        key="alpha", name="Älpha", description="Long\ntext", category="finance", tags=["x", "y"], is_enabled=False
    )
    revision = publishing.save_draft(template, alice, definition, version="2.1.0", note="Why.")
    publishing.mark_tested(publishing.publish(revision, alice), alice)
    out = StringIO()
    call_command("dump_templates", str(tmp_path), stdout=out)
    assert out.getvalue() == f"{tmp_path / 'alpha'}\n"
    before = (tmp_path / "alpha" / "template.json").read_bytes()

    TaskTemplate.objects.all().delete()
    load(tmp_path)
    loaded = TaskTemplate.objects.select_related("published").get()
    assert loaded.published is not None
    assert Definition.of(loaded.published) == definition
    for name in ("name", "description", "category", "tags", "is_enabled"):
        assert getattr(loaded, name) == getattr(template, name)
    assert (loaded.published.version, loaded.published.note, loaded.published.is_tested) == ("2.1.0", "Why.", True)

    call_command("dump_templates", str(tmp_path / "again"), key="alpha", stdout=StringIO())
    assert (tmp_path / "again" / "alpha" / "template.json").read_bytes() == before
    assert (tmp_path / "again" / "alpha" / "script.py").read_bytes() == definition.script.encode()


def test_a_template_never_published_is_dumped_from_its_newest_draft(tmp_path: Path, draft: TemplateRevision) -> None:
    publishing.save_draft(draft.template, None, Definition(script="newer"))
    call_command("dump_templates", str(tmp_path), stdout=StringIO())
    assert (tmp_path / "report" / "script.py").read_text() == "newer"


@pytest.mark.django_db
def test_dumping_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no template 'missing' to dump"):
        call_command("dump_templates", str(tmp_path), key="missing")


def test_tasks_of_a_workflow_may_have_scripts_in_files_of_their_own(tmp_path: Path) -> None:
    graph = {"groups": [{"name": "G", "tasks": [{"name": "A", "script_file": "a.py"}, {"name": "B", "tool": "x.y"}]}]}
    folder = write(tmp_path, "flow", kind="workflow", graph=graph)
    (folder / "a.py").write_text("text of a\n")

    [group] = transfer.read(folder).definition.graph["groups"]

    assert group == {"name": "G", "tasks": [{"name": "A", "script": "text of a\n"}, {"name": "B", "tool": "x.y"}]}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../a.py", "names a file beside it"),
        ("a.txt", "names a file beside it"),
        (3, "names a"),
        ("b.py", "no file b.py"),
    ],
)
def test_a_script_file_stands_beside_the_template(tmp_path: Path, name: Any, said: str) -> None:
    folder = write(tmp_path, "flow", graph={"tasks": [{"name": "A", "script_file": name}]})
    (tmp_path / "a.py").write_text("secret")
    with pytest.raises(InvalidInput, match=said):
        transfer.read(folder)


@pytest.mark.parametrize("graph", [None, [], "x", {"tasks": 3}, {"groups": [4, {"tasks": [5]}]}])
def test_what_is_no_graph_is_left_to_the_check(tmp_path: Path, graph: Any) -> None:
    assert transfer.read(write(tmp_path, "flow", graph=graph)).definition.graph == graph


@pytest.mark.parametrize("folder", sorted(path.parent.name for path in SHIPPED.glob("*/template.json")))
def test_every_template_that_ships_passes_the_check_against_the_real_tools(folder: str, settings: Any) -> None:
    settings.TASK_KINDS, settings.TOOL_MODULES = base.TASK_KINDS, base.TOOL_MODULES
    file = transfer.read(SHIPPED / folder)
    assert file.key == folder
    assert [str(problem) for problem in validation.check(file.definition)] == []
