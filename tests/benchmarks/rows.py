"""A benchmark's lines: a figure, what it is held against in the same run, and the goal."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """`ratio` is the figure over its reference (or under it: see `goal`). A miss is printed as one."""

    name: str
    database: str
    value: float
    unit: str
    reference: str = ""
    ratio: float | None = None
    goal: str = ""
    is_met: bool | None = None

    def as_json(self) -> dict[str, object]:
        return asdict(self)

    def __str__(self) -> str:
        verdict = {True: "met", False: "MISSED", None: ""}[self.is_met]
        ratio = f"{self.ratio:.2f} × {self.reference}" if self.ratio is not None else self.reference
        return f"{self.name:<44} {self.database:<13} {self.value:>10.2f} {self.unit:<8} {ratio:<34} {self.goal:<10} {verdict}"


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` (0–1) of the values lie; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
