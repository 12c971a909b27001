"""What a rule of the checker finds."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Violation:
    invariant: str
    what: str
    task: int | None = None

    def __str__(self) -> str:
        return f"{self.invariant}: {f'task {self.task}: ' if self.task else ''}{self.what}"
