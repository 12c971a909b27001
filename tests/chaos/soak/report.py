"""What is told about a soak: for people, and as JSON."""

import json
from pathlib import Path
from typing import Any

SHOWN_SAMPLES = 7


def as_text(found: dict[str, Any]) -> str:
    broken = [verdict for verdict in found["verdicts"] if verdict["broken"]]
    counts = found["counts"]
    lines = [
        f"Soak of {found['minutes']:g} minutes on {found['database']}, {found['clusters']} clusters with"
        f" {found['workers']} workers each, seed {found['seed']}: "
        + (f"{len(broken)} VERDICTS BROKEN" if broken else "nothing grew, nothing stayed held, nothing was lost"),
        f"  {found['at']}, commit {found['commit']}, {found['machine']}",
        (
            f"  accepted {counts['accepted']}: completed {counts['completed']}, failed {counts['failed']}, cancelled"
            f" {counts['cancelled']}, open {counts['open']}; lost {counts['lost']}, doubled {counts['doubled']};"
            f" {counts['effects']} effects, {counts['attempts']} attempts"
        ),
        f"  slots in use at most: {', '.join(f'{scope} {most}' for scope, most in found['used'].items())}",
        "  verdicts",
        *(
            f"  {'BROKEN' if one['broken'] else '    ok'}  {one['what']:<58} {one['found']}"
            for one in found["verdicts"]
        ),
        "  RSS in MB by role, PSS of all, descriptors, database, files, leases",
        *map(_row, _spread(found["samples"])),
        "  idle",
        *map(_row, found["idle"][-1:]),
    ]
    return "\n".join(lines)


def _spread(samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Some of them, evenly, the first and the last included."""
    if len(samples) <= SHOWN_SAMPLES:
        return samples
    return [samples[round(place * (len(samples) - 1) / (SHOWN_SAMPLES - 1))] for place in range(SHOWN_SAMPLES)]


def _row(sample: dict[str, Any]) -> str:
    memory = ", ".join(f"{role} {mb:g}" for role, mb in sample["rss_mb"].items())
    pss = sum(sample["pss_mb"].values())
    return (
        f"  {sample['at'] / 60:5.1f} min  {memory}; PSS {pss:.0f}; descriptors {sum(sample['descriptors'].values())};"
        f" database {sample['database_mb']:g} MB; files {sample['files']}; leases {sample['leases']}"
    )


def write(found: dict[str, Any], to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(json.dumps(found, indent=1))
    to.with_suffix(".txt").write_text(as_text(found) + "\n")
