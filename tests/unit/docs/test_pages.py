"""What the pages name exists: files, commands, settings."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.unit.docs.pages import PAGES, ROOT, page, section

READ = re.compile(r"env\.(?:text|boolean|number|fraction|words|generated_secret)\(\s*['\"]([A-Z0-9_]+)")
SET_BY_THE_SUPERVISOR = {"CLUSTER_QUEUE", "CHANTILLY_WITHOUT_PAGES"}
NAMED_ELSEWHERE = {"DJANGO_SETTINGS_MODULE", "CHANTILLY_HOME", "CHANTILLY_USER"}


def settings_read() -> set[str]:
    files = [path for path in (ROOT / "config" / "settings").glob("*.py") if path.name != "test.py"]
    return {name for path in files for name in READ.findall(path.read_text())}


def test_every_environment_variable_is_described_to_operators():
    assert "DATABASE_URL" in settings_read()
    described = page("docs/operators.md")
    assert [name for name in sorted(settings_read()) if f"`{name}`" not in described] == []


def test_no_variable_is_described_that_nothing_reads():
    table = section(page("docs/operators.md"), "## Environment variables")
    described = set(re.findall(r"^\| `([A-Z0-9_]+)` \|", table, flags=re.MULTILINE))
    assert described - settings_read() - NAMED_ELSEWHERE == set()
    assert settings_read() - described - SET_BY_THE_SUPERVISOR == set()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(path: Path):
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_heading_leads_to_one(path: Path):
    text = path.read_text(encoding="utf-8")
    for file, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)", text):
        target = (path.parent / file) if file else path
        headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert anchor in {_anchor(heading) for heading in headings}, f"{file}#{anchor}"


def _anchor(heading: str) -> str:
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_is_named_exists(path: Path):
    named = set(re.findall(r"manage\.py ([a-z][a-z_]+)", path.read_text(encoding="utf-8")))
    assert named - set(get_commands()) == set()
