"""From how a choice looks to how likely it is right: logistic regression around what other sets of templates taught."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
FEATURES = ("logit", "lead", "nearness", "nearness_lead", "nearest", "over_background")
NEAREST_OF = 3


@dataclass(frozen=True, kw_only=True)
class Prior:
    """Coefficients over standardised features, and how many simulated outcomes they weigh as much as."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    coefficients: tuple[float, ...]
    """The bias last."""
    strength: float


_MEAN = (-0.36, 2.11, 0.39, 0.16, 0.45, 0.12)
_SCALE = (2.0, 1.6, 0.17, 0.15, 0.18, 0.20)
_COEFFICIENTS = (1.8, 1.0, 0.3, 0.2, 0.8, 0.6, 1.8)
PRIORS = {
    blocks: Prior(mean=_MEAN, scale=_SCALE, coefficients=_COEFFICIENTS, strength=20.0)
    for blocks in ("both", "meaning", "words")
}
"""Found on real outcomes of other sets of templates (docs/language.md says which); by the blocks that a fit uses."""


def features(probabilities: Array, nearness: Array, nearest: Array, background: Array) -> tuple[Array, Array]:
    """(choice, features) of each row. `probabilities` ends with the background; `nearness` is the mean of the highest
    similarities to each class's examples, `nearest` the highest of all, `background` the highest to everyday talk."""
    named = np.clip(probabilities[:, :-1], 1e-6, 1 - 1e-6)
    rows = np.arange(len(named))
    choice = named.argmax(axis=1)
    first = named[rows, choice]
    others = named.copy()
    others[rows, choice] = 1e-6
    mine = nearness[rows, choice]
    rivals = nearness.copy()
    rivals[rows, choice] = -1.0
    rival = rivals.max(axis=1) if nearness.shape[1] > 1 else np.zeros(len(named))
    columns = [
        np.log(first / (1 - first)),
        np.log(first / others.max(axis=1)),
        mine,
        mine - np.maximum(rival, 0),
        nearest,
        mine - background,
    ]
    return choice, np.column_stack(columns)


def fit(points: Array, right: Array, weights: Array, prior: Prior) -> Array:
    """Maximum a posteriori by Newton's steps. `weights` sum up to the number of outcomes."""
    wide = standardised(points, prior)
    centre = np.array(prior.coefficients)
    found = centre.copy()
    ridge = prior.strength * np.eye(len(centre))
    for _ in range(12):
        chance = 1 / (1 + np.exp(-np.clip(wide @ found, -30, 30)))
        slope = wide.T @ (weights * (chance - right)) + ridge @ (found - centre)
        curve = (wide * (weights * chance * (1 - chance))[:, None]).T @ wide + ridge
        found = found - np.linalg.solve(curve, slope)
    return found


def chances(points: Array, coefficients: Array, prior: Prior) -> Array:
    return 1 / (1 + np.exp(-np.clip(standardised(points, prior) @ coefficients, -30, 30)))


def standardised(points: Array, prior: Prior) -> Array:
    scaled = (points - np.array(prior.mean)) / np.array(prior.scale)
    return np.hstack([scaled, np.ones((len(points), 1))])
