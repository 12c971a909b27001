"""Mails of a real installation: they come from `up`, and a killed one loses none."""

from collections.abc import Iterator

import pytest

from tests import postbox
from tests.chaos.installation import Installation, wait_for
from tests.postbox import Postbox

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]

SCRIPT = """
import task

def run(params):
    return task.approve(f"Question {params['n']}?", users=["ivan"])["decision"]
"""
CAST = f"""
from django.contrib.auth.models import User
from tests import making
boss = User.objects.create_superuser("boss", "boss@example.org", "correct horse battery")
User.objects.create_user("ivan", "ivan@example.org", "correct horse battery", is_staff=True)
making.template({SCRIPT!r}, boss)
"""
TIME_IS_OVER = """
from django.utils import timezone
from apps.tasks.models import Notice
print(Notice.objects.filter(state="taken").update(due_at=timezone.now()))
"""


@pytest.fixture
def box() -> Iterator[Postbox]:
    with postbox.opened() as box:
        yield box


@pytest.fixture
def installation(box: Postbox) -> Iterator[Installation]:
    made = Installation(
        EMAIL_HOST="127.0.0.1", EMAIL_PORT=str(box.port), EMAIL_TIMEOUT="60", SITE_URL="https://chantilly.example.org"
    )
    try:
        made.create()
        made.manage("shell", "-c", CAST)
        made.up()
        yield made
    finally:
        made.destroy()


def ask(installation: Installation, number: int) -> None:
    installation.manage("submit", "sample", "--user", "boss", "--params", f'{{"n": {number}}}')


def test_everything_is_killed_while_the_mail_server_is_silent_and_the_mail_comes_again_and_then_never(
    installation: Installation, box: Postbox
) -> None:
    ask(installation, 1)
    wait_for("the first mail", lambda: box.accepted)
    first = box.accepted[0][1]
    text = first.get_body(("plain",))
    assert first["Subject"] == "To decide: Question 1?" and text is not None
    assert "https://chantilly.example.org/admin/tasks/approval/1/" in text.get_content()
    wait_for("its mark", lambda: installation.sql("SELECT 1 FROM tasks_notice WHERE state = 'sent'"))

    box.is_silent = True
    ask(installation, 2)
    wait_for("the second mail", lambda: len(box.accepted) == 2)
    for process in installation.processes():
        process.kill()
    assert installation.sql("SELECT state FROM tasks_notice ORDER BY id") == [("sent",), ("taken",)]

    box.is_silent = False
    assert installation.manage("shell", "-v", "0", "-c", TIME_IS_OVER).strip() == "1"
    installation.up()
    wait_for(
        "it again", lambda: installation.sql("SELECT state FROM tasks_notice ORDER BY id") == [("sent",), ("sent",)]
    )
    installation.stop()
    numbers = [message["Message-ID"] for _, message in box.accepted]
    assert len(numbers) == 3 and len(set(numbers)) == 2 and numbers[1] == numbers[2]
