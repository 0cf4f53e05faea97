"""Representatives and MMR, by their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.services.dedupe.selection import MarginalRelevance, representatives
from streamcontract.services.dedupe.vectors import unit


def test_the_highest_score_stands_for_its_cluster_the_earliest_of_equal_ones() -> None:
    assert representatives([0.1, 0.9, 0.9, 0.0, 0.0], [0, 0, 0, 1, 1]) == [1, 3]


def picks(rows: list[list[float]], scores: list[float], trade_off: float, count: int, step: int = 64) -> list[int]:
    picker = MarginalRelevance(unit(np.array(rows, dtype=np.float32)), scores, trade_off)
    while len(picker.picked) < count:
        picker.pick(min(step, count - len(picker.picked)))
    return picker.picked


def test_relevance_alone_and_diversity() -> None:
    rows = [[1, 0], [1, 0.01], [0, 1]]
    assert picks(rows, [3, 2, 1], 1.0, 3) == [0, 1, 2]
    assert picks(rows, [3, 2, 1], 0.3, 3) == [0, 2, 1]


def test_equal_scores_count_as_one_and_ties_go_to_the_earliest() -> None:
    assert picks([[1, 0], [0, 1], [-1, 0]], [5, 5, 5], 0.5, 3) == [0, 1, 2]


@given(
    st.lists(
        st.tuples(st.lists(st.integers(-3, 3), min_size=3, max_size=3), st.integers(0, 5)), min_size=1, max_size=8
    ),
    st.sampled_from([0.2, 0.5, 1.0]),
    st.integers(1, 8),
    st.integers(1, 3),
)
def test_picks_are_greedy(items: list[tuple[tuple[int, ...], int]], trade_off: float, count: int, step: int) -> None:
    rows, scores = [list(map(float, row)) for row, _ in items], [float(score) for _, score in items]
    count = min(count, len(rows))
    found = picks(rows, scores, trade_off, count, step)
    assert len(set(found)) == count
    units = unit(np.array(rows, dtype=np.float32))
    low, high = min(scores), max(scores)
    for number, picked in enumerate(found):

        def value(position: int, before: list[int] = found[:number]) -> float:
            scaled = 1.0 if low == high else (scores[position] - low) / (high - low)
            nearest = max([0.0, *(float(units[position] @ units[other]) for other in before)])
            return trade_off * scaled - (1 - trade_off) * nearest

        rest = [position for position in range(len(rows)) if position not in found[:number]]
        assert value(picked) == pytest.approx(max(map(value, rest)), abs=1e-5)
