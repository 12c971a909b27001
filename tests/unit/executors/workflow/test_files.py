"""A workflow's files are those that its nodes have made; a script's tasks keep theirs to themselves."""

from io import StringIO

import pytest
from django.core.management import call_command

from apps.console.runs import files
from apps.tasks.models import Artifact, Task
from apps.workers.running.slice import drain
from tests import making
from tests.unit.executors.workflow.ran import ran

pytestmark = pytest.mark.django_db(transaction=True)

WRITE = "import report\n\n\ndef run(params):\n    return report.json(name=params['name'], data=params)['name']\n"
SPAWN = "import task\n\n\ndef run(params):\n    return task.gather([{'template': 'writer'}])[0]['status']\n"


@pytest.fixture
def run(alice, settings, tmp_path):
    settings.ARTIFACT_ROOT = tmp_path / "artifacts"
    write = {"script": WRITE, "parameters": {"name": "{letter}.json"}}
    letters = {"array_mapping": {"letter": ["a", "b"]}}
    task = ran({"tasks": [{"name": "Write", **write, "expansion_config": letters}]}, alice)
    assert task.status == "completed", task.error
    return task


def test_the_files_of_nodes_are_the_runs(run):
    assert sorted(each.name for each in Artifact.objects.of(run)) == ["a.json", "b.json"]
    assert not Artifact.objects.filter(task=run).exists()


def test_a_node_has_its_own_only(run):
    names = [[each.name for each in Artifact.objects.of(node)] for node in Task.objects.filter(parent=run)]
    assert sorted(names) == [["a.json"], ["b.json"]]


def test_the_runs_page_its_api_and_the_command_line_have_them(run, client, alice, tmp_path):
    client.force_login(alice)
    page = client.get(f"/admin/tasks/task/{run.pk}/change/").content.decode()
    listed = client.get(f"/api/v1/tasks/{run.pk}/artifacts/").json()["results"]
    call_command("tasks", "files", str(run.pk), "--save", str(tmp_path / "saved"), stdout=StringIO())

    assert "a.json" in page and "b.json" in page
    assert sorted(each["name"] for each in listed) == ["a.json", "b.json"]
    assert sorted(path.name for path in (tmp_path / "saved").iterdir()) == ["a.json", "b.json"]
    for each in listed:
        for task_id in (run.pk, each["url"].split("/")[4]):
            answer = client.get(f"/api/v1/tasks/{task_id}/artifacts/{each['id']}/")
            assert (answer.status_code, len(b"".join(answer.streaming_content))) == (200, each["size"])


@pytest.fixture
def nested(run, alice):
    """A workflow whose node is a workflow, whose node is one: the innermost writes."""
    write = {"script": WRITE, "parameters": {"name": "deep.json"}}
    inner = {"tasks": [{"name": "Innermost", **write}]}
    making.template("", alice, key="inner", kind="workflow", graph=inner)
    middle = {"tasks": [{"name": "Middle", "template": "inner"}]}
    making.template("", alice, key="middle", kind="workflow", graph=middle)
    task = ran({"tasks": [{"name": "Outer", "template": "middle"}, {"name": "Own", **write}]}, alice)
    assert task.status == "completed", task.error
    return task


def test_files_of_workflows_inside_it_are_listed_with_the_nodes_that_made_them(nested, client, alice):
    shown = files.of(nested, alice)
    assert sorted(file.node for file in shown.shown) == ["Outer › Middle › Innermost", "Own"]
    client.force_login(alice)
    page = client.get(f"/admin/tasks/task/{nested.pk}/change/").content.decode()
    assert page.count("deep.json") >= 2 and "Outer › Middle › Innermost</a>" in page
    assert "Files that the script saves" not in page
    listed = client.get(f"/api/v1/tasks/{nested.pk}/artifacts/").json()["results"]
    assert [each["name"] for each in listed] == ["deep.json"] * 2
    for each in listed:
        assert client.get(f"/api/v1/tasks/{nested.pk}/artifacts/{each['id']}/").status_code == 200


def test_a_part_that_somebody_else_asked_for_keeps_its_files_to_itself(nested, alice, charlie):
    deep = Artifact.objects.exclude(task__parent=nested).get(task__in=Task.objects.filter(title__contains="nnermost"))
    Task.objects.filter(pk=deep.task_id).update(requester=charlie)
    assert [file.node for file in files.of(nested, alice).shown] == ["Own"]
    assert deep not in Artifact.objects.of(nested)
    assert files.of(nested, charlie).shown == []


def test_of_very_many_files_the_newest_are_shown(run, alice, client, monkeypatch):
    monkeypatch.setattr(files, "MOST_SHOWN", 1)
    assert ([file.artifact.name for file in files.of(run, alice).shown], files.of(run, alice).is_more) == (
        ["b.json"],
        True,
    )
    client.force_login(alice)
    assert "The newest 1." in client.get(f"/admin/tasks/task/{run.pk}/change/").content.decode()


def test_a_script_that_starts_tasks_does_not_own_their_files(run, alice):
    making.template(WRITE.replace("params['name']", "'own.json'"), alice, key="writer")
    task = making.task(SPAWN, alice, key="spawner")
    drain()
    task.refresh_from_db()
    assert task.returned == "completed"
    assert Artifact.objects.filter(name="own.json").exists()
    assert not Artifact.objects.of(task).exists()
