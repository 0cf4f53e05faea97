"""Holds one stream to its contract, event by event: bytes or events in, findings out."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from streamcontract.contract.automaton import Automaton
from streamcontract.contract.expressions import LimitError
from streamcontract.contract.model import Afterwards, Order, Stream
from streamcontract.contract.symbols import Classified, Fault
from streamcontract.contract.written import listing, shorten
from streamcontract.monitor.coverage import Transitions, transitions_of
from streamcontract.monitor.expectations import ExpectationFault, Expectations
from streamcontract.monitor.findings import WIRE_EXPECTED, Finding, Level, Unsettled, Verdict
from streamcontract.monitor.ledger import Ledger, Where
from streamcontract.monitor.order import OrderFault, OrderTracker, Path
from streamcontract.monitor.repair import ANY, OrderFaultKind, repair_table
from streamcontract.monitor.request import Linked, Request, Response
from streamcontract.monitor.timing import TimingFault, TimingWatch, Tolerance
from streamcontract.monitor.unknown import UnknownEvents
from streamcontract.wire.decoder import Decoder, Item
from streamcontract.wire.events import Comment, Event, ReceivedEvent, RetryField, WireFault

__all__ = ["StreamMonitor"]

LOST = ("line-too-long", "event-too-long")
"""Faults of the framing that lose an event: what hangs on it cannot be judged any more."""


class StreamMonitor:
    """Checks one response. Feed it bytes (`feed`), or events before they are sent (`observe`), then `close` it."""

    def __init__(
        self,
        stream: Stream,
        request: Request | None = None,
        response: Response | None = None,
        *,
        started: float = 0.0,
        tolerance: Tolerance | None = None,
        linked: Linked | None = None,
    ) -> None:
        self.stream = stream
        self.request = request
        self.events = 0
        self.outcome: str | None = None
        self.last_symbol: str | None = None
        self.latest: str | None = None  # the symbol of the latest event, None when the contract does not know it
        self.unknown = UnknownEvents()
        self.closed = False
        self.last: Mapping[str, Any] | None = None
        self._known = 0
        self._started = started
        self._conclusive = False
        self._interrupted = False
        self._unterminated = False
        self._last_doubt = ""
        self._last_passed_over = False
        self._retry: int | None = None
        self._decoder = Decoder()
        self._ledger = Ledger(stream.operation, request, started)
        self._expectations = Expectations(stream, request, response, linked)
        self._timing = TimingWatch(stream.timing, started, tolerance or Tolerance())
        self._order_number, order = self._choose_order()
        self._order = OrderTracker(repair_table(order.automaton), path=Path()) if order else None

    # What is known so far -------------------------------------------------------------------------------------------

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings so far, equal ones as one with a count."""
        return self._ledger.findings

    @property
    def unsettled(self) -> tuple[Unsettled, ...]:
        """What could not be judged on this stream, and why."""
        return (*self._ledger.unsettled, *self._expectations.unsettled)

    @property
    def verdict(self) -> Verdict:
        """Violates, conforms, or inconclusive: not at its end, not read to it, or not judged in every part."""
        if any(finding.level is Level.MUST for finding in self._ledger.findings):
            return Verdict.VIOLATES
        return Verdict.CONFORMS if self._conclusive and not self.unsettled else Verdict.INCONCLUSIVE

    @property
    def ended(self) -> bool:
        """Whether an event came that nothing may follow."""
        return self._order is not None and self._order.terminal and self.events > 0

    @property
    def complete(self) -> bool:
        """Whether the stream may end here."""
        return self._order is None or self._order.complete

    @property
    def transitions(self) -> Transitions:
        """Which transitions of the sequence this stream has taken, of all, and which of its slices."""
        seen = self._order.seen if self._order else ()
        return transitions_of(self.stream, self._order_number, seen, self._expectations.slices_seen)

    @property
    def automaton(self) -> Automaton | None:
        """What the order is held to; None where the contract has none for this request."""
        return self._order.automaton if self._order else None

    def allowed(self) -> tuple[str, ...]:
        """What may come next, without what may come anywhere; all symbols where no order is known."""
        return self._order.allowed() if self._order else tuple(sorted(self.stream.classifier.symbols))

    def collected(self, afterwards: Afterwards) -> dict[str, Any]:
        """What a follow-up's `collect` has gathered from this stream. Raises LimitError when it is too much to read."""
        return self._expectations.collected(afterwards)

    # The stream goes on ---------------------------------------------------------------------------------------------

    def feed(self, chunk: bytes, *, at: float | None = None) -> list[Finding]:
        """Take bytes as they arrived. Returns the findings that are new."""
        if chunk and at is not None:
            self._note_timing(self._timing.bytes_arrived(at), at)
        self._take(self._decoder.feed(chunk, at))
        return self._ledger.new()

    def observe(self, event: Event, *, at: float | None = None, rules: bool = True) -> list[Finding]:
        """Take an event that is about to be sent. Returns the findings that are new.

        Without `rules`, what reads the event's data is left unsettled: it takes long where the data is large.
        """
        if at is not None:
            self._note_timing(self._timing.bytes_arrived(at), at)
        if event.retry is not None and self.events == 0:
            self._retry = event.retry
        data = event.data if isinstance(event.data, str) else msgspec.json.encode(event.data).decode()
        if "\r" in data:
            data = data.replace("\r\n", "\n").replace("\r", "\n")  # as it will arrive: an event has lines, not CRs
        self._take_event(ReceivedEvent(event.event, data, event.id, event.retry, -1, -1, at), rules=rules)
        return self._ledger.new()

    def observe_comment(self, *, at: float | None = None) -> list[Finding]:
        """Take a comment that is about to be sent: it ends a silence."""
        if at is not None:
            self._note_timing(self._timing.bytes_arrived(at), at)
        return self._ledger.new()

    def close(self, *, by: str = "server", at: float | None = None) -> list[Finding]:
        """The stream is over, closed `by` the "server", or by the "client", who does not know what is missing."""
        if by not in ("server", "client"):
            raise ValueError(f"a stream is closed by 'server' or 'client', not by {by!r}")
        if self.closed:
            return []
        self.closed = True
        if at is not None:
            self._note_timing(self._timing.closed(at), at)
        if by == "server":
            self._take(self._decoder.close(at))
            self._end(at)
        return self._ledger.new()

    # One item after the other ---------------------------------------------------------------------------------------

    def _take(self, items: Iterable[Item]) -> None:
        for item in items:
            if isinstance(item, ReceivedEvent):
                self._take_event(item)
            elif isinstance(item, RetryField):
                if self.events == 0:
                    self._retry = item.milliseconds
            elif isinstance(item, WireFault):
                self._take_wire_fault(item)
            else:
                assert isinstance(item, Comment)  # noqa: S101 - nothing else comes from the decoder

    def _take_wire_fault(self, fault: WireFault) -> None:
        where = Where(None, fault.offset, fault.at)
        what = fault.detail
        self._unterminated = fault.name == "unterminated-event"
        if self._unterminated and self._order is not None and (missing := self._order.end()) is not None:
            what += f". Without it the stream {missing.message}"  # one fault, which is not told twice
        self._ledger.add(f"wire.{fault.name}", where, what, expected=WIRE_EXPECTED[fault.name], got=fault.detail)
        if fault.name in LOST:
            self._order = None
            self._ledger.unsettle("sequence", f"an event was lost at byte {fault.offset}")
            self._expectations.unsettle_all(f"an event was lost at byte {fault.offset}")

    def _take_event(self, event: ReceivedEvent, *, rules: bool = True) -> None:
        where = Where(self.events, event.offset if event.offset >= 0 else None, event.at)
        self.events += 1
        if event.at is not None:
            self._note_timing(self._timing.event_arrived(event.at), event.at)
        if self.events == 1:
            self._check_retry(event, where)
        classified = self.stream.classifier.classify(event.event, event.data, event.id, event.retry)
        if classified.symbol is None:
            if classified.faults:
                self._take_unnamed(event, classified, where)
            else:
                self._take_unknown(event, classified.called, where)
            return
        if classified.faults:
            self._note_schema_faults(classified, where)
        if not rules:
            self._expectations.pass_over(classified.symbol, f"event {self.events} ({classified.symbol}) is too large")
        self._last_passed_over = not rules
        self._take_known(event, classified, classified.symbol, where)

    def _take_unknown(self, event: ReceivedEvent, called: str | None, where: Where) -> None:
        """Clients must ignore event names that they don't know, unless the contract says otherwise."""
        self.latest = None
        name = called or event.event or "message"
        self.unknown.add(name)
        if self.stream.reject_unknown:
            known = listing(sorted(self.stream.classifier.symbols))
            inside = f" called {shorten(name, 100)!r}" if called else ""
            what = f"the contract has no such event{inside}, and rejects unknown ones; it has {known}"
            self._ledger.add(
                "schema.unknown-event", where, what, symbol=name, expected=f"one of {known}", got=name, place=name
            )

    def _take_unnamed(self, event: ReceivedEvent, classified: Classified, where: Where) -> None:
        """An invalid event that may have been meant as one of several: for the order it is any of them."""
        self._known += 1
        self._tell_schema(classified.faults, where, event.event or "message")
        self._take_order(ANY, where)
        doubt = classified.doubt or "is invalid"
        self._expectations.unsettle_all(f"event {self.events} {doubt}, and may have been any of several")

    def _take_known(self, event: ReceivedEvent, classified: Classified, symbol: str, where: Where) -> None:
        index = self._known
        self._known += 1
        self.latest = symbol
        if self._take_order(symbol, where):
            return  # what comes after the end is one fault already, and changes nothing of how it ended
        self.last_symbol = symbol
        if symbol in self.stream.interrupted_by:
            self._interrupted = True
        if symbol in self.stream.outcome.success:
            self.outcome = "success"
        elif symbol in self.stream.outcome.failure:
            self.outcome = "failure"
        self._last_doubt = classified.doubt
        if self._expectations.keep_last:
            type_ = event.event or "message"
            self.last = {"data": classified.payload, "event": type_, "id": event.id or "", "index": index}
        for fault in self._expectations.observe(symbol, event, classified, index, self.events):
            self._tell(fault, where, symbol)

    def _take_order(self, symbol: str, where: Where) -> bool:
        """Returns whether the event came after the end."""
        if self._order is None:
            return False
        fault = self._order.step(symbol, self.events)
        if fault is None:
            return False
        self._tell_order(fault, where, symbol)
        return fault.kind is OrderFaultKind.AFTER_END

    def _tell_order(self, fault: OrderFault, where: Where, symbol: str | None) -> None:
        ignored = f"; ignored as unknown: {self.unknown}" if self.unknown else ""
        failures = sorted(set(self.stream.outcome.failure).intersection(fault.expected)) if symbol is None else []
        remedy = f"; a server that fails sends {listing(failures)} or lets the connection break off" if failures else ""
        self._ledger.add(
            fault.kind.value,
            where,
            f"{fault.message}{ignored}{remedy}",
            symbol=symbol,
            expected=listing(fault.expected),
            got=symbol or "the end",
            place=fault.place,
            location=self.stream.orders[self._order_number].location,
        )

    def _tell(self, fault: ExpectationFault, where: Where, symbol: str | None) -> None:
        id_, level, location, found = fault.id, fault.level, fault.location, fault.found
        said, wanted, got, place = found.message, found.expected, found.got, fault.place
        self._ledger.add(
            id_, where, said, symbol=symbol, level=level, expected=wanted, got=got, place=place, location=location
        )

    def _tell_schema(self, faults: Iterable[Fault], where: Where, symbol: str | None) -> None:
        for fault in faults:
            if fault.judged:
                self._ledger.add_of_event(fault, where, symbol)
            else:
                self._ledger.unsettle(fault.kind.value, f"event {self.events}: {fault.message}")

    # The end, and what is looked at once ----------------------------------------------------------------------------

    def _end(self, at: float | None) -> None:
        where = Where(None, self._decoder.offset or None, at)
        fault = self._order.end() if self._order else None
        if fault is not None:
            if not self._unterminated:
                self._tell_order(fault, where, None)
            self._expectations.unsettle_end("the stream was truncated")
        else:
            if self._last_doubt or self._last_passed_over:
                why = self._last_doubt or "is too large"
                self._expectations.unsettle_last(f"the last event ({self.last_symbol}) {why}")
            for found in self._expectations.end(interrupted=self._interrupted, last=self.last):
                self._tell(found, where, None)
        self._conclusive = True

    def _choose_order(self) -> tuple[int, Order | None]:
        """The first order whose condition holds; none, unsettled, where the request is not known."""
        for number, order in enumerate(self.stream.orders):
            if order.when is None:
                return number, order
            if self.request is None:
                self._ledger.unsettle("sequence", "which order holds depends on the request, which is not known")
                return 0, None
            try:
                if self._expectations.request_holds(order.when):
                    return number, order
            except LimitError as error:
                self._ledger.unsettle("sequence", f"which order holds depends on the request: {error}")
                return 0, None
        return 0, None

    def _check_retry(self, first: ReceivedEvent, where: Where) -> None:
        expected = self.stream.retry
        announced = first.retry if first.retry is not None else self._retry
        if expected is None or announced == expected:
            return
        came = "none was announced" if announced is None else f"{announced} was"
        message = f"the reconnection time must be {expected} ms, before or with the first event; {came}"
        self._ledger.add(
            "timing.retry", where, message, expected=f"retry: {expected}", got=came, location=self.stream.location
        )

    def _note_schema_faults(self, classified: Classified, where: Where) -> None:
        self._tell_schema(classified.faults, where, classified.symbol)
        if doubt := classified.doubt:
            named = f"event {self.events} ({classified.symbol})"
            self._expectations.unsettle(classified.symbol or "", f"{named} {doubt}")

    def _note_timing(self, faults: Iterator[TimingFault], at: float) -> None:
        for fault in faults:
            self._ledger.add(
                fault.id,
                Where(max(self.events - 1, 0) if self.events else None, self._decoder.offset or None, at),
                fault.message,
                level=fault.level,
                expected=f"≤ {fault.limit:,} ms",
                got=f"{fault.measured:,.0f} ms",
                location=self.stream.location,
                about_event=False,
            )
