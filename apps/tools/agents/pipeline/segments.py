"""Customers with what the customer system knows of them, sorted into segments."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.utils import timezone

from apps.core import money
from apps.core.errors import ToolError
from apps.tools import crm
from apps.tools.agents.contract import Work

SIZE = 100
YEAR = timedelta(days=365)
LARGE_FROM = 50_000
BILLED = ["open", "paid"]
READERS = frozenset({"crm.view_client", "crm.view_invoice"})
Row = dict[str, Any]


class DataEnricher:
    """Adds to every accepted row of `validated_data` what the customer system knows: is it a client, what does it owe?

    A row is a client's if code or name are the same. Figures are of the year before the task began, per currency: two
    currencies are never added. Answers the rows as a list, each with `client`, `is_known`, `billed`, `overdue`.
    """

    permissions: ClassVar[frozenset[str]] = READERS
    has_effects: ClassVar[bool] = False

    def run(self, work: Work) -> Any:
        rows = (work.context.get("validated_data") or {}).get("accepted")
        if rows is None:
            raise ToolError(
                f"{work.name} needs “validated_data”: add it to the task's dependencies.", kind="ValueError"
            )
        today = timezone.localtime(work.call.facts()["started_at"]).date()
        clients = _known(work, rows)
        accounts = _accounts(work, [client["id"] for client in clients.values()], today)
        return [_enriched(row, clients.get(row["code"]), accounts) for row in rows]


class SegmentAnalyzer:
    """Sorts the rows of `enriched_data` into segments: each into the first whose rule it fits.

    `large_from` among the parameters is the expected volume from which a new customer is a large one, 50,000 without it.
    Answers `{"segments": [{"name", "rule", "count", "volume", "rows"}], "total"}`, also the empty ones; `volume` is the
    expected one per currency.
    """

    permissions: ClassVar[frozenset[str]] = frozenset()
    has_effects: ClassVar[bool] = False

    def run(self, work: Work) -> Any:
        rows = work.context.get("enriched_data")
        if rows is None:
            raise ToolError(f"{work.name} needs “enriched_data”: add it to the task's dependencies.", kind="ValueError")
        given = work.parameters.get("large_from")
        large = Decimal(str(LARGE_FROM if given is None else given))
        sorted_in: dict[str, list[Row]] = {name: [] for name, _, _ in SEGMENTS}
        for row in rows:
            sorted_in[next(name for name, _, fits in SEGMENTS if fits(row, large))].append(row)
        return {
            "total": len(rows),
            "segments": [
                {
                    "name": name,
                    "rule": rule.format(large=f"{large:,}"),
                    "count": len(sorted_in[name]),
                    "volume": _volume(sorted_in[name]),
                    "rows": sorted_in[name],
                }
                for name, rule, _ in SEGMENTS
            ],
        }


def _is_large(row: Row, large: Decimal) -> bool:
    return Decimal(row["expected_volume"]) >= large


SEGMENTS: Sequence[tuple[str, str, Callable[[Row, Decimal], bool]]] = (
    ("existing, overdue", "is a client and has overdue invoices", lambda row, _: bool(row["overdue"])),
    (
        "existing",
        "is a client and was billed in the last 12 months",
        lambda row, _: row["is_known"] and bool(row["billed"]),
    ),
    ("lapsed", "is a client and was not billed in the last 12 months", lambda row, _: bool(row["is_known"])),
    ("new, large", "is no client and expects {large} or more", _is_large),
    ("new", "is no client and expects less", lambda row, _: True),
)


def _known(work: Work, rows: Sequence[Row]) -> dict[str, Mapping[str, Any]]:
    """The client of each row that is one, by the row's code."""
    by_name = {row["name"].casefold(): row["code"] for row in rows}
    by_code = {row["code"].casefold(): row["code"] for row in rows}
    found: dict[str, Mapping[str, Any]] = {}
    for client in _all(work, crm.clients, kinds=["customer"]):
        code = by_code.get(client["code"].casefold()) or by_name.get(client["name"].casefold())
        if code:
            found.setdefault(code, client)
    return found


def _accounts(work: Work, ids: list[int], today: date) -> dict[int, dict[str, dict[str, Decimal]]]:
    """By client: what was billed in the last year, and what of it is overdue, each by currency."""
    accounts: dict[int, dict[str, dict[str, Decimal]]] = {each: {"billed": {}, "overdue": {}} for each in ids}
    if not ids:
        return accounts
    for invoice in _all(work, crm.invoices, client_ids=ids, statuses=BILLED, start=today - YEAR, end=today):
        account, currency = accounts[invoice["client_id"]], invoice["currency"]
        _add(account["billed"], currency, invoice["subtotal"])
        if invoice["status"] == "open" and invoice["due_on"] < today:
            _add(account["overdue"], currency, invoice["total"] - invoice["paid"])
    return accounts


def _all(work: Work, read: Callable[..., Any], **wanted: Any) -> Iterator[Mapping[str, Any]]:
    """Every row of a read of the customer system, page by page; each page waits for the rate limit."""
    page, pages = 1, 1
    while page <= pages:
        work.call.admit("crm")
        answer = read(work.call, page=page, size=SIZE, **wanted)
        yield from answer["items"]
        page, pages = page + 1, answer["pages"]


def _enriched(row: Row, client: Mapping[str, Any] | None, accounts: Mapping[int, Any]) -> Row:
    account = accounts[client["id"]] if client else {"billed": {}, "overdue": {}}
    named = {name: client[name] for name in ("id", "code", "name", "status", "country")} if client else None
    amounts = {name: _shown(account[name]) for name in account}
    return {**row, "is_known": client is not None, "client": named, **amounts}


def _volume(rows: Sequence[Row]) -> dict[str, str]:
    sums: dict[str, Decimal] = {}
    for row in rows:
        _add(sums, row["currency"], Decimal(row["expected_volume"]))
    return _shown(sums)


def _shown(sums: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: str(money.rounded(amount, currency)) for currency, amount in sums.items() if amount}


def _add(sums: dict[str, Decimal], currency: str, amount: Decimal) -> None:
    sums[currency] = sums.get(currency, Decimal(0)) + amount
