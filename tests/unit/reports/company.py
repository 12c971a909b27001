"""A made-up company whose books the invoice report reads, behind fakes of the tools that page through them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
COUNTRIES = [("Germany", "DE"), ("France", "FR"), ("United Kingdom", "GB"), ("Japan", "JP"), ("Spain", "ES")]
FIRST = [
    "Nordlicht",
    "Atlas",
    "Müller & Söhne",
    "Kestrel",
    "Solaria",
    "Brückner",
    "Évora",
    "Takumi",
    "Hafen",
    "Orion",
    "Vega",
]
SECOND = [
    "Logistics",
    "Maschinenbau",
    "Foods",
    "Energy",
    "Consulting",
    "Optics",
    "Textiles",
    "Software",
    "Medical",
    "Press",
]
SERVICES = [
    ("CONS", "Consulting", "advice", "hour", 120),
    ("MAINT", "Maintenance contract", "support", "month", 480),
    ("TRAIN", "Training day", "advice", "day", 950),
    ("HOST", "Managed hosting", "platform", "month", 260),
    ("AUDIT", "Security audit", "advice", "piece", 4200),
    ("TRANS", "Data migration", "project", "piece", 2600),
    ("LIC", "Licences", "platform", "seat", 35),
]


@dataclass
class Company:
    clients: list[dict[str, Any]] = field(default_factory=list)
    invoices: list[dict[str, Any]] = field(default_factory=list)
    lines: list[tuple[int, str, Decimal, Decimal]] = field(default_factory=list)
    """(invoice id, service code, quantity, revenue)"""


def make(
    invoices: int = 400,
    clients: int = 40,
    seed: int = 7,
    start: date = date(2025, 1, 1),
    end: date = date(2025, 12, 31),
) -> Company:
    """Invoices over the period (and a third as many over the year before) in four currencies, some late, some odd."""
    chance = random.Random(seed)
    company = Company(clients=[_client(number, chance) for number in range(1, clients + 1)])
    days = (end - start).days
    spans = [(start - timedelta(days=days + 1), invoices // 3), (start, invoices)]
    for first, count in spans:
        issued = sorted(first + timedelta(days=int(days * chance.random() ** 0.85)) for _ in range(count))
        for day in issued:
            _invoice(company, day, chance)
    _plant(company, start)
    return company


def _client(number: int, chance: random.Random) -> dict[str, Any]:
    country, code = chance.choice(COUNTRIES)
    name = f"{FIRST[number % len(FIRST)]} {SECOND[number % len(SECOND)]} {chance.choice(['GmbH', 'Ltd', 'SA', 'KK', 'SL'])}"
    return {
        "id": number,
        "code": f"C{number:04}",
        "name": f"{name} {number}" if number > len(FIRST) * len(SECOND) else name,
        "kind": "customer",
        "status": chance.choices(["active", "inactive", "prospect"], [8, 1, 1])[0],
        "country": country,
        "country_code": code,
        "city": "",
        "latitude": None,
        "longitude": None,
        "since": date(2021, 1, 1) + timedelta(days=chance.randrange(1800)),
        "payment_terms_days": chance.choice([14, 30, 45]),
        "_currency": {"JP": "JPY", "GB": "GBP"}.get(code, chance.choice(["EUR", "EUR", "EUR", "USD"])),
        "_weight": chance.random() ** 2 + 0.05,
        "_slow": chance.random(),
    }


def _invoice(
    company: Company, day: date, chance: random.Random, client: dict[str, Any] | None = None
) -> dict[str, Any]:
    client = client or chance.choices(company.clients, [one["_weight"] for one in company.clients])[0]
    number = len(company.invoices) + 1
    codes = chance.sample([service[0] for service in SERVICES], chance.choice([1, 1, 2, 3]))
    factor = Decimal(150) if client["_currency"] == "JPY" else Decimal(1)
    subtotal = Decimal(0)
    for code in codes:
        price = next(Decimal(service[4]) for service in SERVICES if service[0] == code) * factor
        quantity = Decimal(chance.choice([1, 1, 2, 5, 10]))
        revenue = quantity * price + Decimal(chance.randrange(0, 99)) / 100 * (factor == 1)
        company.lines.append((number, code, quantity, revenue))
        subtotal += revenue
    tax = (subtotal * Decimal("0.19")).quantize(Decimal("0.0001"))
    due = day + timedelta(days=client["payment_terms_days"])
    status = chance.choices(["paid", "open", "draft", "void"], [84, 12, 2, 2])[0]
    paid_on = None
    paid = Decimal(0)
    if status == "paid":
        paid, paid_on = subtotal + tax, due + timedelta(days=int(chance.gauss(client["_slow"] * 20 - 8, 8)))
        paid_on = max(paid_on, day)
    elif status == "open" and chance.random() < 0.2:
        paid, paid_on = (subtotal / 3).quantize(Decimal("0.01")), day + timedelta(days=20)
    invoice = {
        "id": number,
        "number": f"INV-{day:%Y}-{number:05}",
        "client_id": client["id"],
        "issued_on": day,
        "due_on": due,
        "status": status,
        "currency": client["_currency"],
        "subtotal": subtotal,
        "tax": tax,
        "total": subtotal + tax,
        "paid": paid,
        "paid_on": paid_on,
        "service_codes": sorted(codes),
    }
    company.invoices.append(invoice)
    return invoice


def _plant(company: Company, start: date) -> None:
    """A duplicate, a double payment, an outlier and a weekend burst, all in the period."""
    chance = random.Random(1)
    client = next(one for one in company.clients if one["status"] == "active")
    monday = start + timedelta(days=(7 - start.weekday()) % 7 + 28)
    first = _invoice(company, monday, chance, client)
    second = _invoice(company, monday + timedelta(days=2), chance, client)
    for one in (first, second):
        one.update(status="paid", paid_on=one["due_on"])
    for key in ("subtotal", "tax", "total", "service_codes"):
        second[key] = first[key]
    first["paid"], second["paid"] = first["total"] * 2, second["total"]
    for _ in range(9):
        usual = _invoice(company, monday + timedelta(days=40), chance, client)
        usual.update(status="paid", subtotal=Decimal(1000 + len(company.invoices)), tax=Decimal(0))
        usual.update(total=usual["subtotal"], paid=usual["subtotal"], paid_on=usual["due_on"])
    usual.update(subtotal=Decimal(990_000), total=Decimal(990_000), paid=Decimal(990_000))
    for _ in range(6):
        _invoice(company, monday + timedelta(days=5 + 70), chance, client).update(status="paid")
    company.invoices.sort(key=lambda one: (one["issued_on"], one["id"]))


class FakeCrm:
    """Pages like the real tool; `slow_page` answers once with less, as if the data had changed."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.calls: list[str] = []

    def invoices(self, **filters: Any) -> dict[str, Any]:
        self.calls.append("invoices")
        return self._page(list(self._chosen(filters)), filters)

    def clients(self, *, ids: list[int], page: int = 1, size: int = 50) -> dict[str, Any]:
        self.calls.append("clients")
        found = [_public(one) for one in self.company.clients if one["id"] in ids]
        return self._page(found, {"page": page, "size": size})

    def services(self, **filters: Any) -> dict[str, Any]:
        rows = [
            {
                **row,
                "first_on": TODAY,
                "last_on": TODAY,
                "name": _named(row["code"])[1],
                "category": _named(row["code"])[2],
                "unit": "x",
            }
            for row in self._sold(filters, by_month=False)
        ]
        return self._page(rows, filters)

    def service_months(self, **filters: Any) -> dict[str, Any]:
        return self._page(self._sold(filters, by_month=True), filters)

    def _sold(self, filters: dict[str, Any], *, by_month: bool) -> list[dict[str, Any]]:
        chosen = {one["id"]: one for one in self._chosen(filters) if one["status"] in ("open", "paid")}
        sums: dict[tuple[Any, ...], dict[str, Any]] = {}
        for invoice_id, code, quantity, revenue in self.company.lines:
            if invoice := chosen.get(invoice_id):
                month = invoice["issued_on"].replace(day=1)
                key = (code, invoice["currency"], month) if by_month else (code, invoice["currency"])
                empty = {
                    "code": code,
                    "currency": invoice["currency"],
                    "quantity": Decimal(0),
                    "revenue": Decimal(0),
                    "frequency": 0,
                }
                row = sums.setdefault(key, {**empty, **({"month": month} if by_month else {})})
                row["quantity"] += quantity
                row["revenue"] += revenue
                row["frequency"] += 1
        return [sums[key] for key in sorted(sums)]

    def _chosen(self, filters: dict[str, Any]) -> Iterator[dict[str, Any]]:
        status = {one["id"]: one["status"] for one in self.company.clients}
        for invoice in self.company.invoices:
            if (
                filters["start"] <= invoice["issued_on"] <= filters["end"]
                and status[invoice["client_id"]] in filters["client_statuses"]
            ):
                yield invoice

    def _page(self, rows: list[Any], filters: dict[str, Any]) -> dict[str, Any]:
        page, size = filters.get("page", 1), filters.get("size", 50)
        pages = max(-(-len(rows) // size), 1)
        return {"items": rows[(page - 1) * size : page * size], "page": page, "pages": pages, "total": len(rows)}


def _named(code: str) -> tuple[str, str, str, str, int]:
    return next(service for service in SERVICES if service[0] == code)


def _public(client: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in client.items() if not key.startswith("_")}
