"""What becomes of what stands at a place already: replace, append, extend, merge."""

from typing import Any

from apps.core.jsonpath import Place, Writer, normalized
from apps.core.jsonpath.comparing import key_of
from apps.core.mapping.rules import Mode, Rule

_Keys = dict[tuple[str, Any], int]


class Misfit(Exception):
    """The data, or what stands there, does not fit the mode."""

    def __init__(self, why: str, *, at: str, suggestion: str) -> None:
        super().__init__(why)
        self.at, self.suggestion = at, suggestion


class Modes:
    """For one rule; remembers which items the lists hold that it merges into, so that each costs its own size only."""

    def __init__(self, writer: Writer, rule: Rule) -> None:
        self.writer, self.rule = writer, rule
        self._merged: dict[int, tuple[list[Any], _Keys]] = {}

    def put(self, place: Place, data: Any) -> None:
        """Raises Misfit, NoPlace."""
        match self.rule.mode:
            case Mode.REPLACE:
                self.writer.put(place, data)
            case Mode.APPEND:
                self.writer.add(self.writer.list_at(place), data, place.location)
            case Mode.EXTEND:
                self._extend(place, data)
            case Mode.MERGE:
                self._merge(place, data if isinstance(data, list) else [data])

    def _extend(self, place: Place, data: Any) -> None:
        if not isinstance(data, list):
            suggestion = 'Let the result be a list, or use the mode "append".'
            raise Misfit('the mode "extend" needs a list as data', at=normalized(place.location), suggestion=suggestion)
        items = self.writer.list_at(place)
        for each in data:
            self.writer.add(items, each, place.location)

    def _merge(self, place: Place, data: list[Any]) -> None:
        items = self.writer.list_at(place)
        keys = self._keys(items)
        for each in data:
            key = self._key(each, place)
            at = keys.setdefault(key, len(items))
            if at == len(items):
                self.writer.add(items, each, place.location)
            else:
                self.writer.put(Place(items, at, (*place.location, at)), {**items[at], **each})

    def _key(self, item: Any, place: Place) -> tuple[str, Any]:
        name = self.rule.merge_key
        key = key_of(item[name]) if isinstance(item, dict) and name in item else None
        if key is None:
            why = f"each item needs “{name}”, a text or a number, to be merged by"
            raise Misfit(why, at=normalized(place.location), suggestion=f"Let each item of the result have “{name}”.")
        return key

    def _keys(self, items: list[Any]) -> _Keys:
        if id(items) not in self._merged:
            found: _Keys = {}
            for number, item in enumerate(items):
                if isinstance(item, dict) and (key := key_of(item.get(self.rule.merge_key, []))) is not None:
                    found.setdefault(key, number)
            self._merged[id(items)] = (items, found)
        return self._merged[id(items)][1]
