"""What a repair costs: a wrong stream over a large automaton must not take more and more memory or time."""

import random
import time
import tracemalloc

import pytest
from oracle.strategies import PLAIN

from streamcontract.contract.automaton import compile_sequence
from streamcontract.contract.grammar import parse
from streamcontract.monitor.order import OrderTracker
from streamcontract.monitor.repair import repair_table

SECONDS = 30
MEGABYTES = 60


@pytest.mark.parametrize(
    "text",
    [
        "a b c d",
        "(a b c d){2000}",
        "a{9000} b",
        "(a | b)* a (a | b){8} c",
        "a{20} & b{20} & c{20}",
        "(a b? c? d?){1500}",
    ],
)
def test_a_stream_of_random_events_stays_bounded(text: str) -> None:
    tracker = OrderTracker(repair_table(compile_sequence(parse(text))))
    chosen = random.Random(1)  # noqa: S311 - nothing secret, but the same each time
    tracemalloc.start()
    started = time.process_time()
    for number in range(2_000):
        tracker.step(chosen.choice(PLAIN), number)
        if number % 500 == 0:
            assert time.process_time() - started < SECONDS
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < MEGABYTES * 2**20
