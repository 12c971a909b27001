"""The author's reference says what the registry says, and is in the repository as the code stands."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.tools import reference, registry


def test_the_page_in_the_repository_is_up_to_date():
    call_command("describe_tools", "--check", stdout=StringIO())


def test_check_fails_for_a_page_that_differs(tmp_path):
    page = tmp_path / "tools.md"
    page.write_text(reference.text() + "an old line\n", encoding="utf-8")

    with pytest.raises(CommandError, match="out of date"):
        call_command("describe_tools", str(page), "--check", stdout=StringIO())


def test_writing_the_page_makes_it_up_to_date(tmp_path):
    page = tmp_path / "new" / "tools.md"

    call_command("describe_tools", str(page), stdout=StringIO())

    call_command("describe_tools", str(page), "--check", stdout=StringIO())


@pytest.mark.parametrize("name", ["crm", "data", "report", "task"])
def test_every_tool_has_its_heading_class_and_permission(name):
    text = reference.text()

    for tool in registry.module(name).tools.values():
        section = text.split(f"### {tool.name}\n")[1].split("\n### ")[0]
        assert f"class `{tool.call_class}`" in section
        assert (f"permission `{tool.permission}`" if tool.permission else "no permission needed") in section


def test_a_long_signature_has_one_argument_a_line_and_says_what_is_given_by_name():
    section = reference.text().split("### crm.payments\n")[1]

    assert "crm.payments(\n    *,\n    start: date | None = None,\n" in section
    assert ") -> PaymentPage" in section


def test_shapes_are_listed_with_their_fields():
    shapes = reference.text().split("### Shapes of crm\n")[1]

    assert "class InvoicePage(TypedDict):\n    items: list[Invoice]\n" in shapes


def test_a_suspending_tool_answers_none():
    assert "task.sleep(seconds: float) -> None" in reference.text()
