"""The legal moves themselves."""

from django.conf import settings

from apps.tasks.management.commands.draw_states import page
from apps.tasks.states import FINAL, TRANSITIONS, Status


def test_the_page_in_the_documentation_shows_the_legal_moves():
    written = (settings.BASE_DIR / "docs/states.md").read_text()
    assert written == page(), "run: python manage.py draw_states > docs/states.md"


def test_every_status_has_its_moves_and_final_ones_have_none_but_a_persons_retry():
    assert set(TRANSITIONS) == set(Status)
    assert TRANSITIONS[Status.COMPLETED] == TRANSITIONS[Status.CANCELLED] == frozenset()
    assert TRANSITIONS[Status.FAILED] == {Status.PENDING, Status.BLOCKED}
    assert all(status not in afters for status, afters in TRANSITIONS.items())


def test_every_status_can_be_reached_and_every_other_one_can_end():
    reached = {after for afters in TRANSITIONS.values() for after in afters}
    assert reached | {Status.BLOCKED, Status.PENDING} == set(Status)
    for status in set(Status) - FINAL:
        assert _reaches(status, FINAL)


def _reaches(start: Status, goals: frozenset[Status]) -> bool:
    seen, open_ = {start}, [start]
    while open_:
        for after in TRANSITIONS[open_.pop()] - seen:
            seen.add(after)
            open_.append(after)
    return bool(seen & goals)
