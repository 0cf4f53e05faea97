"""What a check that sends requests of its own works with: one operation, and a request that is known to be answered."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from streamcontract import Contract, Finding, Level, Operation, Stream
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import Ending, Exchange, SentRequest
from streamcontract_harness.judge import Judge, Judgement
from streamcontract_harness.options import Options
from streamcontract_harness.reading import Reading
from streamcontract_harness.results import Key, Reported, Stretch, Tally, key_of
from streamcontract_harness.transport import Transport

__all__ = ["Bench", "NotTriedError", "OverError", "first_byte_after", "wait"]

ENDLESS_SECONDS = 1.0
"""How much of a stream without an end is read each time."""
MOST_JUDGED = 64
"""Streams of a check that are remembered until it is done: more than any reads at once."""
STEP = 0.05
"""Seconds after which a wait looks whether the run is over: a signal ends no sleep."""


class OverError(Exception):
    """The run is over, so that nothing more is sent."""


class NotTriedError(Exception):
    """A check could not be made on this server, or would show nothing; the text says why."""


@dataclass(frozen=True, slots=True)
class Bench:
    """One streaming operation at hand for the checks that send requests of their own.

    `good` is a stream of it in which nothing was wrong, asked for a second time. `lead` makes a request like the one it
    was the answer of (the calls before it are made again; None when they do not lead there any more), `lead_elsewhere`
    one that was answered by another stream, where there is one. `check` is the id of the
    check that is at it, `shows` the streams that its findings are about.
    """

    contract: Contract
    operation: Operation
    good: Judgement
    lead: Callable[[], SentRequest | None]
    lead_elsewhere: Callable[[], SentRequest | None]
    transport: Transport
    judge: Judge
    options: Options
    tally: Tally
    is_over: Callable[[], bool]
    check: str = ""
    shows: dict[Key, Judgement] = field(default_factory=dict)
    _judged: deque[Judgement] = field(default_factory=lambda: deque(maxlen=MOST_JUDGED))

    def turn(self, check: str) -> Bench:
        """The bench as this check finds it."""
        return replace(self, check=check, shows={}, _judged=deque(maxlen=MOST_JUDGED))

    @property
    def stream(self) -> Stream:
        assert self.operation.stream is not None  # noqa: S101 - a bench is made for streaming operations only
        return self.operation.stream

    @property
    def documented(self) -> Documented:
        found = self.judge.documents(self.operation.id)
        assert found is not None  # noqa: S101 - it is an operation of the contract
        return found

    @property
    def is_endless(self) -> bool:
        """Whether the stream went on until it was read no further."""
        return self.good.exchange.ending in (Ending.TIME, Ending.SIZE)

    @property
    def first_byte_after(self) -> float:
        """Seconds from the request to the first byte of the good stream's body."""
        return first_byte_after(self.good.exchange)

    @property
    def lasts(self) -> float:
        """Seconds from the request to the last byte of the good stream."""
        exchange = self.good.exchange
        return max((at for at, _ in exchange.chunks), default=exchange.ended) - exchange.started

    def most(self, number: int) -> int:
        """So many streams, or fewer: as many as a server gets through one by one in half of the time limit."""
        seconds = ENDLESS_SECONDS if self.is_endless else self.lasts
        return max(2, min(number, int(self.options.timeout / 2 / max(seconds, 0.001))))

    def fresh(self) -> SentRequest:
        """A request like that of the good stream. Raises NotTriedError."""
        request = self.lead()
        if request is None:
            raise NotTriedError("the calls before the stream did not lead to it again")
        return request

    def read(self, request: SentRequest, reading: Reading | None = None, *, seconds: float | None = None) -> Judgement:
        """Send one request and judge its answer; nothing is added to the report. Raises OverError."""
        return self.in_turn([request], reading, seconds=seconds)[0]

    def in_turn(
        self, requests: Sequence[SentRequest], reading: Reading | None = None, *, seconds: float | None = None
    ) -> list[Judgement]:
        """Send requests over one connection; fewer answers when it could not be used further. Raises OverError."""
        asked = [(request, self.judge.listener(request, sent_by=self.check)) for request in requests]
        longest = self.options.timeout_of(self.operation.id)
        bound = longest if seconds is None else min(seconds, longest)
        if self.is_endless:
            bound = min(bound, self.first_byte_after * 3 + ENDLESS_SECONDS + (reading.pause if reading else 0.0))
        if self.is_over():
            raise OverError
        exchanges = self.transport.in_turn(asked, seconds=bound, reading=reading)
        self.tally.own_requests += len(exchanges)
        if any(exchange.ending is Ending.STOPPED for exchange in exchanges):
            raise OverError
        judged = [self.judge.judge(exchange, asked[n][1]) for n, exchange in enumerate(exchanges)]
        self._judged.extend(judgement for judgement in judged if judgement.monitor is not None)
        return judged

    def together(
        self,
        requests: Sequence[SentRequest],
        readings: Sequence[Reading] = (),
        *,
        apart: float = 0.0,
        seconds: float | None = None,
    ) -> list[Judgement]:
        """Send requests at the same time, or so many seconds apart, each over its own connection. Raises OverError."""
        every = readings or [Reading()] * len(requests)
        with ThreadPoolExecutor(len(requests)) as pool:
            asked = []
            for number, pair in enumerate(zip(requests, every, strict=True)):
                if number and apart:
                    self.wait(apart)
                asked.append(pool.submit(partial(self.read, *pair, seconds=seconds)))
            return [each.result() for each in asked]

    def wait(self, seconds: float) -> None:
        """Let time pass. Raises OverError."""
        wait(seconds, self.is_over)

    def fault(
        self,
        finding_id: str,
        exchange: Exchange,
        message: str,
        *,
        expected: str,
        got: str,
        level: Level = Level.MUST,
        offset: int | None = None,
        place: str = "",
    ) -> Reported:
        """A finding of this operation, with the exchange that shows it."""
        request = replace(exchange.request, linked=None)
        finding = Finding(
            id=finding_id, level=level, operation=self.operation.id, message=message, expected=expected, got=got,
            offset=offset, place=place, location=self.stream.location, request=request.view,
        )  # fmt: skip
        stretch = Stretch.around(exchange, offset) if offset is not None and exchange.size else None
        self.shows.update((key_of(finding), one) for one in self._judged if one.exchange is exchange)
        return Reported(finding, request, stretch)


def wait(seconds: float, is_over: Callable[[], bool]) -> None:
    """Let time pass. Raises OverError as soon as the run is over, be it at the beginning."""
    until = time.monotonic() + seconds
    while not is_over():
        rest = until - time.monotonic()
        if rest <= 0:
            return
        time.sleep(min(rest, STEP))
    raise OverError


def first_byte_after(exchange: Exchange) -> float:
    """Seconds from the request to the first byte of the body; to the end where none came."""
    first = next(iter(exchange.chunks), None)
    return (first[0] if first else exchange.ended) - exchange.started
