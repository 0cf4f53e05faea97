"""Agglomerative clustering by average linkage, cut at a cosine distance.

The threshold is taken with the tolerance that 32 bits ask for, or rounding would decide what lies exactly on it.
Clusters at an average distance up to the threshold hold a pair of chunks at most that far apart. So no merge below the
threshold joins two components of the graph of such pairs, and each component can be clustered by itself: the result is
the same, the memory that of the largest component, and what is done can be told while it is done.

The merging is SciPy's `linkage`, O(n²) in time and memory (Müllner, "Modern hierarchical, agglomerative clustering
algorithms", 2011). It holds the interpreter's lock for seconds, so the service calls it in a process of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage

from streamcontract.services.dedupe.vectors import TOLERANCE, ZERO_DISTANCE, Vector, distances, near

__all__ = ["Batch", "NeighbourGraph", "batches", "cluster", "cluster_batch", "in_order"]

BLOCK = 512
"""Rows of the distance matrix made at once: 20 MB for 10,000 chunks."""

BATCH_PAIRS = 2_000_000
"""Pairs of chunks in one batch of components: half a second of work at most, but for a single larger component."""

SLACK = 1e-5
"""Pairs this far beyond the threshold count as neighbours, too: rounding must not cut a component in two."""

Labels = npt.NDArray[np.int64]


class NeighbourGraph:
    """The components of the graph of all pairs up to the threshold apart, found block by block."""

    def __init__(self, rows: Vector, threshold: float) -> None:
        self.rows, self.limit = rows, threshold + TOLERANCE
        self.labels: Labels = np.arange(len(rows))

    def blocks(self) -> list[tuple[int, int]]:
        """The stretches of rows that `add` is to be called with."""
        if self.limit >= ZERO_DISTANCE:
            self.labels = np.zeros(len(self.rows), dtype=np.int64)  # everything is near to everything
            return []
        return [(start, min(start + BLOCK, len(self.rows))) for start in range(0, len(self.rows), BLOCK)]

    def add(self, start: int, stop: int) -> None:
        """Look at the pairs of these rows with all that follow."""
        labels = self.labels  # the position of each component's first member
        for row in near(self.rows[start:stop], self.rows[start:], self.limit + SLACK):
            met = labels[start:][row]
            if len(met) and (met != met[0]).any():
                joined = np.zeros(len(labels), dtype=bool)
                joined[met] = True
                labels[joined[labels]] = met.min()

    def components(self) -> list[npt.NDArray[np.int64]]:
        """The members of each component, in the order of their first."""
        order = np.argsort(self.labels, kind="stable")
        bounds = np.flatnonzero(np.diff(self.labels[order])) + 1
        return [members for members in np.split(order, bounds) if len(members)]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Some components that are clustered in one go: the members of each."""

    components: tuple[npt.NDArray[np.int64], ...]

    @property
    def pairs(self) -> int:
        """How much work it is."""
        return sum(len(members) ** 2 for members in self.components)


def batches(components: Sequence[npt.NDArray[np.int64]]) -> Iterator[Batch]:
    """Components in batches of about the same work."""
    waiting: list[npt.NDArray[np.int64]] = []
    pairs = 0
    for members in components:
        if waiting and pairs + len(members) ** 2 > BATCH_PAIRS:
            yield Batch(tuple(waiting))
            waiting, pairs = [], 0
        waiting.append(members)
        pairs += len(members) ** 2
    if waiting:
        yield Batch(tuple(waiting))


def cluster_batch(groups: Sequence[Vector], threshold: float) -> list[Labels]:
    """The cluster of each row of each group, numbered from 0 within the group."""
    return [_cluster_one(rows, threshold) for rows in groups]


def _cluster_one(rows: Vector, threshold: float) -> Labels:
    count = len(rows)
    if count == 1:
        return np.zeros(1, dtype=np.int64)
    condensed = np.empty(count * (count - 1) // 2, dtype=np.float64)
    at = 0
    for start in range(0, count, BLOCK):
        for offset, row in enumerate(distances(rows[start : start + BLOCK], rows[start:]), 1):
            following = row[offset:]
            condensed[at : at + len(following)] = following
            at += len(following)
    labels = fcluster(linkage(condensed, method="average"), t=threshold + TOLERANCE, criterion="distance")
    return np.asarray(labels, dtype=np.int64) - 1


def in_order(labels: Sequence[int] | Labels) -> list[int]:
    """The labels, numbered from 0 in the order of each cluster's first chunk."""
    numbers: dict[int, int] = {}
    return [numbers.setdefault(int(label), len(numbers)) for label in labels]


def cluster(rows: Vector, threshold: float) -> list[int]:
    """The cluster of each row (rows at length 1), numbered in the order of their first; all in this process."""
    graph = NeighbourGraph(rows, threshold)
    for start, stop in graph.blocks():
        graph.add(start, stop)
    found = np.zeros(len(rows), dtype=np.int64)
    used = 0
    for members in graph.components():
        labels = _cluster_one(rows[members], threshold)
        found[members] = labels + used
        used += int(labels.max()) + 1
    return in_order(found)
