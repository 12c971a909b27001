"""The figures of an evaluation for people, as text and as a picture, and for programs."""

from collections.abc import Iterator, Sequence
from html import escape
from statistics import mean
from typing import Any

from apps.language.evaluation import scores
from apps.language.evaluation.judging import Verdict
from apps.language.evaluation.scores import Bin, Share

CONFUSIONS, FIELDS = 15, 25
BAR = 30


def text(verdicts: Sequence[Verdict], cost: dict[str, float]) -> Iterator[str]:
    """Line by line."""
    inside = sum(verdict.row.is_in_scope for verdict in verdicts)
    yield f"{len(verdicts)} sentences, {inside} for a template, {len(verdicts) - inside} for none"
    yield ""
    found = scores.shares(verdicts)
    titles = {name: title for name, (_, title, _) in scores.SHARES.items()} | scores.PARAMETERS
    for name, title in titles.items():
        yield f"  {title:62} {_told(found[name])}"
    yield from _languages(verdicts)
    yield from _confusions(verdicts)
    yield from _fields(verdicts)
    yield from _calibration(scores.calibration(verdicts))
    yield ""
    yield "Time: " + ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in cost.items())


def _told(share: Share) -> str:
    return "–" if share.value is None else f"{share.value:6.1%}  ({share.count} of {share.of})"


def _languages(verdicts: Sequence[Verdict]) -> Iterator[str]:
    names = (
        "right_first",
        "started_right",
        "asked",
        "solved",
        "wrong_starts",
        "alone_right",
        "alone_refused",
        "dates_exact",
    )
    languages = scores.by_language(verdicts)
    if len(languages) > 1:
        yield ""
        yield "By language  " + "".join(f"{name.replace('_', ' '):>15}" for name in names)
        for language, found in languages.items():
            values = [found[name].value for name in names]
            yield f"  {language[:10]:11}" + "".join(f"{'–' if one is None else f'{one:.1%}':>15}" for one in values)


def _confusions(verdicts: Sequence[Verdict]) -> Iterator[str]:
    wrong = [(pair, count) for pair, count in scores.confusion(verdicts).most_common() if pair[0] != pair[1]]
    if wrong:
        yield ""
        yield "Confused (expected → what came first)"
    for (wanted, first), count in wrong[:CONFUSIONS]:
        yield f"  {count:4}  {wanted or 'none'} → {first or 'none'}"
    if len(wrong) > CONFUSIONS:
        yield f"  … and {len(wrong) - CONFUSIONS} more pairs; --json has all"


def _fields(verdicts: Sequence[Verdict]) -> Iterator[str]:
    found = fields(verdicts)
    if found:
        yield ""
        yield "Parameters" + " " * 34 + "exact   asked missing   wrong   extra"
    for path, counts in list(found.items())[:FIELDS]:
        yield f"  {path[:40]:40}" + "".join(
            f"{counts.get(name, 0):8}" for name in ("exact", "asked", "missing", "wrong", "extra")
        )


def fields(verdicts: Sequence[Verdict]) -> dict[str, dict[str, int]]:
    """By template and path, how often each result."""
    found: dict[str, dict[str, int]] = {}
    for verdict in verdicts:
        for path, result in (verdict.fields or {}).items():
            counts = found.setdefault(f"{verdict.row.wanted}.{path}", {})
            counts[result] = counts.get(result, 0) + 1
    return dict(sorted(found.items()))


def _calibration(bins: Sequence[Bin]) -> Iterator[str]:
    yield ""
    yield f"Confidence: what was promised, what came true (off by {scores.calibration_error(bins):.1%} on average)"
    for each in bins:
        bar = "█" * round(each.right * BAR)
        yield f"  {each.low:.1f}–{each.high:.1f} {each.count:6} sentences  {each.promised:4.0%} {each.right:4.0%}  {bar}"


def as_json(verdicts: Sequence[Verdict], cost: dict[str, float]) -> dict[str, Any]:
    bins = scores.calibration(verdicts)
    return {
        "sentences": len(verdicts),
        "in_scope": sum(verdict.row.is_in_scope for verdict in verdicts),
        "scores": {name: share.as_json() for name, share in scores.shares(verdicts).items()},
        "by_language": {
            language: {name: share.as_json() for name, share in found.items()}
            for language, found in scores.by_language(verdicts).items()
        },
        "confusion": [
            {"expected": wanted, "first": first, "count": count}
            for (wanted, first), count in scores.confusion(verdicts).most_common()
        ],
        "fields": fields(verdicts),
        "calibration": [vars(each) for each in bins],
        "calibration_error": round(scores.calibration_error(bins), 4),
        "cost": cost,
        "rows": [_row(verdict) for verdict in verdicts],
    }


def _row(verdict: Verdict) -> dict[str, Any]:
    return {
        "line": verdict.row.line,
        "text": verdict.row.text,
        "expected": verdict.row.wanted,
        "taken": verdict.taken,
        "first": verdict.first,
        "shown": list(verdict.shown),
        "confidence": verdict.confidence,
        "parameters": dict(verdict.fields) if verdict.fields is not None else None,
    }


def cost(verdicts: Sequence[Verdict], megabytes: float) -> dict[str, float]:
    """Of one message: milliseconds on average and of the slowest twentieth; the slowest one loads and fits."""
    times = sorted(1000 * verdict.seconds for verdict in verdicts)
    return {
        "mean_ms": round(mean(times), 1),
        "p95_ms": round(times[min(len(times) - 1, int(0.95 * len(times)))], 1),
        "slowest_ms": round(times[-1]),
        "memory_mb": round(megabytes, 1),
    }


def picture(verdicts: Sequence[Verdict]) -> str:
    """The calibration as an SVG: a dot for each tenth, its size by the number of sentences, on the line when promises hold."""
    dots = "".join(
        f'<circle cx="{40 + 300 * each.promised:.0f}" cy="{320 - 300 * each.right:.0f}" '
        f'r="{3 + min(9, each.count**0.5 / 2):.1f}" fill="#2563eb" fill-opacity="0.7">'
        f"<title>{escape(f'{each.count} sentences: {each.promised:.0%} promised, {each.right:.0%} right')}</title></circle>"
        for each in scores.calibration(verdicts)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 360 360" font-family="sans-serif" font-size="12">'
        '<rect width="360" height="360" fill="#fff"/><path d="M40 20V320H340M40 320L340 20" fill="none" stroke="#94a3b8"/>'
        '<text x="190" y="350" text-anchor="middle">confidence</text>'
        '<text x="14" y="170" text-anchor="middle" transform="rotate(-90 14 170)">right</text>'
        f"{dots}</svg>\n"
    )
