"""What is told about a storm: for people, and as JSON."""

import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.chaos import clauses, figures, holding, timeline
from tests.chaos.evidence import Evidence
from tests.chaos.place import place
from tests.chaos.storm.faults import Fault

SHOWN = 40
KILLS = {"kill worker", "kill all workers"}


def report(options: dict[str, Any], evidence: Evidence, faults: Sequence[Fault], **facts: Any) -> dict[str, Any]:
    violations = clauses.check(evidence)
    found = resumptions(evidence, faults)
    return {
        **place(),
        **options,
        **facts,
        "counts": asdict(figures.count(evidence)),
        "faults": _by_kind(faults),
        "resume_seconds": resume_seconds(evidence, faults),
        "memory_mb": {role: round(peak / 2**20) for role, peak in evidence.memory.items()},
        "resumed": _spread([one.seconds for one in found]),
        "slowest": timeline.slowest(evidence, found, faults, time.time() - time.monotonic()),
        "longest_overdue_lease": round(holding.longest_overdue(evidence), 1),
        "clauses": clauses.table(evidence),
        "violations": [str(violation) for violation in violations],
        "schedule": [fault.as_json() for fault in faults],
    }


def resumptions(evidence: Evidence, faults: Sequence[Fault]) -> list[figures.Resumption]:
    """Of all workers that were killed at work."""
    kills = {pid: fault.at for fault in faults if fault.kind in KILLS for pid in fault.pids}
    return figures.resumptions(evidence, kills)


def resume_seconds(evidence: Evidence, faults: Sequence[Fault]) -> dict[str, dict[str, float]]:
    """By kind of fault: until a killed worker's own task went on, else until the first attempt began anywhere."""
    waits: dict[str, list[float]] = defaultdict(list)
    for fault in faults:
        own = [one.seconds for one in resumptions(evidence, [fault])]
        waits[fault.kind] += own or figures.first_new_work(evidence, [fault.at])
    return {kind: _spread(found) for kind, found in sorted(waits.items()) if found}


def _spread(found: Sequence[float]) -> dict[str, float]:
    if not found:
        return {"count": 0}
    return {"p50": _rank(found, 0.5), "p95": _rank(found, 0.95), "max": _rank(found, 1.0), "count": len(found)}


def _rank(values: Sequence[float], share: float) -> float:
    return round(sorted(values)[min(len(values) - 1, int(share * len(values)))], 2)


def _by_kind(faults: Sequence[Fault]) -> dict[str, int]:
    kinds: dict[str, int] = defaultdict(int)
    for fault in faults:
        kinds[fault.kind] += 1
    return dict(sorted(kinds.items()))


def as_text(found: dict[str, Any]) -> str:
    counts = found["counts"]
    violations: list[str] = found["violations"]
    lines = [
        f"Storm of {found['minutes']:g} minutes on {found['database']} (artifacts in {found['store']}), seed {found['seed']}: "
        + (f"{len(violations)} VIOLATIONS" if violations else "all invariants kept"),
        f"  {found['at']}, commit {found['commit']}, {found['machine']}",
        (
            f"  clusters {found['clusters']}, workers each {found['workers']}, lease {found['lease']:g} s,"
            f" took {found['seconds']:.0f} s, drained in {found['drain_seconds']:.0f} s"
        ),
        (
            f"  accepted {counts['accepted']}: completed {counts['completed']}, failed {counts['failed']} (dead letters"
            f" {counts['dead_letters']}), cancelled {counts['cancelled']}, open {counts['open']}"
        ),
        (
            f"  LOST {counts['lost']}, DOUBLED {counts['doubled']}; {counts['effects']} effects, of them"
            f" {counts['repeated_in_flight']} in flight when they were cut off (same key, each explained)"
        ),
        (
            f"  attempts {counts['attempts']}, crashed {counts['crashed_attempts']};"
            f" files that no row names {counts['orphan_files']}"
        ),
        "  fault                  times   resumed after p50 / p95 / max (s)",
    ]
    for kind, times in found["faults"].items():
        waits = found["resume_seconds"].get(kind)
        told = f"{waits['p50']:.2f} / {waits['p95']:.2f} / {waits['max']:.2f}" if waits else "-"
        lines.append(f"  {kind:<22} {times:>5}   {told}")
    lines += _of_killed(found)
    lines.append(f"  peak memory (MB): {', '.join(f'{role} {mb}' for role, mb in found['memory_mb'].items())}")
    lines += [*_of_clauses(found["clauses"]), *_stories(found["slowest"])]
    lines += [f"  ! {remark}" for remark in found["remarks"][:SHOWN]]
    lines += [f"  VIOLATION {violation}" for violation in violations[:SHOWN]]
    if len(violations) > SHOWN:
        lines.append(f"  … and {len(violations) - SHOWN} more")
    return "\n".join(lines)


def _of_killed(found: dict[str, Any]) -> list[str]:
    resumed = found["resumed"]
    if not resumed["count"]:
        return []
    told = f"p50 {resumed['p50']:.2f}, p95 {resumed['p95']:.2f}, worst {resumed['max']:.2f} s"
    return [
        f"  {resumed['count']} workers killed at work: their tasks went on after {told}",
        f"  a lease stood run out for {found['longest_overdue_lease']:g} s at most",
    ]


def _of_clauses(table: list[dict[str, Any]]) -> list[str]:
    return [
        f"  {one['invariant']}  {one['says']:<76} {_verdict(one['violations']):<8} {one['looked']}".rstrip()
        for one in table
    ]


def _verdict(violations: int | None) -> str:
    if violations is None:
        return "-"
    return f"{violations} BROKEN" if violations else "kept"


def _stories(slowest: list[list[str]]) -> list[str]:
    return [line for told, *lines in slowest for line in (f"  why so long: {told}", *(f"    {each}" for each in lines))]


def write(found: dict[str, Any], to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(json.dumps(found, indent=1))
    to.with_suffix(".txt").write_text(as_text(found) + "\n")
