import pytest

from apps.language import commands
from apps.language.contract import OpenTask
from tests.unit.language.evaluation import message

REPORT, CLIENTS = OpenTask(id=7, title="Invoice report for 2025"), OpenTask(id=9, title="Client analysis")

ONE_TASK = """
cancel task 12 | cancel | 12
cancel 12 | cancel | 12
Cancel task #12, please! | cancel | 12
can you cancel task 12 | cancel | 12
stop task 12 | cancel | 12
abort 12 | cancel | 12
/cancel 12 | cancel | 12
I don't need task 12 any more | cancel | 12
stop it | cancel | 7
stop the task | cancel | 7
cancel | cancel | 7
please stop the invoice report | cancel | 7
how is 12 going | status | 12
How is task 12 going? | status | 12
how's it going | status | 7
how is my task coming along | status | 7
status | status | 7
status 12 | status | 12
status of task 12 | status | 12
check task status | status | 7
task progress | status | 7
show me the progress of task 12 | status | 12
what's the status of the invoice report? | status | 7
task 12 status | status | 12
task 12 | status | 12
#12 | status | 12
is it done yet? | status | 7
is task 12 finished | status | 12
when will it be ready? | status | 7
what is task 12 doing? | status | 12
pause task 12 | pause | 12
pause it please | pause | 7
put task 12 on hold | pause | 12
resume task 12 | resume | 12
continue | resume | 7
go on with 12 | resume | 12
retry task 12 | retry | 12
retry | retry | 7
run task 12 again | retry | 12
try again | retry | 7
rerun job 12 | retry | 12
"""
NO_TASK = """
list running tasks | list
list tasks | list
show my tasks | list
which tasks are running? | list
what is running | list
running tasks | list
tasks | list
list mine | list
show me mine | list
list my schedules | schedules
what is scheduled? | schedules
task queue status | queue
queue status | queue
show me the queue | queue
what's in the queue? | queue
how long is the queue | queue
how are the queues | queue
how is the queue doing? | queue
how many tasks are waiting | queue
"""
NO_COMMAND = """
cancel my subscription
stop the music
cancel the client meeting
status report for last year
task force meeting
continue the story
pause the video
retry payment
how is the weather going
how are you
is the printer ready
what is it
end of year report
run the invoice report for last year
generate invoice report
list all invoices
list clients
show the invoices
hold my beer
i need 12 invoices
resume of the candidate
the queue at the cinema is long
helpful report
"""


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


@pytest.mark.parametrize(("text", "verb", "task_id"), rows(ONE_TASK))
def test_command_names_its_task(text: str, verb: str, task_id: str) -> None:
    meant = commands.read(message(text, open_tasks=[REPORT]))
    assert meant and meant.command
    assert (meant.intent, meant.command.verb, meant.command.task_id) == ("command", verb, int(task_id))
    assert meant.is_ready


@pytest.mark.parametrize(("text", "verb"), rows(NO_TASK))
def test_command_that_needs_no_task(text: str, verb: str) -> None:
    meant = commands.read(message(text))
    assert meant and meant.command
    assert (meant.command.verb, meant.command.task_id, meant.is_ready) == (verb, None, True)


@pytest.mark.parametrize("text", ["help", "Help!", "?", "what can you do?", "what can I ask here", "/help", "commands"])
def test_help_is_a_fixed_word(text: str) -> None:
    meant = commands.read(message(text))
    assert meant and meant.intent == "help"


@pytest.mark.parametrize("text", [row[0] for row in rows(NO_COMMAND)])
def test_ordinary_sentence_is_no_command(text: str) -> None:
    assert commands.read(message(text, open_tasks=[REPORT, CLIENTS])) is None


@pytest.mark.parametrize("text", ["cancel", "stop it", "pause the task", "how is it going", "status"])
def test_several_open_tasks_are_offered_instead_of_guessed(text: str) -> None:
    meant = commands.read(message(text, open_tasks=[REPORT, CLIENTS]))
    assert meant and meant.command and meant.command.task_id is None
    assert not meant.is_ready
    assert [choice.value for choice in meant.questions[0].choices] == [7, 9]


def test_without_open_tasks_the_number_is_asked() -> None:
    meant = commands.read(message("cancel task"))
    assert meant and not meant.is_ready
    assert "cancel task 12" in meant.questions[0].text


def test_several_numbers_are_asked_back_one_at_a_time() -> None:
    meant = commands.read(message("pause tasks 7, 9 and 11"))
    assert meant and [choice.value for choice in meant.questions[0].choices] == [7, 9, 11]


def test_title_of_an_open_task_names_it() -> None:
    meant = commands.read(message("cancel the client analysis", open_tasks=[REPORT, CLIENTS]))
    assert meant and meant.command and meant.command.task_id == 9


@pytest.mark.parametrize("text", ["", " ", "\x00", "please " * 500, "cancel " + "9" * 50, "🙂", "/", "!!!"])
def test_odd_texts_are_no_commands(text: str) -> None:
    assert commands.read(message(text)) is None
