"""Clients that leave in the middle of their streams."""

from __future__ import annotations

from streamcontract_harness.bench import Bench
from streamcontract_harness.judge import Judgement
from streamcontract_harness.reading import Reading

__all__ = ["LEAVERS", "leave", "patience"]

LEAVERS = 6
LEAST = 0.2


def patience(bench: Bench) -> float:
    """Seconds after which they leave, whatever has come."""
    return max(LEAST, 3 * bench.first_byte_after)


def leave(bench: Bench) -> list[Judgement]:
    """Several clients ask, and leave: every other one behind the first chunk, the rest behind the head."""
    requests = [bench.fresh() for _ in range(bench.most(LEAVERS))]
    readings = [Reading(leave_after=number % 2) for number in range(1, len(requests) + 1)]
    return bench.together(requests, readings, seconds=patience(bench))
