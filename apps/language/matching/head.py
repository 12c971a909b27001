"""Softmax regression: which of the classes a point is in. Small and dense, fitted by preconditioned gradient steps."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
LOOSENESS = 20.0
"""C: loss = sum of w_i CE_i + |W|^2 / 2C; the bias is free."""


def softmax(scores: Array) -> Array:
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def fit(
    points: Array,
    classes: Array,
    weights: Array,
    count: int,
    spread: Array,
    start: Array | None = None,
    steps: int = 60,
) -> Array:
    """Weights of shape (dimensions + 1, count), the bias last.

    `spread`: the sum of squares of each dimension over all rows of the rotated space, where dimensions are orthogonal.
    So each has a step of its own, 1 over the bound of its curvature, and Nesterov's momentum does the rest; the bias
    is not orthogonal to them, which the factors 1.1 and 11 pay for.
    """
    wide = np.hstack([points, np.ones((len(points), 1), dtype=points.dtype)])
    target = np.zeros((len(points), count), dtype=points.dtype)
    target[np.arange(len(points)), classes] = 1
    ridge = np.full((wide.shape[1], 1), 1 / LOOSENESS, dtype=points.dtype)
    ridge[-1] = 0
    bound = 0.5 * np.append(1.1 * spread, 11.0 * len(points))[:, None].astype(points.dtype) + ridge
    found = np.zeros((wide.shape[1], count), dtype=points.dtype) if start is None else start.copy()
    ahead, momentum = found, 1.0
    for _ in range(steps):
        error = (softmax(wide @ ahead) - target) * weights[:, None]
        moved = ahead - (wide.T @ error + ridge * ahead) / bound
        grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = moved + (momentum - 1) / grown * (moved - found)
        found, momentum = moved, grown
    return found


def probabilities(points: Array, weights: Array) -> Array:
    scores: Array = softmax(points @ weights[:-1] + weights[-1])
    return scores
