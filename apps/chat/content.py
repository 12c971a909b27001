"""What is said in a chat, whatever the platform: plain texts, never markup."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of a card. `note`: from which words the value came, or that it is the default."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Button:
    """`value` comes back when it is pressed, at most 60 characters; `style` says what it does."""

    label: str
    value: str
    style: Literal["", "primary", "danger"] = ""


@dataclass(frozen=True, kw_only=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Content:
    """In this order: the title, the text (paragraphs by blank lines), rows, small notes, links, buttons.

    `percent` is drawn where a platform can draw it, and is in the text where not. `why` explains what was understood,
    under `why_title`: for places that show it on demand; elsewhere people ask for it in words.
    """

    text: str = ""
    title: str = ""
    rows: Sequence[Row] = ()
    notes: Sequence[str] = ()
    links: Sequence[Link] = ()
    buttons: Sequence[Button] = ()
    percent: float | None = None
    why: Sequence[Row] = ()
    why_title: str = ""

    def to_json(self) -> dict[str, Any]:
        data = asdict(self)
        return data if self.why else {name: value for name, value in data.items() if not name.startswith("why")}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Content":
        return cls(
            text=data.get("text", ""),
            title=data.get("title", ""),
            rows=tuple(Row(**each) for each in data.get("rows", ())),
            notes=tuple(data.get("notes", ())),
            links=tuple(Link(**each) for each in data.get("links", ())),
            buttons=tuple(Button(**each) for each in data.get("buttons", ())),
            percent=data.get("percent"),
            why=tuple(Row(**each) for each in data.get("why", ())),
            why_title=data.get("why_title", ""),
        )

    def plain(self) -> str:
        """All of it as plain text, for platforms that know nothing else, for mails and for tests."""
        rows = [f"{row.label}: {row.value}" + (f" ({row.note})" if row.note else "") for row in self.rows]
        links = [f"{link.label}: {link.url}" for link in self.links]
        blocks = [self.title, self.text, "\n".join(rows), "\n".join(self.notes), "\n".join(links)]
        return "\n\n".join(block for block in blocks if block)
