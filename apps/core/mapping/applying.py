"""Results into one document, by rules."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from apps.core.jsonpath import BadPath, Limits, NoPlace, PathTooCostly, Place, Target, Writer, target
from apps.core.jsonpath.writing import LIMITS
from apps.core.mapping import errors
from apps.core.mapping.errors import MappingError, in_short
from apps.core.mapping.modes import Misfit, Modes
from apps.core.mapping.rules import Envelope, Rule


def apply(document: Any, rules: Sequence[Rule], results: Iterable[Envelope], *, limits: Limits = LIMITS) -> Any:
    """A copy of the document with the results in it. Costs time by the size of the document and of the results.

    1. The rules are applied in their order, each to its results in their order.
    2. Each result is checked by the rule's format; its variables get into the path; the data is copied there.
    3. Results that no rule names stay out.

    Raises MappingError at the first thing that is wrong; the document that was given is never changed.
    """
    try:
        writer = Writer(document, limits)
    except NoPlace as error:
        raise MappingError(
            errors.LIMIT,
            f"The document to write into cannot be used at {error.at}: {error.message}.",
            details={"at": error.at, "value": in_short(document)},
        ) from None
    by_key: defaultdict[str, list[Envelope]] = defaultdict(list)
    for each in results:
        by_key[each.result_key].append(each)
    for number, rule in enumerate(rules, 1):
        _Application(writer, rule, number).of(by_key.get(rule.result_key, []))
    return writer.document


class _Application:
    """One rule, applied to its results."""

    def __init__(self, writer: Writer, rule: Rule, number: int) -> None:
        self.writer, self.rule, self.number = writer, rule, number
        self.modes = Modes(writer, rule)

    def of(self, results: list[Envelope]) -> None:
        if not results and not self.rule.is_optional:
            raise self._error(
                errors.MISSING,
                f"there is no result “{self.rule.result_key}”",
                suggestions=[f"Let a task produce “{self.rule.result_key}”, or say that the rule is optional."],
            )
        for each in results:
            self._write(each)

    def _write(self, result: Envelope) -> None:
        try:
            self._check(result)
            for place in self.writer.places(self._target(result), result.variables, fill_gaps=self.rule.fill_gaps):
                self._put(place, result.data)
        except NoPlace as error:
            raise self._error(
                errors.BY_REASON[error.reason],
                error.message,
                at=error.at,
                value=in_short(result.data if error.value is None else error.value),
                suggestions=[error.suggestion],
            ) from None
        except PathTooCostly as error:
            raise self._error(errors.LIMIT, error.message, value=in_short(result.data)) from None

    def _put(self, place: Place, data: Any) -> None:
        try:
            self.modes.put(place, data)
        except Misfit as error:
            raise self._error(
                errors.MODE, str(error), at=error.at, value=in_short(data), suggestions=[error.suggestion]
            ) from None

    def _check(self, result: Envelope) -> None:
        if self.rule.format is None:
            return
        self.writer.look(result.data)
        found = self.rule.format.complaints(result.data)
        if not found:
            return
        fields = {f"data.{each.path}".rstrip("."): each.message for each in found}
        where, said = next(iter(fields.items()))
        raise self._error(
            errors.FORMAT,
            f"{where}: {said}",
            at=where,
            value=in_short(found[0].value),
            fields=fields,
            suggestions=[f"{path}: {message}" for path, message in list(fields.items())[:5]],
        )

    def _target(self, result: Envelope) -> Target:
        if not result.path:
            return self.rule.target
        fixed = self.rule.target.fixed
        try:
            own = target(result.path)
        except BadPath as error:
            raise self._error(errors.OUTSIDE, error.message, at=result.path, value=in_short(result.data)) from None
        if own.steps[: len(fixed)] != fixed:
            raise self._error(
                errors.OUTSIDE,
                f"the result's own path {result.path} leads elsewhere",
                at=result.path,
                value=in_short(result.data),
                suggestions=["A result may name a place below the rule's path only."],
            )
        return own

    def _error(self, code: str, why: str, *, suggestions: Sequence[str] = (), **details: Any) -> MappingError:
        rule = self.rule
        about = {"rule": self.number, "result_key": rule.result_key, "path": rule.target.text, **details}
        message = f"Rule {self.number} (“{rule.result_key}” to {rule.target.text}): {why.rstrip('.')}."
        return MappingError(code, message, details=about, suggestions=suggestions)
