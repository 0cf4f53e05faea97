"""Events that are held back are told apart from a server that is fast, or slow to begin, by when bytes arrived."""

from collections.abc import Sequence

import pytest

from streamcontract import Unsettled
from streamcontract.monitor.request import Request
from streamcontract_harness.arrival import MOST_PIECES, Arrival, Blocks, arrival_of
from streamcontract_harness.checks.timing.held_back import check
from streamcontract_harness.exchange import Ending, Exchange, SentRequest
from streamcontract_harness.results import Reported, Tally

REQUEST = SentRequest("watch", "GET", "http://127.0.0.1/ticks", (), None, Request("GET", "/ticks"))
EVENT = b"data: 123456789\n\n"
HOLDS_BACK = [(2, 0.1), (2, 0.11), (10, 0.5), (10, 0.52), (20, 1.0), (20, 1.01)]


def exchange_of(*pieces: tuple[float, bytes], ending: Ending = Ending.SERVER) -> Exchange:
    exchange = Exchange(REQUEST, status=200, ending=ending)
    for at, data in pieces:
        exchange.chunks.add(at, data)
    return exchange


def in_blocks(size: int, pause: float, body: bytes = EVENT * 300) -> Exchange:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return exchange_of(*((1 + number * pause, part) for number, part in enumerate(parts)))


def found(arrivals: Sequence[tuple[int, float]], spread: float = 0.0) -> list[str]:
    tally = Tally("watch", "GET", "/ticks", None, None)
    tally.arrivals = [Arrival(REQUEST, events, first, spread) for events, first in arrivals]
    return ["unsettled" if isinstance(each, Unsettled) else each.finding.id for each in check(tally)]


@pytest.mark.parametrize("size", [512, 1000, 4096, 16_384])
def test_blocks_that_cut_events_with_pauses_between_them(size: int) -> None:
    arrival = arrival_of(in_blocks(size, 0.2, EVENT * (size // 3)), size // 3)
    assert arrival is not None
    assert arrival.blocks is not None
    assert (arrival.blocks.size, round(arrival.blocks.pause, 3)) == (size, 0.2)


def test_what_stands_before_the_first_block_may_make_it_smaller() -> None:
    body = EVENT * 300
    parts = [body[:700], *[body[at : at + 1024] for at in range(700, len(body), 1024)]]
    arrival = arrival_of(exchange_of(*((number * 0.2, part) for number, part in enumerate(parts))), 300)
    assert arrival is not None
    assert arrival.blocks == Blocks(1024, 6, pytest.approx(0.2))


@pytest.mark.parametrize(
    "exchange",
    [
        pytest.param(in_blocks(1024, 0.0), id="nobody waited for the buffer"),
        pytest.param(in_blocks(1024, 0.02), id="hardly anybody did"),
        pytest.param(in_blocks(16, 0.2), id="a few bytes at a time"),
        pytest.param(in_blocks(len(EVENT) * 60, 0.2), id="blocks of whole events"),
        pytest.param(in_blocks(65_536, 0.2, EVENT * 20_000), id="as much as is read at once: it was us"),
        pytest.param(in_blocks(2048, 0.2), id="too few to tell"),
        pytest.param(in_blocks(1024, 0.2, b"data: " + b"x" * 9000 + b"\n\n"), id="one large event"),
    ],
)
def test_what_is_no_buffer_of_somebody_in_between(exchange: Exchange) -> None:
    arrival = arrival_of(exchange, exchange.body.count(b"\n\n"))
    assert arrival is not None
    assert arrival.blocks is None


def test_a_slow_line_is_no_buffer() -> None:
    """Where the bytes of a block take as long as the pause, it is the line that is slow."""
    body = EVENT * 300
    parts = [body[at : at + 128] for at in range(0, len(body), 128)]
    times = [(number // 8) * 0.2 + (number % 8) * 0.02 for number in range(len(parts))]
    arrival = arrival_of(exchange_of(*zip(times, parts, strict=True)), 300)
    assert arrival is not None
    assert arrival.blocks is None


def test_what_is_not_whole_or_too_large_says_nothing() -> None:
    assert arrival_of(exchange_of((0.0, EVENT), ending=Ending.TIME), 1) is None
    assert arrival_of(exchange_of(), 0) is None
    assert arrival_of(exchange_of(*[(0.0, b"\n")] * (MOST_PIECES + 1)), 0) is None


def test_waits_that_grow_with_the_number_of_events() -> None:
    assert found(HOLDS_BACK) == ["timing.held-back"]


def test_the_message_has_the_evidence() -> None:
    tally = Tally("watch", "GET", "/ticks", None, None)
    tally.arrivals = [Arrival(REQUEST, events, first, 0.0) for events, first in HOLDS_BACK]
    (reported,) = check(tally)
    assert isinstance(reported, Reported)
    assert "2 events after 100 ms, 20 after 1,010 ms" in reported.finding.message
    assert reported.request is REQUEST


@pytest.mark.parametrize(
    "arrivals",
    [
        pytest.param([], id="no streams"),
        pytest.param([(1, 2.0)] * 5, id="one event each"),
        pytest.param([(2, 0.001), (10, 0.002), (20, 0.003), (20, 0.003), (30, 0.004)], id="a fast server"),
        pytest.param([(2, 0.8), (10, 0.81), (20, 0.8), (20, 0.79), (30, 0.82)], id="a slow start, the same for all"),
        pytest.param(
            [(2, 0.1), (10, 0.9), (20, 0.4), (20, 0.6), (30, 0.5)], id="waits that have nothing to do with it"
        ),
        pytest.param([(2, 0.1), (2, 0.6), (10, 0.5), (20, 1.0), (20, 1.01)], id="waits that overlap"),
        pytest.param([(2, 0.1), (10, 0.5), (20, 1.0), (20, 1.01)], id="too few streams"),
        pytest.param([(2, 0.1), (2, 0.1), (20, 1.0), (20, 1.0), (20, 1.0)], id="too few sizes"),
        pytest.param([(2, 0.1), (4, 0.5), (6, 0.9), (8, 0.95), (40, 1.0)], id="no line"),
        pytest.param([(2, 0.01), (10, 0.05), (20, 0.1), (20, 0.1), (30, 0.15)], id="too little to be sure"),
    ],
)
def test_what_cannot_be_told_is_not(arrivals: list[tuple[int, float]]) -> None:
    assert found(arrivals) == []


def test_one_stream_that_took_its_time_shows_that_events_are_delivered() -> None:
    tally = Tally("watch", "GET", "/ticks", None, None)
    tally.arrivals = [Arrival(REQUEST, events, first, 0.0) for events, first in HOLDS_BACK]
    tally.arrivals.append(Arrival(REQUEST, 20, 0.5, 0.5))
    assert list(check(tally)) == []


def test_where_nothing_can_be_told_though_it_is_odd_that_is_said() -> None:
    assert found([(20, 0.9)] * 3) == ["unsettled"]
    assert found([(20, 0.1)] * 3) == []


BEGINNING = b": welcome\n\n" + EVENT


@pytest.mark.parametrize(
    ("pieces", "begun", "first"),
    [
        ([(0.0, BEGINNING), (1.0, EVENT * 8), (1.001, EVENT)], 0.0, 1.0),
        ([(0.0, EVENT), (0.2, EVENT), (1.0, EVENT * 8)], 0.0, 1.0),
        ([(0.0, EVENT * 3), (1.0, EVENT * 7)], None, 0.0),  # more than a beginning
        ([(0.0, EVENT), (1.0, EVENT * 5), (1.5, EVENT * 4)], None, 0.0),  # the rest does not come at once
        ([(1.0, EVENT * 10)], None, 1.0),
    ],
)
def test_a_beginning_may_come_before_what_is_held_back(
    pieces: list[tuple[float, bytes]], begun: float | None, first: float
) -> None:
    arrival = arrival_of(exchange_of(*pieces), 10)
    assert arrival is not None
    assert (arrival.begun, arrival.first) == (begun, first)


def test_events_at_an_even_pace_are_no_burst_behind_a_beginning() -> None:
    for number in range(2, 12):
        arrival = arrival_of(exchange_of(*((0.1 * at, EVENT) for at in range(number))), number)
        assert arrival is not None
        assert not arrival.is_burst
