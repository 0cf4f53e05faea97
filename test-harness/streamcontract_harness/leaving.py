"""Clients that leave in the middle of their streams."""

from __future__ import annotations

from streamcontract_harness.bench import Bench
from streamcontract_harness.judge import Judgement
from streamcontract_harness.reading import Reading

__all__ = ["leave"]

LEAVERS = 6


def leave(bench: Bench) -> list[Judgement]:
    """Several clients ask, and leave: every other one behind the first chunk, the rest behind the head."""
    requests = [bench.fresh() for _ in range(bench.most(LEAVERS))]
    return bench.together(requests, [Reading(leave_after=number % 2) for number in range(1, len(requests) + 1)])
