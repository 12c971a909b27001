"""The clients, as pages."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from apps.crm.ledger import client_conditions
from apps.crm.models import Client
from apps.crm.pages import Page, Window, cut, ids


@dataclass(frozen=True, kw_only=True)
class ClientRecord:
    """Coordinates are WGS 84 degrees, both or neither."""

    id: int
    code: str
    name: str
    kind: str
    status: str
    country: str
    country_code: str
    city: str
    latitude: float | None
    longitude: float | None
    since: date
    payment_terms_days: int


@dataclass(frozen=True, kw_only=True)
class ClientFilter:
    """None means: no restriction."""

    statuses: Collection[str] | None = None
    kinds: Collection[str] | None = None
    ids: Collection[int] | None = None


def clients(wanted: ClientFilter, window: Window) -> Page[ClientRecord]:
    """By id. Two queries."""
    conditions = {**client_conditions(wanted.statuses, wanted.kinds), "id__in": ids(wanted.ids, "ids")}
    rows = Client.objects.filter(**{name: value for name, value in conditions.items() if value is not None})
    return cut(rows.order_by("id"), window, _records)


def _records(rows: list[Client]) -> Iterable[ClientRecord]:
    names = ClientRecord.__dataclass_fields__
    return (ClientRecord(**{name: getattr(row, name) for name in names}) for row in rows)
