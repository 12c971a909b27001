"""What is told about a storm: for people, and as JSON."""

import json
import platform
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.chaos import checker
from tests.chaos.checker import Violation
from tests.chaos.evidence import Evidence
from tests.chaos.storm.faults import Fault

SHOWN = 40


def report(options: dict[str, Any], evidence: Evidence, faults: Sequence[Fault], **facts: Any) -> dict[str, Any]:
    violations = checker.check(evidence)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        **options,
        **facts,
        "counts": asdict(checker.count(evidence)),
        "faults": _by_kind(faults),
        "resume_seconds": resume_seconds(evidence, faults),
        "memory_mb": {role: round(peak / 2**20) for role, peak in evidence.memory.items()},
        "violations": [str(violation) for violation in violations],
        "schedule": [fault.as_json() for fault in faults],
    }


def resume_seconds(evidence: Evidence, faults: Sequence[Fault]) -> dict[str, dict[str, float]]:
    """By kind of fault: until a killed worker's own task went on, else until the first attempt began anywhere."""
    waits: dict[str, list[float]] = defaultdict(list)
    for fault in faults:
        kills = dict.fromkeys(fault.pids, fault.at) if "worker" in fault.kind else {}
        own = list(checker.resumed(evidence, kills).values())
        waits[fault.kind] += own or checker.first_new_work(evidence, [fault.at])
    return {
        kind: {"p50": _rank(found, 0.5), "p95": _rank(found, 0.95), "max": _rank(found, 1.0), "count": len(found)}
        for kind, found in sorted(waits.items())
        if found
    }


def _rank(values: list[float], share: float) -> float:
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
    lines.append(f"  peak memory (MB): {', '.join(f'{role} {mb}' for role, mb in found['memory_mb'].items())}")
    lines += [f"  ! {remark}" for remark in found["remarks"][:SHOWN]]
    lines += [f"  VIOLATION {violation}" for violation in violations[:SHOWN]]
    if len(violations) > SHOWN:
        lines.append(f"  … and {len(violations) - SHOWN} more")
    return "\n".join(lines)


def write(found: dict[str, Any], to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(json.dumps(found, indent=1))
    to.with_suffix(".txt").write_text(as_text(found) + "\n")


__all__ = ["Violation", "as_text", "report", "write"]
