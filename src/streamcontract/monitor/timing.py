"""When events arrive: the limits of `timing`, and the reconnection time (section 6)."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from streamcontract.contract.model import Timing
from streamcontract.monitor.findings import Level

__all__ = ["TimingFault", "TimingWatch", "Tolerance"]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far beyond a limit is still only a warning: up to limit × factor + slack (milliseconds).

    A clock on the other side of a network sees every event later than it was sent.
    """

    factor: float = 1.2
    slack_ms: float = 50.0

    def level(self, measured: float, limit: float) -> Level | None:
        """None up to the limit, SHOULD within the tolerance, MUST beyond."""
        if measured <= limit:
            return None
        return Level.SHOULD if measured <= limit * self.factor + self.slack_ms else Level.MUST


class TimingFault(msgspec.Struct, frozen=True):
    """One limit passed; times in milliseconds."""

    id: str
    level: Level
    limit: float
    measured: float
    message: str


class TimingWatch:
    """Holds arrival times against the limits. All times in the feeder's seconds; nothing is judged without one."""

    __slots__ = ("_first_event_seen", "_last_byte", "_limits", "_started", "_tolerance", "_total_reported")

    def __init__(self, limits: Timing, started: float, tolerance: Tolerance) -> None:
        self._limits = limits
        self._started = started
        self._tolerance = tolerance
        self._last_byte: float | None = None
        self._first_event_seen = False
        self._total_reported = False

    def bytes_arrived(self, at: float) -> Iterator[TimingFault]:
        """Any byte, a comment's too, ends a silence."""
        if self._last_byte is not None:
            yield from self._silence(at)
        self._last_byte = at
        yield from (fault for fault in self._total(at) if fault.level is Level.MUST)

    def event_arrived(self, at: float) -> Iterator[TimingFault]:
        """The first event must come in time."""
        if not self._first_event_seen:
            self._first_event_seen = True
            yield from self._first_event(at, "the first event came")

    def closed(self, at: float) -> Iterator[TimingFault]:
        """At the end: what did not come may be late already."""
        if not self._first_event_seen:
            yield from self._first_event(at, "no event had come")
        if self._last_byte is not None:
            yield from self._silence(at)
        yield from self._total(at)

    def _first_event(self, at: float, what: str) -> Iterator[TimingFault]:
        yield from self._judge("timing.first-event", self._limits.first_event, at - self._started, f"{what} after")

    def _silence(self, at: float) -> Iterator[TimingFault]:
        since = self._last_byte if self._last_byte is not None else at
        yield from self._judge("timing.silence", self._limits.silence, at - since, "nothing was sent for")

    def _total(self, at: float) -> Iterator[TimingFault]:
        """Once: a total that is within the tolerance may still pass it, so it is told at the end only."""
        if not self._total_reported:
            for fault in self._judge("timing.total", self._limits.total, at - self._started, "it went on for"):
                self._total_reported = fault.level is Level.MUST
                yield fault

    def _judge(self, id_: str, limit: int | None, seconds: float, what: str) -> Iterator[TimingFault]:
        if limit is None:
            return
        measured = round(seconds * 1000, 3)  # to the microsecond: what is met exactly must not be missed by a rounding
        level = self._tolerance.level(measured, limit)
        if level is not None:
            within = ", which the tolerance still lets pass" if level is Level.SHOULD else ""
            yield TimingFault(
                id_, level, limit, measured, f"{what} {measured:,.0f} ms; the limit is {limit:,} ms{within}"
            )
