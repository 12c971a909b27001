"""When tasks begin that share workers, limits and cores. Nothing here needs a database."""

from collections.abc import Sequence

from apps.tasks.limits.gates import Bound
from apps.tasks.limits.places import Runner
from apps.tasks.models import Limit, Task
from apps.workers.answers.forecast import Begin, Seat, Waiting, begins

OAK, ELM = (Seat(name=name, host=name, cores=1) for name in ("oak", "elm"))
BOTH = frozenset({"oak", "elm"})
ONE_OF_ONE = Bound(id=1, scope=Limit.Scope.TEMPLATE, queue="", template_id=1, user_id=None, most=1)


def waiting(
    number: int, template: int = 1, *, seconds: float | None = 10, able: frozenset[str] = BOTH, heavy: bool = False
) -> Waiting:
    task = Task(pk=number, template_id=template, requester_id=1, queue="default", is_cpu_intensive=heavy)
    return Waiting(task=task, able=able, seconds=seconds)


def runner(worker: str, left: float | None, template: int = 1, *, heavy: bool = False) -> Runner:
    return Runner(
        task_id=100, title="", template_id=template, requester_id=1, queue="default", limit_key="",
        is_cpu_intensive=heavy, host=worker, worker=worker, seconds_left=left,
    )  # fmt: skip


def told(found: dict[int, Begin]) -> dict[int, tuple[int, float | None]]:
    return {number: (begin.place, begin.seconds) for number, begin in found.items()}


def played(line: Sequence[Waiting], running: Sequence[Runner] = (), bounds: Sequence[Bound] = ()) -> object:
    return told(begins(line, [OAK, ELM], running, bounds))


def test_workers_take_the_line_in_order():
    assert played([waiting(1), waiting(2), waiting(3)]) == {1: (1, 0.0), 2: (2, 0.0), 3: (3, 10.0)}


def test_a_full_limit_lets_others_pass_until_its_holder_ends():
    line = [waiting(1), waiting(2, template=2), waiting(3, template=2)]
    assert played(line, [runner("oak", 4.0)], [ONE_OF_ONE]) == {2: (1, 0.0), 1: (2, 4.0), 3: (3, 10.0)}


def test_a_limit_whose_holder_has_no_known_worker_holds_all_the_same():
    assert played([waiting(1)], [runner("gone", 4.0)], [ONE_OF_ONE]) == {1: (1, 4.0)}


def test_nothing_is_said_of_moments_that_hang_on_something_unknown():
    line = [waiting(1), waiting(2, template=2, seconds=None), waiting(3, template=2)]
    found = played(line, [runner("oak", None)], [ONE_OF_ONE])
    assert found == {2: (1, 0.0), 1: (2, None), 3: (3, None)}
    assert played([waiting(1, able=frozenset({"elm"}))], [runner("oak", None)]) == {1: (1, 0.0)}, (
        "it needs not that one"
    )


def test_what_a_limit_of_none_stops_never_begins():
    closed = Bound(id=1, scope=Limit.Scope.TEMPLATE, queue="", template_id=1, user_id=None, most=0)
    assert played([waiting(1), waiting(2, template=2)], [runner("oak", 5.0)], [closed]) == {2: (1, 0.0)}


def test_a_host_computes_as_much_at_once_as_it_has_registered():
    line = [waiting(1, heavy=True), waiting(2, heavy=True), waiting(3)]
    twice = Seat(name="oak 2", host="oak", cores=1)
    able = frozenset({"oak", "oak 2"})
    line = [waiting(each.task.pk, able=able, heavy=each.task.is_cpu_intensive) for each in line]
    assert told(begins(line, [OAK, twice], [], [])) == {1: (1, 0.0), 3: (2, 0.0), 2: (3, 10.0)}


def test_a_place_counts_those_before_it_at_the_same_workers_only():
    line = [waiting(1, able=frozenset({"oak"})), waiting(2, able=frozenset({"elm"})), waiting(3)]
    assert played(line) == {1: (1, 0.0), 2: (1, 0.0), 3: (3, 10.0)}
