"""How well a template is told from the others by its own examples, each taken away while it is tried."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from apps.language.contract import TemplateCard
from apps.language.matching import evidence, relevance
from apps.language.matching.deciding import ASK, SURE


@dataclass(frozen=True, kw_only=True)
class Example:
    """`goes_to` is the name of the template that came first, "" for none; `is_understood` where it is this one."""

    text: str
    goes_to: str
    chance: float
    is_understood: bool

    @property
    def percent(self) -> int:
        return round(100 * self.chance)


@dataclass(frozen=True, kw_only=True)
class Understood:
    examples: Sequence[Example]

    @property
    def count(self) -> int:
        return sum(example.is_understood for example in self.examples)

    def __str__(self) -> str:
        """Such as "12 of 14 understood; 2 go to Client analysis"."""
        if not self.examples:
            return "No examples. Ten sentences that people would write make a template understood."
        astray = Counter(example.goes_to for example in self.examples if not example.is_understood)
        told = [f"{_go(count)} {f'to {name}' if name else 'nowhere'}" for name, count in astray.most_common()]
        return "; ".join([f"{self.count} of {len(self.examples)} understood", *told])


def of_template(card: TemplateCard, others: Sequence[TemplateCard]) -> Understood:
    """The card's examples against all templates: `others` are those beside which it is to stand."""
    cards = [card, *(other for other in others if other.key != card.key)]
    texts = list(dict.fromkeys(card.examples))
    if not texts:
        return Understood(examples=())
    found = evidence.held_out(cards)
    return Understood(examples=tuple(_example(text, card, cards, found.get(text)) for text in texts))


def _example(text: str, card: TemplateCard, cards: Sequence[TemplateCard], found: tuple[int, float] | None) -> Example:
    hits = [each.key for each in cards if any(pattern.search(text) for pattern in relevance.patterns(each))]
    if hits == [card.key]:
        return Example(text=text, goes_to=card.name, chance=SURE, is_understood=True)
    choice, chance = found or (0, 0.0)
    name = cards[choice].name if chance >= ASK else ""
    return Example(text=text, goes_to=name, chance=chance, is_understood=choice == 0 and chance >= ASK)


def _go(count: int) -> str:
    return f"{count} goes" if count == 1 else f"{count} go"
