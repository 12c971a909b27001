"""Pages: a slice of an ordered list, with what a caller needs to ask for the next one."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet

from apps.core.errors import ToolError

MAX_SIZE = 100
MAX_IDS = 1000

T = TypeVar("T")
Row = TypeVar("Row")
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """`page` counts from 1; `pages` is at least 1; a page beyond the last one is empty."""

    items: list[T]
    page: int
    pages: int
    total: int


@dataclass(frozen=True, kw_only=True)
class Window:
    """Which page of which size. ToolError for what cannot be one."""

    page: int = 1
    size: int = 50

    def __post_init__(self) -> None:
        whole(self.page, "page")
        whole(self.size, "size")
        if self.page < 1:
            raise wrong("page", f"counts from 1, not {self.page}")
        if not 1 <= self.size <= MAX_SIZE:
            raise wrong("size", f"must be between 1 and {MAX_SIZE}, not {self.size}; ask for more pages instead")

    @property
    def first(self) -> int:
        return (self.page - 1) * self.size


@dataclass(frozen=True, kw_only=True)
class Period:
    """Days from `start` to `end`, both included; None leaves that side open."""

    start: date | None = None
    end: date | None = None

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            # A datetime is a date to Python; comparing it with a day would be off by its time.
            if (day := getattr(self, name)) is not None and type(day) is not date:
                raise wrong(name, f"must be a date such as date(2026, 1, 31), not {type(day).__name__}")
        if self.start and self.end and self.start > self.end:
            raise wrong("start", f"({self.start}) is after end ({self.end}); swap them")


ALWAYS = Period()


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A filter: None lets everything through, an empty list nothing."""

    name: str
    values: Collection[str] | None
    known: Collection[str]
    wanted: list[str] | None = field(init=False)

    def __post_init__(self) -> None:
        if self.values is not None and (isinstance(self.values, str) or not isinstance(self.values, Collection)):
            raise wrong(self.name, f"must be a list such as [{next(iter(self.known))!r}]")
        for value in self.values or []:
            if value not in self.known:
                raise wrong(self.name, f"knows {', '.join(sorted(self.known))}, not {value!r}")
        object.__setattr__(self, "wanted", None if self.values is None else sorted(self.values))


def ids(values: Collection[int] | None, name: str) -> list[int] | None:
    if values is None:
        return None
    if isinstance(values, str) or not isinstance(values, Collection):
        raise wrong(name, "must be a list of ids such as [1, 2]")
    if len(values) > MAX_IDS:
        raise wrong(name, f"takes at most {MAX_IDS} ids, not {len(values)}; ask in several calls")
    for value in values:
        whole(value, name)
    return sorted(set(values))


def whole(value: object, name: str) -> None:
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise wrong(name, f"must be a whole number, not {value!r:.40}")


def wrong(name: str, problem: str) -> ToolError:
    return ToolError(f"{name} {problem}.", kind="ValueError")


def cut(
    rows: "QuerySet[M, Row]",
    window: Window,
    describe: Callable[[list[Row]], Iterable[T]],
    *,
    counted: "QuerySet[Any, Any] | None" = None,
) -> Page[T]:
    """The window of an ordered queryset, in two queries and those of `describe`, which gets the rows of the page.

    `counted` has as many rows as `rows` and is cheaper to count.
    """
    total = (rows if counted is None else counted).count()
    chosen = list(rows[window.first : window.first + window.size]) if window.first < total else []
    return Page(items=list(describe(chosen)), page=window.page, pages=max(1, -(-total // window.size)), total=total)
