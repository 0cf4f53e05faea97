"""Vectors without their lengths, and the cosine distance between them, in blocks of rows that bound the memory."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["TOLERANCE", "ZERO_DISTANCE", "Vector", "distances", "narrowed", "near", "unit"]

Vector = npt.NDArray[np.float32]

ZERO_DISTANCE = 2.0
"""How far a vector without a direction is from everything."""

TOLERANCE = 1e-6
"""What 32 bits cannot tell apart: a distance below it is 0, and one this little beyond a threshold is within it."""


def narrowed(numbers: Any) -> Vector:
    """Numbers of 64 bits in 32, scaled to 1 by the largest of each row, so that none overflows or vanishes for being
    all large or small. Raises OverflowError for an integer that no double holds; what is not finite stays so."""
    wide = np.asarray(numbers, dtype=np.float64)
    largest = np.abs(wide).max(axis=-1, keepdims=True, initial=0)
    with np.errstate(invalid="ignore"):
        scaled = np.divide(wide, largest, out=np.zeros_like(wide), where=largest > 0)
    scaled[~np.isfinite(wide)] = np.nan
    return np.asarray(scaled, dtype=np.float32)


def unit(vectors: Sequence[Vector] | Vector) -> Vector:
    """The vectors at length 1, as rows; a zero vector stays zero."""
    rows = np.empty((len(vectors), len(vectors[0]) if len(vectors) else 1), dtype=np.float32)
    for row, vector in zip(rows, vectors, strict=True):  # one by one: others wait while NumPy takes a list as a whole
        row[:] = vector
    # Scaled first, so that the squares of very large and very small numbers neither overflow nor vanish.
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=0)
    scaled = np.divide(rows, largest, out=np.zeros_like(rows), where=largest > 0)
    norms = np.linalg.norm(scaled, axis=1, keepdims=True)
    made: Vector = np.divide(scaled, norms, out=scaled, where=norms > 0)
    return made


def distances(rows: Vector, others: Vector) -> npt.NDArray[np.float32]:
    """1 − cosine of each row with each of the others, both at length 1; 2 where one of them is zero."""
    found: npt.NDArray[np.float32] = rows @ others.T
    # In place, as going through the memory is what takes the time.
    np.subtract(1.0, found, out=found)
    np.clip(found, 0.0, ZERO_DISTANCE, out=found)
    np.multiply(found, found >= TOLERANCE, out=found)
    found[~rows.any(axis=1), :] = ZERO_DISTANCE
    found[:, ~others.any(axis=1)] = ZERO_DISTANCE
    return found


def near(rows: Vector, others: Vector, limit: float) -> npt.NDArray[np.bool_]:
    """Which pairs are at most so far apart, `limit` being below 2."""
    found: npt.NDArray[np.bool_] = rows @ others.T >= 1.0 - limit
    found[~rows.any(axis=1), :] = False
    found[:, ~others.any(axis=1)] = False
    return found
