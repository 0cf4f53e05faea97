"""Average linkage, held against a slow one that shares nothing with it; and what it costs."""

import json
import subprocess
import sys
from fractions import Fraction
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse.csgraph import connected_components

from streamcontract.services.dedupe.clustering import NeighbourGraph, batches, cluster, in_order
from streamcontract.services.dedupe.vectors import TOLERANCE, distances, narrowed, unit

coordinates = st.integers(-3, 3)
vectors = st.integers(1, 4).flatmap(
    lambda size: st.lists(st.lists(coordinates, min_size=size, max_size=size), min_size=1, max_size=9)
)


def slow_distance(one: list[int], other: list[int]) -> float:
    lengths = sum(x * x for x in one) ** 0.5, sum(x * x for x in other) ** 0.5
    if not all(lengths):
        return 2.0
    return 1 - sum(x * y for x, y in zip(one, other, strict=True)) / (lengths[0] * lengths[1])


def slow_clusters(rows: list[list[int]], threshold: float) -> tuple[list[int], float]:
    """The labels by the definition, and how near any decision was to going the other way."""
    clusters = [[position] for position in range(len(rows))]
    closest = np.inf
    while len(clusters) > 1:
        averages = sorted(
            (np.mean([slow_distance(rows[i], rows[j]) for i in one for j in other]), a, b)
            for (a, one), (b, other) in combinations(enumerate(clusters), 2)
        )
        closest = min(closest, abs(averages[0][0] - threshold))
        if len(averages) > 1 and averages[0][0] <= threshold:
            closest = min(closest, averages[1][0] - averages[0][0])
        if averages[0][0] > threshold:
            break
        _, a, b = averages[0]
        clusters[a] += clusters.pop(b)
    return in_order([next(n for n, c in enumerate(clusters) if i in c) for i in range(len(rows))]), closest


@given(vectors, st.sampled_from([0.05, 0.15, 0.4, 0.9, 1.3, 1.9]))
def test_clusters_are_those_of_the_definition(rows: list[list[int]], threshold: float) -> None:
    expected, closest = slow_clusters(rows, threshold)
    assume(closest > 1e-4)  # a tie may be broken either way
    assert cluster(unit(np.array(rows, dtype=np.float32)), threshold) == expected


def test_a_zero_vector_is_alone_until_everything_is_one() -> None:
    rows = unit(np.array([[0, 0], [1, 0], [0, 0], [1, 0]], dtype=np.float32))
    assert cluster(rows, 1.9) == [0, 1, 2, 1]
    assert cluster(rows, 2.0) == [0, 0, 0, 0]


def test_equal_vectors_are_at_distance_zero() -> None:
    rows = unit(np.random.default_rng(1).normal(size=(50, 384)).astype(np.float32))
    assert (np.diag(distances(rows, rows)) == 0).all()
    assert cluster(np.concatenate([rows, rows]), 1e-9) == [*range(50), *range(50)]


@pytest.mark.parametrize("scale", [1e-38, 1e-20, 1.0, 1e20, 3e38])
def test_length_does_not_matter(scale: float) -> None:
    rows = np.array([[1, 0.5], [1, 0.5], [-1, 0.2]], dtype=np.float32)
    assert cluster(unit((rows.astype(np.float64) * scale).astype(np.float32)), 0.1) == [0, 0, 1]


@pytest.mark.parametrize("scale", [5e-324, 1e-300, 1e-60, 1.0, 1e60, 1e307])
def test_numbers_of_64_bits_keep_their_direction(scale: float) -> None:
    rows = unit([narrowed([x * scale for x in row]) for row in ([1, 5], [1, 5], [-1, 2], [0, 0])])
    assert cluster(rows, 0.1) == [0, 0, 1, 2]


def exactly_apart() -> list[tuple[list[int], list[int], float]]:
    """Pairs of vectors of whole numbers whose lengths are whole, too, and their distances."""
    found = []
    for a, b, c, d in product(range(-8, 9, 2), range(-6, 7, 3), range(-9, 10, 3), range(0, 13, 4)):
        lengths = (a * a + b * b) ** 0.5 * (c * c + d * d) ** 0.5
        if lengths and lengths.is_integer():
            found.append(([a, b], [c, d], float(1 - Fraction(a * c + b * d, int(lengths)))))
    return found


def test_what_lies_exactly_on_the_threshold_is_within_it() -> None:
    pairs = [([-6, -3], [-6, 3], 0.4), *exactly_apart()]
    assert len(pairs) > 300
    for one, other, threshold in pairs:
        rows = unit([narrowed(one), narrowed(other)])
        assert cluster(rows, threshold) == [0, 0], (one, other, threshold)
        assert threshold < 3 * TOLERANCE or cluster(rows, threshold - 3 * TOLERANCE) == [0, 1], (one, other, threshold)


def test_an_average_exactly_on_the_threshold_is_within_it() -> None:
    """The third is at 1 − 0.6 from the first and 1 − 0.28 from the second, 0.56 on the average."""
    rows = unit([narrowed(row) for row in ([1, 0, 0], [0.8, 0, 0.6], [0.6, 0.7999999999999999, -1 / 3])])
    apart = distances(rows, rows)
    average = (float(apart[0, 2]) + float(apart[1, 2])) / 2
    assert cluster(rows, average) == [0, 0, 0]
    assert cluster(rows, average - 3 * TOLERANCE) == [0, 0, 1]


clouds = st.builds(
    lambda seed, count, size, spread: unit(
        np.random.default_rng(seed).normal(size=(6, size))[np.arange(count) % 6]
        + spread * np.random.default_rng(seed + 1).normal(size=(count, size))
    ),
    st.integers(0, 10_000),
    st.integers(2, 60),
    st.integers(2, 20),
    st.sampled_from([0.01, 0.1, 0.3, 1.0]),
)


@given(clouds, st.sampled_from([0.05, 0.15, 0.4, 0.9, 1.3]))
def test_components_by_themselves_cluster_as_all_together(rows: Any, threshold: float) -> None:
    apart = distances(rows, rows).astype(float)
    whole = linkage(apart[np.triu_indices(len(rows), 1)], method="average")
    assume(min(np.abs(whole[:, 2] - threshold).min(), np.abs(apart - threshold).min()) > 1e-4)
    assert cluster(rows, threshold) == in_order(fcluster(whole, threshold, criterion="distance"))
    graph = NeighbourGraph(rows, threshold)
    for start, stop in graph.blocks():
        graph.add(start, stop)
    assert in_order(graph.labels) == in_order(connected_components(apart <= threshold, directed=False)[1])


def test_no_vectors_no_clusters() -> None:
    assert cluster(np.zeros((0, 3), dtype=np.float32), 0.15) == []


def test_components_in_many_blocks_are_those_of_all_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    centres = np.random.default_rng(2).normal(size=(40, 16))
    noise = 0.05 * np.random.default_rng(3).normal(size=(200, 16))
    rows = unit((np.tile(centres, (5, 1)) + noise).astype(np.float32))
    whole = cluster(rows, 0.2)
    monkeypatch.setattr("streamcontract.services.dedupe.clustering.BLOCK", 7)
    graph = NeighbourGraph(rows, 0.2)
    assert len(graph.blocks()) == 29
    assert cluster(rows, 0.2) == whole
    assert len(set(whole)) == 40


def test_batches_hold_every_component_once() -> None:
    components = [np.arange(size) for size in (1, 2, 2_000, 3, 500, 900, 1)]
    assert [len(c) for batch in batches(components) for c in batch.components] == [1, 2, 2_000, 3, 500, 900, 1]


MEASURE = """
import json, sys, time
import numpy as np
from streamcontract.services.dedupe.clustering import cluster
from streamcontract.services.dedupe.vectors import unit
rows = unit(np.random.default_rng(0).normal(size=(int(sys.argv[1]), 384)).astype(np.float32))
started = time.process_time()
labels = cluster(rows, 1.5)
seconds = time.process_time() - started
# The high-water mark of this program; `ru_maxrss` is that of the process which started it, where that was larger.
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps([len(set(labels)), seconds, int(status["VmHWM"].split()[0]) / 1024]))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory's high-water mark from /proc")
@pytest.mark.parametrize(("count", "seconds", "mebibytes"), [(2_000, 2, 300), (10_000, None, 4096)])
def test_the_bounds_of_the_service_hold(
    count: int, seconds: float | None, mebibytes: int, record_property: Any
) -> None:
    """The worst case, all in one component, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", MEASURE, str(count)], capture_output=True, check=True, timeout=300)
    clusters, took, peak = json.loads(done.stdout)
    record_property("measured", f"{took:.2f} s of CPU, {peak:.0f} MiB")
    assert clusters == 1
    assert peak < mebibytes
    assert seconds is None or took < seconds
