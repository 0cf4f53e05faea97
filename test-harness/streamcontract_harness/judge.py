"""Holds one exchange to the contract: the monitor while the stream arrives, the checks once it has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from streamcontract import Contract, Finding, Level, Response, StreamMonitor, Tolerance, Unsettled, Verdict
from streamcontract_harness.arrival import arrival_of
from streamcontract_harness.checks.catalogue import check_exchange
from streamcontract_harness.documented import Documented, documented
from streamcontract_harness.exchange import Ending, Exchange, SentRequest
from streamcontract_harness.results import Tally
from streamcontract_harness.spoken import unreadable

__all__ = ["Judge", "Judgement", "StreamListener", "count", "never_applied"]

MOST_ARRIVALS = 50
"""Streams of an operation that are remembered by how they arrived."""

Wants = Callable[[str], bool]
"""Whether findings of an id are asked for."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found in one exchange; `monitor` is None when it was no stream."""

    exchange: Exchange
    findings: tuple[Finding, ...]
    monitor: StreamMonitor | None = None

    def violates(self, wants: Wants) -> bool:
        """Whether anything was found that breaks the contract and is asked for."""
        return any(finding.level is Level.MUST and wants(finding.id) for finding in self.findings)


class StreamListener:
    """Feeds the monitor while the bytes arrive; it listens to one exchange.

    `sent_by` is the check that has sent the request; `is_hasty` says that the time is short for it.
    """

    def __init__(
        self,
        documented: Documented | None,
        request: SentRequest,
        tolerance: Tolerance,
        *,
        sent_by: str = "",
        is_hasty: bool = False,
    ) -> None:
        self.monitor: StreamMonitor | None = None
        self.sent_by = sent_by
        self._is_hasty = is_hasty
        self._documented = documented
        self._request = request
        self._tolerance = tolerance

    def head(self, exchange: Exchange) -> None:
        documented, status = self._documented, exchange.status or 0
        if documented is None or exchange.header("content-encoding") not in (None, "identity"):
            return
        stream = documented.operation.stream
        if stream is None or not documented.is_stream(status, exchange.media_type):
            return
        self.monitor = stream.monitor(
            self._request.view,
            Response(status, exchange.header_map()),
            started=exchange.started,
            tolerance=self._tolerance,
            linked=self._request.linked,
        )

    def chunk(self, at: float, data: bytes) -> bool:
        if self.monitor is None:
            return False
        self.monitor.feed(data, at=at)
        return self.monitor.ended

    def aside(self, exchange: Exchange) -> str:
        """Why the exchange, which is over, is not to be judged by itself; empty when it is."""
        if self.sent_by:
            return f"it was sent by the check {self.sent_by}, which says what is wrong with it"
        if self._is_hasty and self.monitor is None and exchange.ending is Ending.TIME:
            return "it was not waited for in full, as others before it had run out the time"
        return ""


class Judge:
    """Knows the contract; remembers nothing of an exchange."""

    def __init__(self, contract: Contract, tolerance: Tolerance | None = None) -> None:
        self._documented = documented(contract)
        self._tolerance = tolerance or Tolerance()

    def documents(self, operation: str) -> Documented | None:
        """What the contract says about the answers of an operation."""
        return self._documented.get(operation)

    def listener(self, request: SentRequest, *, sent_by: str = "", is_hasty: bool = False) -> StreamListener:
        """What is to listen to the exchange of this request."""
        documented = self._spoken_of(request)
        return StreamListener(documented, request, self._tolerance, sent_by=sent_by, is_hasty=is_hasty)

    def judge(self, exchange: Exchange, listener: StreamListener) -> Judgement:
        """All that is wrong with an exchange that is over."""
        monitor = listener.monitor
        documented = self._spoken_of(exchange.request)
        if documented is None:
            return Judgement(exchange, (), None)
        if monitor is not None:
            _close(monitor, exchange)
        checked = () if exchange.ending is Ending.STOPPED else check_exchange(exchange, documented)
        findings = (*checked, *(monitor.findings if monitor else ()))
        return Judgement(exchange, findings, monitor)

    def _spoken_of(self, request: SentRequest) -> Documented | None:
        """None for a request that the contract says nothing about, such as one with a method that it does not have."""
        documented = self._documented.get(request.operation)
        return documented if documented and documented.operation.method == request.method else None


def count(tally: Tally, judgement: Judgement, wants: Wants = lambda _: True) -> None:
    """Add one exchange to what was seen of its operation; what nobody wants to know makes no stream a wrong one."""
    exchange, monitor = judgement.exchange, judgement.monitor
    if exchange.request.method != tally.method:
        tally.other_methods += 1  # Schemathesis tries these
        return
    tally.requests += 1
    if exchange.status is not None:
        tally.statuses[exchange.status] += 1
    if monitor is None:
        tally.explained = tally.explained or judgement.violates(wants)
        tally.left = unreadable(exchange) or tally.left
        return
    tally.streams += 1
    tally.linked_streams += exchange.request.linked is not None
    tally.events += monitor.events
    tally.unknown.update(monitor.unknown)
    if len(tally.arrivals) < MOST_ARRIVALS and (arrival := arrival_of(exchange, monitor.events)) is not None:
        tally.arrivals.append(arrival)
    if not judgement.violates(wants):
        tally.right_streams += 1
        tally.inconclusive_streams += monitor.verdict is Verdict.INCONCLUSIVE
        if exchange.ending in (Ending.SERVER, Ending.ENOUGH) or monitor.complete:
            tally.finished_streams += 1
        else:
            tally.left = exchange.ending.value
    tally.transitions = monitor.transitions if tally.transitions is None else tally.transitions | monitor.transitions
    if monitor.last_symbol is not None and (monitor.outcome is not None or monitor.ended):
        tally.outcomes[monitor.last_symbol] += 1
    for unsettled in monitor.unsettled:
        tally.unsettled.setdefault(unsettled.id, unsettled)


def never_applied(tally: Tally) -> Iterator[Unsettled]:
    """Rules about the exchange whose link led to a stream, where no link led to any."""
    for rule in tally.stream.rules if tally.stream and tally.streams and not tally.linked_streams else ():
        if rule.needs_link:
            yield Unsettled(f"rule.{rule.id}", "it was never applied, as no stream that was read was reached by a link")


def _close(monitor: StreamMonitor, exchange: Exchange) -> None:
    """Tell the monitor who ended the stream.

    A stream that has said all and is left open is at its end all the same, with its last byte. One that broke off is
    one fault, told by `wire.cut`: what is missing behind the break is no second one.
    """
    if exchange.ending is Ending.SERVER:
        monitor.close(by="server", at=exchange.ended)
    elif exchange.ending is Ending.ENOUGH:
        monitor.close(by="server")
    else:
        monitor.close(by="client", at=exchange.ended)
