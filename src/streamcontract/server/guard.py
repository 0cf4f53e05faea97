"""Holds a stream to its contract before each event is sent: the monitor that the harness uses, in front of the client.

- `enforce`: a violation does not go out; the stream ends with the contract's failure event.
- `report`: it is logged and counted, and goes out.
- `off`: nothing is looked at.

Timing is logged and counted in every mode but `off`, and never ends a stream: to end it makes nothing come earlier.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from streamcontract.contract.automaton import Automaton
from streamcontract.contract.model import Stream
from streamcontract.monitor.findings import Finding, Level
from streamcontract.monitor.request import Response
from streamcontract.redaction import Redactor
from streamcontract.server.call import Call
from streamcontract.server.metrics import EventCounts
from streamcontract.wire.events import Event

__all__ = ["Guard", "NoGuard", "guard_for"]

log: Any = structlog.get_logger("streamcontract.guard")
REDACTOR = Redactor()
"""What goes by a secret's name is not logged."""


class Guard:
    """Lets events through, or not. It keeps where the stream stands by what was *sent*, as the monitor has also seen
    what was held back."""

    def __init__(self, call: Call, stream: Stream, response: Response, counts: EventCounts, *, enforce: bool) -> None:
        self.call, self.counts, self.enforce = call, counts, enforce
        judged = call.received <= call.runtime.settings.guard_body_limit
        self.monitor = stream.monitor(call.request() if judged else None, response, started=call.started)
        if not judged and self.monitor.unsettled:
            parts = [unsettled.id for unsettled in self.monitor.unsettled]
            log.info("the request is too large to be judged by", parts=parts, operation=stream.operation)
        automaton = self.monitor.automaton
        self._table: Sequence[Mapping[str, int]] | None = automaton.table if automaton else None
        self._automaton: Automaton | None = automaton
        self._state = 0
        self._pending: str | None = None  # the symbol of an event that was let through, and has not gone out yet
        self.refused: str | None = None
        """The id of the finding for which an event was held back."""

    def admits(self, event: Event, size: int, at: float) -> bool:
        """Whether an event of that many bytes may go out; `at` is now, without the time that the client took."""
        monitor = self.monitor
        large = size > self.call.runtime.settings.guard_event_limit
        unsettled = len(monitor.unsettled) if large else 0
        findings = monitor.observe(event, at=at, rules=not large)
        if large and (parts := [part.id for part in monitor.unsettled[unsettled:]]):
            log.info("the event is too large to be judged by", parts=parts, operation=monitor.stream.operation)
        if findings and self._refuses(findings):
            return False
        self._pending = monitor.latest or "unknown"
        return True

    def sent(self) -> None:
        """The event that was let through has gone out."""
        symbol, self._pending = self._pending or "unknown", None
        counts = self.counts
        counts[symbol] = counts.get(symbol, 0) + 1
        if self._table is not None:
            self._state = self._table[self._state].get(symbol, self._state)

    def failed(self, event: Event, symbol: str, at: float) -> None:
        """The failure event goes out; it is not judged behind an event that did not, or once all was judged."""
        self.counts[symbol] = self.counts.get(symbol, 0) + 1
        if self.refused is None and self._pending is None and not self.monitor.closed:
            self._note(self.monitor.observe(event, at=at))

    def comment(self, at: float) -> None:
        """A heartbeat goes out."""
        self._note(self.monitor.observe_comment(at=at))

    def permits(self, symbol: str) -> bool:
        """Whether this symbol may be sent now."""
        return self._table is None or symbol in self._table[self._state]

    @property
    def ended(self) -> bool:
        """Whether an event was sent that nothing may follow."""
        return self._table is not None and bool(self.counts) and not self._table[self._state]

    @property
    def complete(self) -> bool:
        """Whether the stream may end here. Always so where a fault is only reported."""
        return not self.enforce or self._automaton is None or self._state in self._automaton.accepting

    @property
    def outcome(self) -> str | None:
        """`success` or `failure`, by the last event."""
        return self.monitor.outcome if self._pending is None else None

    def close(self, *, by: str, at: float) -> None:
        """The stream is over. Behind an event that did not go out, nothing is to be said about the end."""
        self._note(self.monitor.close(by="client" if self.refused or self._pending else by, at=at))

    def refuses_the_end(self, at: float) -> bool:
        """The handler has ended where it may: whether that breaks the contract, and the client can still be told."""
        findings = self.monitor.close(by="server", at=at)
        if self.ended:
            self._note(findings)
            return False
        return self._refuses(findings)

    def _refuses(self, findings: Sequence[Finding]) -> bool:
        if self.enforce:
            self.refused = next((finding.id for finding in findings if _ends_a_stream(finding)), None)
        self._note(findings)
        return self.refused is not None

    def _note(self, findings: Sequence[Finding]) -> None:
        for finding in findings:
            operation = finding.operation
            self.call.metrics.findings.labels(operation, finding.id, finding.level.value).inc()
            say = log.error if finding.level is Level.MUST else log.warning
            say(
                "the stream breaks its contract",
                finding=finding.id,
                level=finding.level.value,
                operation=operation,
                message=REDACTOR.text(finding.message),
                expected=finding.expected,
                got=REDACTOR.text(finding.got),
                contract=str(finding.location) if finding.location else None,
                held_back=self.refused is not None,
            )


class NoGuard:
    """Lets everything through; what is known of the events is their type."""

    def __init__(self, stream: Stream, counts: EventCounts) -> None:
        self.counts = counts
        self.outcome: str | None = None
        self.ended = False
        self.complete = True
        self.refused: str | None = None
        self._known = stream.classifier.symbols
        self._pending = "unknown"
        self._outcomes = dict.fromkeys(stream.outcome.failure, "failure") | dict.fromkeys(
            stream.outcome.success, "success"
        )

    def admits(self, event: Event, size: int, at: float) -> bool:
        """Always."""
        type_ = event.event or "message"
        self._pending = type_ if type_ in self._known else "unknown"
        return True

    def sent(self) -> None:
        """The event has gone out."""
        symbol = self._pending
        self.counts[symbol] = self.counts.get(symbol, 0) + 1
        if symbol in self._outcomes:
            self.outcome, self.ended = self._outcomes[symbol], True

    def failed(self, event: Event, symbol: str, at: float) -> None:
        """The failure event goes out."""
        self.counts[symbol] = self.counts.get(symbol, 0) + 1

    def comment(self, at: float) -> None:
        """Nothing to note."""

    def permits(self, symbol: str) -> bool:
        """As far as is known."""
        return not self.ended

    def close(self, *, by: str, at: float) -> None:
        """Nothing to note."""

    def refuses_the_end(self, at: float) -> bool:
        """Never."""
        return False


def guard_for(call: Call, stream: Stream, response: Response, counts: EventCounts) -> Guard | NoGuard:
    """The guard of one stream, in the application's mode."""
    mode = call.runtime.guard
    if mode == "off":
        return NoGuard(stream, counts)
    return Guard(call, stream, response, counts, enforce=mode == "enforce")


def _ends_a_stream(finding: Finding) -> bool:
    return finding.level is Level.MUST and not finding.id.startswith("timing.")
