"""From templates to a fit: a head that names the template of a sentence, and how far it may be believed.

1. Rows: every example; the name, keywords and description, which count less; everyday sentences, which are nobody's.
2. A softmax head over all rows, in a rotated space; everyday sentences are a class of their own.
3. Outcomes are simulated, for nobody has asked anything yet: examples held out (right, or taken for another), everyday
   sentences held out, and the examples of templates left out altogether, which no template may claim.
4. A logistic regression learns from them how likely a choice is right.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from apps.language.matching import calibration, head
from apps.language.matching.space import Space

Array = npt.NDArray[Any]
FOLDS = 5
MOST_GROUPS = 8
BACKGROUND_WEIGHT = 0.3
TOO_NEAR = 0.75
"""An everyday sentence that is so near to an example is somebody's after all."""
HELD_OUT, EVERYDAY, LEFT_OUT = range(3)
SHARES = (0.55, 0.20, 0.25)
"""Of held-out examples, everyday sentences and examples of left-out templates among the simulated outcomes."""
OUTCOMES_PER_EXAMPLE = 2
"""What the simulated outcomes weigh: everyday sentences are as many as one likes, and teach nothing by their number."""
REFIT_STEPS = 25


@dataclass(frozen=True, kw_only=True)
class Rows:
    """`classes`: whose a row is, the number of templates for everyday talk. Extras are rows that are no examples."""

    classes: Array
    weights: Array
    is_example: Array
    count: int

    def only(self, kept: Array) -> "Rows":
        return Rows(
            classes=self.classes[kept], weights=self.weights[kept], is_example=self.is_example[kept], count=self.count
        )

    @property
    def is_background(self) -> Array:
        found: Array = self.classes == self.count
        return found


@dataclass(frozen=True, kw_only=True)
class Fit:
    space: Space
    rows: Rows
    head: Array
    coefficients: Array
    prior: calibration.Prior
    held_out: Array
    """(row, choice, chance that it is right) of each example, by a head that had not seen it."""

    def read(self, similarities: Array) -> tuple[Array, Array, Array]:
        """(probabilities with everyday talk last, choice, chance that the choice is right) of each text."""
        probabilities = head.probabilities(self.space.points(similarities), self.head)
        choice, points = look(probabilities, similarities, self.rows, np.ones(len(self.rows.classes), dtype=bool))
        return probabilities, choice, calibration.chances(points, self.coefficients, self.prior)


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """Simulated; `rows` says of which row each is."""

    points: Array
    right: Array
    kinds: Array
    rows: Array
    choices: Array


def fit(space: Space, similarities: Array, rows: Rows, prior: calibration.Prior) -> Fit:
    points = space.points(similarities)
    spread = (points**2).sum(axis=0)
    weights = head.fit(points, rows.classes, rows.weights, rows.count + 1, spread)
    outcomes = simulated(points, similarities, rows, weights)
    weighed = balance(outcomes.kinds, total=OUTCOMES_PER_EXAMPLE * int(rows.is_example.sum()))
    coefficients = calibration.fit(outcomes.points, outcomes.right, weighed, prior)
    chances = calibration.chances(outcomes.points, coefficients, prior)
    held_out = np.column_stack([outcomes.rows, outcomes.choices, chances])[outcomes.kinds == HELD_OUT]
    return Fit(space=space, rows=rows, head=weights, coefficients=coefficients, prior=prior, held_out=held_out)


def look(probabilities: Array, similarities: Array, rows: Rows, trained: Array) -> tuple[Array, Array]:
    """(choice, features) by what the `trained` rows know."""
    nearness = np.column_stack([_highest(similarities, trained & (rows.classes == each)) for each in range(rows.count)])
    background = _highest(similarities, trained & rows.is_background, most=1)
    nearest = _highest(similarities, trained & ~rows.is_background, most=1)
    return calibration.features(probabilities, nearness, nearest, background)


def _highest(similarities: Array, columns: Array, most: int = calibration.NEAREST_OF) -> Array:
    found = similarities[:, columns]
    if not found.shape[1]:
        return np.full(len(similarities), -1.0)
    most = min(most, found.shape[1])
    mean: Array = np.partition(found, found.shape[1] - most, axis=1)[:, -most:].mean(axis=1)
    return mean


def simulated(points: Array, similarities: Array, rows: Rows, start: Array) -> Outcomes:
    found = [*_held_out(points, similarities, rows, start), *_left_out(points, similarities, rows, start)]
    parts = [np.concatenate(part) for part in zip(*found, strict=True)]
    return Outcomes(points=parts[0], right=parts[1], kinds=parts[2], rows=parts[3], choices=parts[4])


Part = tuple[Array, Array, Array, Array, Array]


def _held_out(points: Array, similarities: Array, rows: Rows, start: Array) -> Iterator[Part]:
    folds = _folds(rows)
    for fold in range(FOLDS):
        tested = np.flatnonzero(folds == fold)
        trained = folds != fold
        yield _outcomes(points, similarities, rows, start, trained, tested, np.arange(rows.count + 1))


def _left_out(points: Array, similarities: Array, rows: Rows, start: Array) -> Iterator[Part]:
    groups = min(max(rows.count // 3, 2), MOST_GROUPS) if rows.count > 1 else 0
    for group in range(groups):
        kept = np.array([each for each in range(rows.count + 1) if each % groups != group or each == rows.count])
        trained = np.isin(rows.classes, kept)
        tested = np.flatnonzero(~trained & rows.is_example)
        if len(tested):
            yield _outcomes(points, similarities, rows, start, trained, tested, kept)


def _outcomes(
    points: Array, similarities: Array, rows: Rows, start: Array, trained: Array, tested: Array, kept: Array
) -> Part:
    """What a head that knows the `trained` rows of the `kept` classes makes of the `tested` rows."""
    renumbered = np.searchsorted(kept, rows.classes[trained])
    weights = head.fit(
        points[trained],
        renumbered,
        rows.weights[trained],
        len(kept),
        (points**2).sum(axis=0),
        start[:, kept],
        REFIT_STEPS,
    )
    probabilities = np.zeros((len(tested), rows.count + 1))
    probabilities[:, kept] = head.probabilities(points[tested], weights)
    choice, features = look(probabilities, similarities[tested], rows, trained)
    right = (choice == rows.classes[tested]).astype(float)
    was_known = np.isin(rows.classes[tested], kept) & ~rows.is_background[tested]
    kinds = np.where(was_known, HELD_OUT, np.where(rows.is_background[tested], EVERYDAY, LEFT_OUT))
    return features, right * was_known, kinds, tested, choice


def _folds(rows: Rows) -> Array:
    """The fold in which a row is held out; -1: always there."""
    folds = np.full(len(rows.classes), -1)
    for each in range(rows.count + 1):
        mine = np.flatnonzero((rows.classes == each) & (rows.is_example | rows.is_background))
        folds[mine] = (np.arange(len(mine)) + each) % FOLDS
    return folds


def balance(kinds: Array, total: int) -> Array:
    """Weights that give the kinds their shares, and sum up to `total`."""
    counts = np.array([(kinds == kind).sum() for kind in range(len(SHARES))])
    shares = np.where(counts > 0, SHARES, 0)
    each = np.divide(shares / max(shares.sum(), 1e-9) * total, counts, out=np.zeros(len(SHARES)), where=counts > 0)
    weights: Array = each[kinds]
    return weights
