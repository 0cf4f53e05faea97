"""What a check that sends requests of its own works with: one operation, and a request that is known to be answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from streamcontract import Finding, Level, Operation, Stream
from streamcontract_harness.exchange import Exchange, SentRequest
from streamcontract_harness.judge import Judge, Judgement
from streamcontract_harness.options import Options
from streamcontract_harness.reading import Reading
from streamcontract_harness.results import Reported, Stretch, Tally
from streamcontract_harness.transport import Transport

__all__ = ["Bench", "NotTried", "OverError"]


class OverError(Exception):
    """The run is over, so that nothing more is sent."""


@dataclass(frozen=True, slots=True)
class NotTried:
    """A check could not be made on this server, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Bench:
    """One streaming operation at hand for the checks that send requests of their own.

    `good` is a stream of it in which nothing was wrong; `fresh` makes a request like the one it was the answer of (the
    calls before it are made again; None when they do not lead there any more).
    """

    operation: Operation
    good: Judgement
    fresh: Callable[[], SentRequest | None]
    transport: Transport
    judge: Judge
    options: Options
    tally: Tally
    is_over: Callable[[], bool]

    @property
    def stream(self) -> Stream:
        assert self.operation.stream is not None  # noqa: S101 - a bench is made for streaming operations only
        return self.operation.stream

    @property
    def first_event_after(self) -> float:
        """Seconds from the request to the first byte of the good stream's body."""
        exchange = self.good.exchange
        first = next(iter(exchange.chunks), None)
        return (first[0] if first else exchange.ended) - exchange.started

    def read(self, request: SentRequest, reading: Reading | None = None, *, seconds: float | None = None) -> Judgement:
        """Send one request and judge its answer; nothing is added to the report. Raises OverError."""
        return self.in_turn([request], reading, seconds=seconds)[0]

    def in_turn(
        self, requests: Sequence[SentRequest], reading: Reading | None = None, *, seconds: float | None = None
    ) -> list[Judgement]:
        """Send requests over one connection; fewer answers when it could not be used further. Raises OverError."""
        if self.is_over():
            raise OverError
        asked = [(request, self.judge.listener(request)) for request in requests]
        longest = self.options.timeout_of(self.operation.id)
        bound = longest if seconds is None else min(seconds, longest)
        exchanges = self.transport.in_turn(asked, seconds=bound, reading=reading)
        self.tally.own_requests += len(exchanges)
        return [self.judge.judge(exchange, asked[n][1]) for n, exchange in enumerate(exchanges)]

    def together(self, requests: Sequence[SentRequest], readings: Sequence[Reading] | None = None) -> list[Judgement]:
        """Send requests at the same time, each over a connection of its own. Raises OverError."""
        readings = readings or [Reading()] * len(requests)
        with ThreadPoolExecutor(len(requests)) as pool:
            return list(pool.map(self.read, requests, readings))

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
        return Reported(finding, request, stretch)
