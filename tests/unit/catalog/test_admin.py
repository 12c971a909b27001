import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.catalog import publishing
from apps.catalog.definition import Definition
from apps.catalog.forms import RevisionForm
from apps.catalog.models import TaskTemplate, TemplateRevision


def url(name: str, *args: Any) -> str:
    return reverse(f"admin:catalog_tasktemplate_{name}", args=args)


@pytest.fixture
def admin(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def posted(revision: TemplateRevision | None = None, **changes: Any) -> dict[str, Any]:
    """What the editor would send back, with some fields typed over."""
    form = RevisionForm(base=revision)
    data = {name: form[name].value() for name in form.fields}
    data = {name: "" if value is None else value for name, value in data.items() if value is not False}
    return {**data, **changes}


def page(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        page(client.get(address))
    return len(captured)


def test_the_list_shows_what_serves(admin: Client, draft: TemplateRevision) -> None:
    publishing.publish(draft, None)
    TaskTemplate.objects.create(key="empty", name="Empty")
    text = page(admin.get(url("changelist")))
    assert f'<a href="{url("script", "report")}">1 · 1.0.0</a>' in text
    assert ">none</td>" in text
    assert "report" in page(admin.get(url("changelist"), {"in_service": "yes"}))
    assert "1 task template" in page(admin.get(url("changelist"), {"in_service": "no"}))


def test_the_list_asks_the_database_a_bounded_number_of_times(admin: Client, draft: TemplateRevision) -> None:
    publishing.publish(draft, None)
    few = queries(admin, url("changelist"))
    for number in range(20):
        template = TaskTemplate.objects.create(key=f"t{number}", name="T", category=f"c{number % 3}")
        publishing.publish(publishing.save_draft(template, None, Definition()), None)
    assert queries(admin, url("changelist")) == few <= 8


def test_a_revisions_page_asks_the_database_a_bounded_number_of_times(
    admin: Client, alice: User, draft: TemplateRevision
) -> None:
    publishing.publish(publishing.save_draft(draft.template, alice, Definition(script="next")), alice)
    few = queries(admin, url("revision", "report", 2))
    for number in range(10):
        revision = publishing.save_draft(draft.template, alice, Definition(script=f"fine {number}"))
        publishing.publish(revision, alice)
    assert queries(admin, url("revision", "report", 2)) == few <= 10


def test_no_page_of_ours_has_inline_code_or_style(admin: Client, draft: TemplateRevision) -> None:
    publishing.save_draft(draft.template, None, Definition(script="wrong"))
    addresses = [
        url("script", "report"),
        url("revision", "report", 1),
        url("edit", "report"),
        url("change", draft.template.pk),
        url("changelist"),
        url("add"),
    ]
    for address in addresses:
        text = page(admin.get(address))
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), address
        assert not re.search(r"<style|\sstyle=|\son\w+=\"|javascript:", text), address


def test_a_new_template_leads_to_its_first_revision(admin: Client, alice: User) -> None:
    data = {"key": "hello", "name": "Hello", "category": "general", "tags": "a, b ,,c", "is_enabled": "on"}
    response = admin.post(url("add"), data)
    assert response["Location"] == url("edit", "hello")
    template = TaskTemplate.objects.get()
    assert (template.created_by, template.tags) == (alice, ["a", "b", "c"])
    assert "Write the first revision" in page(admin.get(url("script", "hello")))
    page(admin.get(url("edit", "hello")))


def test_the_key_of_a_template_cannot_be_changed(admin: Client, template: TaskTemplate) -> None:
    data = {"key": "other", "name": "Other", "category": "x", "tags": "", "is_enabled": "on"}
    assert admin.post(url("change", template.pk), data).status_code == 302
    template.refresh_from_db()
    assert (template.key, template.name) == ("report", "Other")


def test_saving_makes_a_new_revision_and_leaves_the_old_one(
    admin: Client, alice: User, draft: TemplateRevision
) -> None:
    changes = {
        "script": "better\r\nlines\r\n",
        "version": "2.0.0",
        "note": "Why.",
        "patterns": "(?i)report\r\n\r\n  ^x  ",
        "keywords": "a\nb",
        "required_tools": "crm, task",
        "stages": '[{"name": "fetch", "percent": 10}]',
        "deadline_seconds": "",
        "is_cpu_intensive": "on",
        "_save": "",
    }
    response = admin.post(url("edit", "report"), posted(draft, **changes))
    assert response["Location"] == url("revision", "report", 2)
    saved = TemplateRevision.objects.get(number=2)
    assert (saved.version, saved.note, saved.author, saved.status) == ("2.0.0", "Why.", alice, "draft")
    assert saved.script == "better\nlines\n"
    assert saved.triggers == {"patterns": ["(?i)report", "^x"], "keywords": ["a", "b"], "contexts": [], "examples": []}
    assert (saved.required_tools, saved.stages) == (["crm", "task"], [{"name": "fetch", "percent": 10}])
    assert (saved.is_cpu_intensive, saved.deadline_seconds) == (True, None)
    assert TemplateRevision.objects.get(number=1).script == "fine"
    assert LogEntry.objects.get().change_message == "Saved revision 2 as a draft."
    assert Definition.of(saved).differences(Definition.of(draft)) == [
        "script",
        "triggers",
        "stages",
        "required_tools",
        "is_cpu_intensive",
    ]


def test_saving_without_a_change_gives_the_same_definition(admin: Client, draft: TemplateRevision) -> None:
    admin.post(url("edit", "report"), posted(draft))
    one, two = TemplateRevision.objects.order_by("number")
    assert Definition.of(one) == Definition.of(two)


def test_the_editor_goes_on_from_any_revision(admin: Client, draft: TemplateRevision) -> None:
    publishing.save_draft(draft.template, None, Definition(script="the second"))
    assert "the second" in page(admin.get(url("edit", "report")))
    assert "the second" not in page(admin.get(url("edit", "report"), {"from": "1"}))
    assert admin.get(url("edit", "report"), {"from": "9"}).status_code == 404


GRAPH = {"tasks": [{"name": "First step", "script": "def run(params):\n    return 1\n"}]}


@pytest.fixture
def flow(template: TaskTemplate, settings: Any) -> TemplateRevision:
    settings.TASK_KINDS = {**settings.TASK_KINDS, "workflow": "tests.unit.catalog.kinds.FakeKind"}
    return publishing.save_draft(template, None, Definition(kind="workflow", graph=GRAPH))


def test_the_editor_of_a_workflow_shows_its_graph_and_no_fields_of_scripts(
    admin: Client, flow: TemplateRevision
) -> None:
    shown = page(admin.get(url("edit", "report")))
    assert "First step" in shown and "run.css" in shown
    assert 'name="script"' not in shown and 'name="stages"' not in shown and ">Script<" not in shown

    admin.post(url("edit", "report"), posted(flow, note="Why."))
    one, two = TemplateRevision.objects.order_by("number")
    assert Definition.of(one) == Definition.of(two)


def test_who_makes_a_script_of_a_workflow_is_asked_for_it(admin: Client, flow: TemplateRevision) -> None:
    shown = page(admin.post(url("edit", "report"), posted(flow, kind="script")))
    assert "Write the script" in shown and 'name="script"' in shown
    assert TemplateRevision.objects.count() == 1
    admin.post(url("edit", "report"), posted(flow, kind="script", script="fine"))
    made = TemplateRevision.objects.get(number=2)
    assert (made.kind, made.script, made.graph) == ("script", "fine", {})


def test_a_draft_with_problems_is_saved_and_shows_them_beside_their_lines(
    admin: Client, draft: TemplateRevision
) -> None:
    changes = {"script": "fine\nwrong <b>\nodd", "stages": '[{"name": "x", "percent": 300}]'}
    response = admin.post(url("edit", "report"), posted(draft, **changes), follow=True)
    text = page(response)
    assert "Draft 2 cannot be published: 2 errors." in text
    assert '<a href="#line-2">line 2</a>' in text
    assert "line 2: That is wrong." in text
    assert "line 3: That is odd." in text
    assert "<code>stages.0</code>" in text
    assert "Off because of 2 errors." in text
    assert "wrong &lt;b&gt;" in text
    assert "wrong <b>" not in text


def test_checking_shows_problems_and_saves_nothing(admin: Client, draft: TemplateRevision) -> None:
    text = page(admin.post(url("edit", "report"), posted(draft, script="fine\nwrong", _check="")))
    assert "This definition cannot be published: 1 error." in text
    assert "line 2: That is wrong." in text
    assert "fine\nwrong</textarea>" in text
    text = page(admin.post(url("edit", "report"), posted(draft, script="odd", _check="")))
    assert "has 1 warning" in text
    assert "has no errors" in page(admin.post(url("edit", "report"), posted(draft, _check="")))
    assert TemplateRevision.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stages": "[{"}, "Enter a valid JSON"),
        ({"outputs": "[" * 100_000}, "nested too deeply"),
        ({"outputs": "[" + "9" * 5000 + "]"}, "too many digits"),
        ({"parameter_schema": '{"x": NaN}'}, "Give a finite number"),
        ({"parameter_schema": '{"x": "\\u0000"}'}, "NUL character"),
        ({"outputs": ""}, "Write outputs as JSON"),
        ({"priority": "101"}, "less than or equal to 100"),
        ({"memory_mb": ""}, "This field is required"),
        ({"version": ""}, "This field is required"),
        ({"kind": "dance"}, "Select a valid choice"),
        ({"queue": " "}, "This field is required"),
        ({"script": "x" * 200_001}, "at most 200000 characters"),
    ],
)
def test_what_cannot_be_stored_is_shown_beside_its_field(
    admin: Client, draft: TemplateRevision, changes: dict[str, str], words: str
) -> None:
    text = page(admin.post(url("edit", "report"), posted(draft, **changes)))
    assert words in text
    assert "Not saved: 1 field cannot be stored as written." in text
    assert TemplateRevision.objects.count() == 1


def test_save_and_publish_puts_it_into_service_or_says_why_not(admin: Client, draft: TemplateRevision) -> None:
    text = page(admin.post(url("edit", "report"), posted(draft, script="new", _publish=""), follow=True))
    assert "Revision 2 is in service" in text
    text = page(admin.post(url("edit", "report"), posted(draft, script="wrong", _publish=""), follow=True))
    assert "Revision 3 cannot be published: 1 error, line 1." in text
    published = TaskTemplate.objects.select_related("published").get().published
    assert published is not None
    assert published.number == 2


def test_publishing_rolling_back_and_withdrawing_are_buttons(
    admin: Client, alice: User, draft: TemplateRevision
) -> None:
    publishing.save_draft(draft.template, None, Definition(script="next"))
    assert "Publish revision 1" in page(admin.get(url("revision", "report", 1)))
    admin.post(url("publish", "report", 1))
    admin.post(url("publish", "report", 2))
    text = page(admin.get(url("revision", "report", 1)))
    assert "Roll back to revision 1" in text
    assert "Retired" in text
    admin.post(url("publish", "report", 1))
    template = TaskTemplate.objects.get()
    assert template.published_id == draft.pk
    admin.post(url("withdraw", "report"))
    template.refresh_from_db()
    assert template.published is None
    assert {each.by for each in template.publications.all()} == {alice}
    assert LogEntry.objects.count() == 4
    assert "nothing in service" in page(admin.get(url("script", "report")))


def test_a_get_never_changes_anything(admin: Client, draft: TemplateRevision) -> None:
    for address in (url("publish", "report", 1), url("tested", "report", 1), url("withdraw", "report")):
        assert admin.get(address).status_code == 405
        assert admin.head(address).status_code == 405
    draft.refresh_from_db()
    assert (draft.status, draft.is_tested) == ("draft", False)


def test_a_forged_post_is_refused(alice: User, draft: TemplateRevision) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(url("publish", "report", 1)).status_code == 403


def test_a_revision_is_marked_as_tested_and_back(admin: Client, draft: TemplateRevision) -> None:
    admin.post(url("tested", "report", 1), {"tested": "1"})
    assert TemplateRevision.objects.get().is_tested
    admin.post(url("tested", "report", 1), {"tested": "0"})
    assert not TemplateRevision.objects.get().is_tested


def test_a_revision_is_compared_with_the_one_before_or_another(admin: Client, draft: TemplateRevision) -> None:
    publishing.save_draft(draft.template, None, Definition(script="fine\nsecond", priority=70))
    publishing.save_draft(draft.template, None, Definition(script="fine\nthird", priority=70))
    text = page(admin.get(url("revision", "report", 3)))
    assert "revision 2 to 3" in text
    assert "+1 −1 lines" in text
    assert "Definition</strong>" not in text
    text = page(admin.get(url("revision", "report", 3), {"against": "1"}))
    assert "revision 1 to 3" in text
    assert "Definition</strong>" in text
    assert admin.get(url("revision", "report", 3), {"against": "8"}).status_code == 404
    assert "revision 2 to 3" in page(admin.get(url("revision", "report", 3), {"against": "x"}))


def test_templates_are_turned_off_and_on_as_a_group(admin: Client, template: TaskTemplate) -> None:
    for action, expected in (("disable", False), ("enable", True)):
        text = page(admin.post(url("changelist"), {"action": action, "_selected_action": [template.pk]}, follow=True))
        assert "1 template is turned" in text
        template.refresh_from_db()
        assert template.is_enabled is expected


def test_bob_looks_and_touches_nothing(client: Client, bob: User, draft: TemplateRevision) -> None:
    client.force_login(bob)
    for address in (url("changelist"), url("script", "report"), url("revision", "report", 1)):
        page(client.get(address))
    text = page(client.get(url("revision", "report", 1)))
    assert "you lack the permission to publish" in text
    assert url("publish", "report", 1) not in text
    assert url("edit", "report") not in text
    assert client.get(url("edit", "report")).status_code == 403
    assert client.post(url("edit", "report"), posted(draft)).status_code == 403
    for address in (url("publish", "report", 1), url("tested", "report", 1), url("withdraw", "report")):
        assert client.post(address).status_code == 403
    assert TemplateRevision.objects.get().status == "draft"


def test_dora_saves_and_does_not_publish(client: Client, dora: User, draft: TemplateRevision) -> None:
    client.force_login(dora)
    assert "_publish" not in page(client.get(url("edit", "report")))
    assert client.post(url("edit", "report"), posted(draft, script="doras")).status_code == 302
    assert TemplateRevision.objects.get(number=2).author == dora
    assert client.post(url("publish", "report", 2)).status_code == 403
    assert client.post(url("edit", "report"), posted(draft, _publish="")).status_code == 403
    assert TaskTemplate.objects.get().published is None


def test_charlie_sees_nothing(client: Client, charlie: User, draft: TemplateRevision) -> None:
    addresses = [url("changelist"), url("script", "report"), url("revision", "report", 1), url("edit", "report")]
    client.force_login(charlie)
    for address in addresses:
        assert client.get(address).status_code == 302
    charlie.is_staff = True
    charlie.save()
    for address in [*addresses, url("script", "missing"), url("publish", "report", 1)]:
        assert client.get(address).status_code == 403


def test_what_does_not_exist_is_not_found(admin: Client, draft: TemplateRevision) -> None:
    for address in (url("script", "missing"), url("revision", "report", 9), url("edit", "missing")):
        assert admin.get(address).status_code == 404
    assert admin.post(url("publish", "report", 9)).status_code == 404


def test_a_draft_of_any_shape_has_a_page_and_an_editor(admin: Client, template: TaskTemplate) -> None:
    odd: Any = {
        "parameter_schema": [],
        "triggers": 3,
        "outputs": [],
        "stages": {"a": 1},
        "retry": "x",
        "required_tools": 1,
    }
    publishing.save_draft(template, None, Definition(**odd))
    assert "cannot be published" in page(admin.get(url("script", "report")))
    page(admin.get(url("edit", "report")))
