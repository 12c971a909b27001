"""Workers and clusters as lines of text."""

from apps.console.terminal.screen import clean
from apps.core import durations
from apps.workers.answers.happenings import Happening
from apps.workers.answers.recovery import Recovered, Report
from apps.workers.answers.standing import ClusterFacts, WorkerDetail, WorkerFacts

MIB = 1024 * 1024


def worker_line(facts: WorkerFacts) -> str:
    doing = _task(facts.doing.task_id, facts.doing.title) if facts.doing else "-"
    asked = f"  ({facts.wish} asked by {facts.wish_by})" if facts.wish and facts.wish_by else ""
    return clean(
        f"{facts.name:16} {facts.word:9} {facts.host:12} {','.join(facts.queues):16} {facts.memory_bytes // MIB:>5} MB"
        f"  beat {durations.describe(facts.heartbeat_age)} ago  {facts.tasks_completed} done, {facts.tasks_failed} failed"
        f"  {doing}{asked}"
    )


def worker_lines(detail: WorkerDetail) -> list[str]:
    facts = detail.facts
    rate = "-" if facts.success_rate is None else f"{100 * facts.success_rate:.0f} %"
    average = "-" if facts.average_seconds is None else durations.describe(facts.average_seconds)
    lines = [
        worker_line(facts),
        f"  cluster {facts.cluster_key or facts.cluster}, {facts.session}, up {durations.describe(facts.uptime_seconds)}",
        f"  kinds {', '.join(facts.kinds)}; tools {', '.join(facts.tools)}; model {facts.model or 'none'}",
        f"  {_used(facts)}",
        f"  {rate} of its tasks succeeded; {average} each; latest beat {facts.beat_lateness:.2f} s late",
    ]
    lines += [f"  rate   {each}" for each in detail.rate_limits]
    lines += [f"  error  {event_line(each)}" for each in detail.errors]
    return [clean(line) for line in lines] + [f"  event  {event_line(each)}" for each in detail.events]


def _used(facts: WorkerFacts) -> str:
    """Memory and processor time, each with the limit at which the worker is recycled."""
    memory = f"of {facts.memory_limit_bytes // MIB} MB" if facts.memory_limit_bytes else "(no limit)"
    cpu = f"of {durations.describe(float(facts.cpu_limit_seconds))}" if facts.cpu_limit_seconds else "(no limit)"
    used = durations.describe(float(round(facts.cpu_seconds)))
    return f"{facts.memory_bytes // MIB} MB {memory}; {used} {cpu} of processor time"


def cluster_line(facts: ClusterFacts) -> str:
    asked = f"  ({facts.wish} asked by {facts.wish_by}: {facts.wish_reason or 'no reason given'})" if facts.wish else ""
    return clean(
        f"{facts.key:20} {facts.word:12} {facts.host:12} {','.join(facts.queues):16}"
        f" {facts.workers} of {facts.size} workers, {facts.busy} busy{asked}"
    )


def event_line(event: Happening) -> str:
    task = f" task {event.task_id}" if event.task_id else ""
    action = f" → {event.action}" if event.action else ""
    again = f", went on at {event.recovered_at:%H:%M:%S}" if event.recovered_at else ""
    who = event.worker or event.cluster
    return clean(f"{event.at:%Y-%m-%d %H:%M:%S}  {who:16} {event.kind:18}{task} {event.reason}{action}{again}")


def recovery_lines(report: Report) -> list[str]:
    lines = [report.message]
    for loss in report.losses:
        lines.append(f"{loss.at:%Y-%m-%d %H:%M:%S}  {loss.worker} on {loss.host}: {loss.reason}")
        lines += [f"    {_recovered(task)}" for task in loss.tasks]
    if report.given_back:
        lines.append("Given back though no worker was lost:")
        lines += [f"    {_recovered(task)}" for task in report.given_back]
    return [clean(line) for line in lines]


def _recovered(task: Recovered) -> str:
    if task.resumed_at is None:
        return f"{_task(task.task_id, task.title)}: {task.status or 'given back'}, not taken again yet"
    place = {"checkpoint": "from a checkpoint", "record": "from the record", "start": "from the start"}[task.source]
    waited = durations.describe(task.waited_seconds or 0.0)
    now = f"; now {task.status}" if task.status else ""
    return (
        f"{_task(task.task_id, task.title)}: went on at {task.resumed_by} {place} after {waited},"
        f" {task.calls_kept} calls not repeated{now}"
    )


def _task(task_id: int | None, title: str) -> str:
    return "a task that you may not see" if task_id is None else f"task {task_id} {title}"
