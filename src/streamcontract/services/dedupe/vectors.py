"""Cosine distance between vectors, in blocks of rows that bound the memory."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from streamcontract.services.dedupe.chunks import Vector

__all__ = ["ZERO_DISTANCE", "distances", "unit"]

ZERO_DISTANCE = 2.0
"""How far a vector without a direction is from everything."""

EXACT = 1e-6
"""Below this, the distance of two 32-bit vectors is rounding: equal vectors are at distance 0."""


def unit(vectors: Sequence[Vector] | Vector) -> Vector:
    """The vectors at length 1, as rows; a zero vector stays zero."""
    rows = np.asarray(vectors, dtype=np.float32)
    # Scaled first, so that the squares of very large and very small numbers neither overflow nor vanish.
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=0)
    scaled = np.divide(rows, largest, out=np.zeros_like(rows), where=largest > 0)
    norms = np.linalg.norm(scaled, axis=1, keepdims=True)
    made: Vector = np.divide(scaled, norms, out=scaled, where=norms > 0)
    return made


def distances(rows: Vector, others: Vector) -> npt.NDArray[np.float32]:
    """1 − cosine of each row with each of the others, both at length 1; 2 where one of them is zero."""
    found: npt.NDArray[np.float32] = np.clip(1.0 - rows @ others.T, 0.0, 2.0)
    found[found < EXACT] = 0.0
    found[~rows.any(axis=1), :] = ZERO_DISTANCE
    found[:, ~others.any(axis=1)] = ZERO_DISTANCE
    return found
