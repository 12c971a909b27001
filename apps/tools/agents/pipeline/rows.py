"""A batch of customers: taken in as it is, then judged row by row."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from apps.core import money
from apps.core.errors import ToolError
from apps.core.saying import count
from apps.tools.agents import filing
from apps.tools.agents.contract import Work

Row = Mapping[str, str]
FIELDS = ("code", "name", "email", "city", "country_code", "expected_volume", "currency")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
COUNTRY = re.compile(r"[A-Z]{2}")
AMOUNT = re.compile(r"\d{1,12}(\.\d{1,4})?")
MOST_REJECTED_PERCENT = 20
CUSTOMERS = frozenset({"crm.view_client"})
NOBODY: frozenset[str] = frozenset()


class IngestCustomers:
    """Reads the batch that the parameter `batch` names, as it stands in its file.

    Answers `{"batch": …, "rows": […], "columns": […]}`; every row has its `line` in the file, all other values are text.
    """

    permissions: ClassVar[frozenset[str]] = CUSTOMERS
    has_effects: ClassVar[bool] = False

    def run(self, work: Work) -> Any:
        rows = filing.batch(work.parameters.get("batch"))
        if not rows:
            raise ToolError(f"The batch {work.parameters.get('batch')} has no rows.", kind="ValueError")
        return {
            "batch": work.parameters["batch"],
            "columns": list(rows[0]),
            "rows": [{"line": number, **row} for number, row in enumerate(rows, 2)],
        }


class DataValidator:
    """Judges every row of `customers`, what IngestCustomers has read, and puts the good ones into one shape.

    Answers `{"accepted": […], "rejected": [{"line", "row", "reasons"}], "total", "rejected_percent"}`. A row that repeats the
    code or the address of an earlier one is rejected; nothing is corrected but spaces, and capitals of codes.
    """

    permissions: ClassVar[frozenset[str]] = NOBODY
    has_effects: ClassVar[bool] = False

    def run(self, work: Work) -> Any:
        given = (work.context.get("customers") or {}).get("rows")
        if not given:
            raise ToolError(f"{work.name} needs “customers”: add it to the task's dependencies.", kind="ValueError")
        accepted: list[dict[str, Any]] = []
        rejected: list[dict[str, Any]] = []
        seen: dict[str, int] = {}
        for row in given:
            clean = {name: " ".join(str(row.get(name, "")).split()) for name in FIELDS}
            clean |= {"country_code": clean["country_code"].upper(), "currency": clean["currency"].upper()}
            clean |= {"email": clean["email"].lower()}
            if reasons := [*_wrong(clean), *_repeated(clean, seen)]:
                rejected.append({"line": row["line"], "row": clean, "reasons": reasons})
            else:
                seen |= {clean["code"]: row["line"], clean["email"]: row["line"]}
                accepted.append({"line": row["line"], **clean})
        return {
            "accepted": accepted,
            "rejected": rejected,
            "total": len(given),
            "rejected_percent": round(100 * len(rejected) / len(given), 1),
        }


class CheckRows:
    """Rejects a batch with too many bad rows, or without a good one. A validator: gets `result`, answers a verdict.

    `result` is what DataValidator answered; `most_rejected_percent` among the parameters is the limit, 20 without it.
    Answers `{"valid", "reason", "lines"}`.
    """

    permissions: ClassVar[frozenset[str]] = NOBODY
    has_effects: ClassVar[bool] = False

    def run(self, work: Work) -> Any:
        result = work.parameters.get("result")
        result = result.get("validated_data", result) if isinstance(result, Mapping) else None
        if not isinstance(result, Mapping) or not {"accepted", "rejected"} <= result.keys():
            raise ToolError(f"{work.name} judges what DataValidator answers.", kind="ValueError")
        given = work.parameters.get("most_rejected_percent")
        most = MOST_REJECTED_PERCENT if given is None else given
        good, bad = len(result["accepted"]), len(result["rejected"])
        share = 100 * bad / (good + bad) if good + bad else 100
        said = f"{count(bad, 'row')} of {good + bad:,} cannot be used ({share:.0f} %)"
        is_valid = bool(good) and share <= most
        return {
            "valid": is_valid,
            "reason": f"{said}."
            if is_valid
            else f"{said}; {most:g} % are the most. Correct the batch and send it again.",
            "lines": [each["line"] for each in result["rejected"]],
        }


def _wrong(row: Row) -> Iterator[str]:
    for name, (is_right, advice) in RULES.items():
        if not is_right(row[name]):
            yield f"{name.replace('_', ' ')}: {advice}"


def _repeated(row: Row, seen: Mapping[str, int]) -> Iterator[str]:
    for name in ("code", "email"):
        if row[name] and row[name] in seen:
            yield f"{name}: line {seen[row[name]]} has the same"


RULES: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "code": (lambda text: bool(re.fullmatch(r"[A-Za-z0-9-]{1,40}", text)), "give letters, digits and - only"),
    "name": (bool, "it is missing"),
    "email": (lambda text: bool(EMAIL.fullmatch(text)), "that is no e-mail address"),
    "country_code": (lambda text: bool(COUNTRY.fullmatch(text)), "give two letters, such as DE"),
    "expected_volume": (lambda text: bool(AMOUNT.fullmatch(text)), "give an amount of 0 or more, such as 12500.00"),
    "currency": (money.DIGITS.__contains__, "give a code such as EUR"),
}
