"""Writing by path: makes the objects and the ends of lists that are missing, never more, within limits.

A Writer copies the document once and each value once for each place, so many small writes cost what they write.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from apps.core.jsonpath.bounds import Bounds, Budget, Run
from apps.core.jsonpath.errors import NoPlace
from apps.core.jsonpath.joining import Joins
from apps.core.jsonpath.reading import normalized
from apps.core.jsonpath.strict import Node
from apps.core.jsonpath.targets import Step, Target, Where
from apps.core.schema import plain
from apps.core.schema.wording import kind

FILTERS = Bounds(nodes=2_000_000, seconds=10.0)


@dataclass(frozen=True, kw_only=True)
class Limits:
    items: int = 100_000  # of one list
    depth: int = 32  # levels of the document
    places: int = 1_000  # that one filter may select for one value
    values: int = 1_000_000  # of one result
    characters: int = 16 << 20  # of the document as JSON, about
    bounds: Bounds = FILTERS  # of all filters together


LIMITS = Limits()


class Place(NamedTuple):
    """Where a value stands or can be put: an object and a name, or a list and an index up to its length."""

    container: Any
    key: str | int
    location: tuple[str | int, ...]

    @property
    def is_there(self) -> bool:
        if isinstance(self.container, dict):
            return self.key in self.container
        return cast(int, self.key) < len(self.container)

    @property
    def value(self) -> Any:
        """None also for what is not there: to a writer both are empty."""
        return self.container[self.key] if self.is_there else None

    def put(self, value: Any) -> None:
        if self.is_there or isinstance(self.container, dict):
            self.container[self.key] = value
        else:
            self.container.append(value)


class Writer:
    """One document that is being written; `document` is its present state.

    After an error the document may hold objects that were made on the way: drop it.
    """

    def __init__(self, document: Any, limits: Limits = LIMITS) -> None:
        """Raises NoPlace when the document is not JSON or beyond the limits."""
        self.limits = limits
        self.characters = 0
        self._root = [self.copy(document, ())]
        self._budget = Budget(limits.bounds)
        self._joins = Joins()
        self._target: Target | None = None

    @property
    def document(self) -> Any:
        return self._root[0]

    def places(self, target: Target, variables: Mapping[str, Any], *, fill_gaps: bool = False) -> list[Place]:
        """Where the target leads; at least one place. Makes what is missing before the last step.

        `fill_gaps` puts null into the places of a list before one that lies behind its end.
        Raises NoPlace, PathTooCostly.
        """
        if target is not self._target:
            self._target = target
            self._joins = Joins()  # what was remembered for the last target may not hold after this one's writes
        steps = target.bound(variables)
        self._check_depth(len(steps))
        run = Run(self.document, variables, self._budget)
        found = [Place(self._root, 0, ())]
        for at, step in enumerate(steps):
            later = steps[at + 1] if at + 1 < len(steps) else None
            found = [child for place in found for child in self._into(place, step, later, run, fill_gaps)]
            if len(found) > self.limits.places:
                raise self._limit(f"The path leads to more than {self.limits.places:,} places", found[0].location)
        return found

    def put(self, place: Place, value: Any) -> None:
        """A copy of the value, in the place of what stands there. Raises NoPlace."""
        if place.is_there:
            self.characters -= _size(place.value)
        else:
            self._count(_size(place.key), place.location)
        place.put(self.copy(value, place.location))

    def add(self, items: list[Any], value: Any, location: tuple[str | int, ...]) -> None:
        """A copy of the value at the end of a list that stands at `location`. Raises NoPlace."""
        self._check_items(len(items), location)
        items.append(self.copy(value, (*location, len(items))))

    def list_at(self, place: Place) -> list[Any]:
        """The list that stands there; an empty one is made where nothing does. Raises NoPlace."""
        if place.value is None:
            place.put([])
        if not isinstance(place.value, list):
            raise self._kind(place, "a list")
        return place.value

    def look(self, value: Any, location: tuple[str | int, ...] = ()) -> None:
        """Raises NoPlace when the value is not JSON, or too much for a place there."""
        depth = max(self.limits.depth - len(location), 0)
        caps = plain.Caps(depth=depth, values=self.limits.values, characters=self.limits.characters)
        if said := plain.objection(value, caps):
            path = normalized(location) + (f" → {said[0]}" if said[0] else "")
            raise NoPlace(said[1].rstrip("."), reason="limit", at=path, value=value)

    def copy(self, value: Any, location: tuple[str | int, ...]) -> Any:
        """A copy that shares nothing, and is counted. Raises NoPlace when it is not JSON or there is no room for it."""
        self.look(value, location)
        text = json.dumps(value)
        self._count(len(text), location)
        return json.loads(text)

    def _into(self, place: Place, step: Step, later: Step | None, run: Run, fill_gaps: bool) -> Iterator[Place]:
        match step:
            case str():
                yield Place(self._container(place, {}), step, (*place.location, step))
            case int():
                items = self._container(place, [])
                index = self._index(items, step, place, fill_gaps)
                yield Place(items, index, (*place.location, index))
            case Where():
                yield from self._selected(place, step, later, run)

    def _container(self, place: Place, empty: Any) -> Any:
        if place.value is None:
            self._count(len(str(place.key)) + 6, place.location)
            place.put(empty)
        if type(place.value) is not type(empty):
            raise self._kind(place, "an object" if isinstance(empty, dict) else "a list")
        return place.value

    def _index(self, items: list[Any], index: int, place: Place, fill_gaps: bool) -> int:
        if index >= self.limits.items:
            raise self._limit(
                f"A list has {self.limits.items:,} places at most, so none numbered {index:,}", place.location
            )
        if -len(items) <= index < 0:
            return index + len(items)
        if 0 <= index <= len(items):
            return index
        if index < 0 or not fill_gaps:
            raise NoPlace(
                f"There is no place {index} yet: the list has {len(items):,}",
                reason="gap",
                at=normalized(place.location),
                suggestion='Write the places in order, use the mode "append", or allow gaps: "gaps": "null".',
            )
        self._count(6 * (index - len(items)), place.location)
        items.extend([None] * (index - len(items)))
        return index

    def _selected(self, place: Place, where: Where, later: Step | None, run: Run) -> list[Place]:
        container = place.value
        keys = self._joins.select(where, container, later, run)
        if keys is None:
            keys = [node.parts[-1] for node in where.selector.resolve(Node(container, (), run))]
        if not keys:
            raise NoPlace(
                f"{where.selector} selects nothing",
                reason="nothing",
                at=normalized(place.location),
                value=container,
                suggestion="A filter selects what is there already: write that part first, or correct the filter.",
            )
        return [Place(container, key, (*place.location, key)) for key in keys]

    def _check_items(self, length: int, location: tuple[str | int, ...]) -> None:
        if length >= self.limits.items:
            raise self._limit(f"A list has {self.limits.items:,} places at most", location)

    def _check_depth(self, levels: int) -> None:
        if levels > self.limits.depth:
            raise self._limit(f"A document has {self.limits.depth} levels at most; the path has {levels}", ())

    def _count(self, characters: int, location: tuple[str | int, ...]) -> None:
        self.characters += characters
        if self.characters > self.limits.characters:
            raise self._limit(f"The document would have more than {self.limits.characters:,} characters", location)

    def _limit(self, why: str, location: tuple[str | int, ...]) -> NoPlace:
        suggestion = "Write less, or into several documents."
        return NoPlace(why, reason="limit", at=normalized(location), suggestion=suggestion)

    def _kind(self, place: Place, wanted: str) -> NoPlace:
        at = normalized(place.location)
        return NoPlace(
            f"{at} is {kind(place.value)}, so it cannot be used as {wanted}",
            reason="kind",
            at=at,
            value=place.value,
            suggestion="Correct the path, or write another value there first.",
        )


def _size(value: Any) -> int:
    return len(json.dumps(value))
