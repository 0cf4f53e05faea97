"""Which chunk stands for a cluster, and which of those are kept when only some may be: maximal marginal relevance.

Carbonell and Goldstein, "The use of MMR, diversity-based reranking for reordering documents and producing summaries",
1998: each next pick is the most relevant that is not like what was picked already.
"""

from collections.abc import Sequence

import numpy as np

from streamcontract.services.dedupe.vectors import Vector

__all__ = ["MarginalRelevance", "representatives"]

DECIMALS = 6
"""Of a cosine of 32-bit vectors; the rest is rounding."""


def representatives(scores: Sequence[float], labels: Sequence[int]) -> list[int]:
    """For each cluster, in order, the position of its chunk with the highest score; of equal ones the earliest."""
    best: dict[int, int] = {}
    for position, label in enumerate(labels):
        if label not in best or scores[position] > scores[best[label]]:
            best[label] = position
    return [best[label] for label in sorted(best)]


class MarginalRelevance:
    """Picks one chunk after the other; each pick looks once at each chunk."""

    def __init__(self, rows: Vector, scores: Sequence[float], trade_off: float) -> None:
        self.rows = rows
        self.relevance = trade_off * _scaled(np.asarray(scores, dtype=np.float64))
        self.weight = 1.0 - trade_off
        self.nearest = np.zeros(len(rows))
        self.free = np.ones(len(rows), dtype=bool)
        self.picked: list[int] = []

    def pick(self, count: int) -> None:
        """Pick so many more."""
        for _ in range(min(count, len(self.rows) - len(self.picked))):
            value = np.where(self.free, self.relevance - self.weight * self.nearest, -np.inf)
            best = int(np.argmax(value))  # of equal ones the first: the earliest
            self.picked.append(best)
            self.free[best] = False
            # Without the rounding's noise, or it and not the order would break ties.
            cosines = np.round(self.rows @ self.rows[best], DECIMALS)
            np.maximum(self.nearest, cosines, out=self.nearest)


def _scaled(scores: np.ndarray) -> np.ndarray:
    low, high = scores.min(initial=np.inf), scores.max(initial=-np.inf)
    return np.ones_like(scores) if high <= low else (scores - low) / (high - low)
