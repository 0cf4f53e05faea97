"""Slices, rules and what follow-ups collect, of one stream: who looks at which event, and what cannot be judged."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from streamcontract.contract.expressions import EvaluationError, Expression, LimitError
from streamcontract.contract.model import Afterwards, Collector, Rule, Slice, Stream
from streamcontract.contract.problems import Location
from streamcontract.contract.symbols import Classified
from streamcontract.monitor.findings import Level, Unsettled
from streamcontract.monitor.gathering import Gathered
from streamcontract.monitor.request import Linked, Request, Response
from streamcontract.monitor.rules import RuleFault, RuleWatch
from streamcontract.monitor.slices import SliceFault, SliceWatch
from streamcontract.wire.events import ReceivedEvent

__all__ = ["ExpectationFault", "Expectations"]

DATA = frozenset({"data", "previous"})
"""The variables by which expressions read an event's data."""

Watch = TypeVar("Watch", SliceWatch, RuleWatch)


class ExpectationFault(msgspec.Struct, frozen=True):
    """One fault that a slice or a rule has found."""

    id: str
    level: Level
    found: SliceFault | RuleFault
    location: Location

    @property
    def place(self) -> str:
        """What tells it from others of the same id."""
        return self.found.place if isinstance(self.found, SliceFault) else ""


class Expectations:
    """The slices and rules of one stream, found by the symbols that they look at."""

    def __init__(
        self, stream: Stream, request: Request | None, response: Response | None, linked: Linked | None
    ) -> None:
        self._base: dict[str, Any] = {"linked": linked.scope() if linked is not None else {}}
        if request is not None:
            self._base["request"] = request.scope()
        if response is not None:
            self._base["response"] = response.scope()
        self._slices = tuple(SliceWatch(slice_) for slice_ in stream.slices)
        self._rules = tuple(RuleWatch(rule) for rule in stream.rules if linked is not None or not rule.needs_link)
        self._afterwards = stream.afterwards
        self._gathered = {after.id: Gathered(after.collect) for after in stream.afterwards}
        self._unsettled: dict[str, str] = {}
        self._slices_of: Mapping[str, tuple[SliceWatch, ...]] = _by_symbol(
            (slice_, slice_.rule.events | slice_.rule.complete_before) for slice_ in self._slices
        )
        self._rules_of: Mapping[str, tuple[RuleWatch, ...]] = _by_symbol((rule, rule.symbols) for rule in self._rules)
        self._watches: tuple[SliceWatch | RuleWatch, ...] = (*self._slices, *self._rules)
        self._collected = frozenset(
            symbol for after in stream.afterwards for collector in after.collect for symbol in collector.symbols
        )
        self.keep_last = bool(stream.afterwards) or any(rule.at_end for rule in stream.rules)
        self._settle_by_what_is_known()

    @property
    def unsettled(self) -> tuple[Unsettled, ...]:
        """What could not be judged, and why."""
        watched = {_id_of(watch): watch.unsettled for watch in self._watches if watch.unsettled}
        return tuple(Unsettled(id_, reason) for id_, reason in {**watched, **self._unsettled}.items())

    @property
    def slices_seen(self) -> dict[str, frozenset[tuple[int, str]]]:
        """The transitions (state, symbol) that were taken in each slice, over all its keys."""
        return {watch.rule.id: frozenset(watch.seen) for watch in self._slices}

    def request_holds(self, condition: Expression) -> bool:
        """Whether a condition on the request holds; one without a value does not. Raises LimitError."""
        try:
            return condition.evaluate(self._base) is True
        except EvaluationError:
            return False

    def observe(
        self, symbol: str, event: ReceivedEvent, classified: Classified, index: int, number: int
    ) -> Iterator[ExpectationFault]:
        """Take one event that belongs to the stream; one that is invalid was unsettled before."""
        slices, rules = self._slices_of.get(symbol, ()), self._rules_of.get(symbol, ())
        if not slices and not rules and symbol not in self._collected:
            return
        fields = {"data": classified.payload, "event": event.event or "message", "id": event.id or "", "index": index}
        scope = {**self._base, **fields}
        for slice_ in slices:
            if not slice_.unsettled:
                for slice_fault in slice_.observe(symbol, scope, number):
                    yield _of_slice(slice_.rule, slice_fault)
        for rule in rules:
            if not rule.unsettled:
                for rule_fault in rule.observe(symbol, scope):
                    yield _of_rule(rule.rule, rule_fault)
        if symbol in self._collected:
            self._collect(symbol, scope)

    def end(self, *, interrupted: bool, last: Mapping[str, Any] | None) -> Iterator[ExpectationFault]:
        """The stream has ended, complete by its own order."""
        for slice_ in self._slices:
            if not slice_.unsettled and not interrupted:  # "After an event of interruptedBy, open slices are no fault"
                for slice_fault in slice_.end():
                    yield _of_slice(slice_.rule, slice_fault)
        scope = {**self._base, **({"last": last} if last is not None else {})}
        for rule in self._rules:
            if not rule.unsettled:
                for rule_fault in rule.end(scope):
                    yield _of_rule(rule.rule, rule_fault)

    def collected(self, afterwards: Afterwards) -> dict[str, Any]:
        """What a follow-up has gathered. Raises LimitError when it is too much to read."""
        gathered = self._gathered[afterwards.id]
        return gathered.values(frozenset(collector.name for collector in afterwards.collect))

    def unsettle(self, symbol: str, reason: str) -> None:
        """An event of this symbol cannot be trusted: who should have looked at it says nothing more."""
        for slice_ in self._slices_of.get(symbol, ()):
            if symbol in slice_.rule.events:
                slice_.unsettled = slice_.unsettled or reason
        for rule in self._rules_of.get(symbol, ()):
            rule.unsettled = rule.unsettled or reason

    def pass_over(self, symbol: str, reason: str) -> None:
        """An event of this symbol is right, but who reads its data is not to look at it, and says nothing more."""
        for watch in self._watches:
            if symbol in _symbols_read(watch.rule):
                watch.unsettled = watch.unsettled or reason
        for after in self._afterwards:
            if symbol in _symbols_gathered(after.collect):
                self._unsettled.setdefault(f"afterwards.{after.id}", reason)

    def unsettle_all(self, reason: str) -> None:
        """An event was lost, nobody knows which."""
        for watch in self._watches:
            watch.unsettled = watch.unsettled or reason

    def unsettle_end(self, reason: str) -> None:
        """What is judged at the end of the stream cannot be: the end did not come."""
        for rule in self._rules:
            if rule.rule.at_end:
                rule.unsettled = rule.unsettled or reason

    def unsettle_last(self, reason: str) -> None:
        """The last event cannot be trusted: rules at the end that read it say nothing."""
        for rule in self._rules:
            if rule.rule.at_end and "last" in _names_read(rule.rule):
                rule.unsettled = rule.unsettled or reason

    def _collect(self, symbol: str, scope: Mapping[str, Any]) -> None:
        for id_, gathered in self._gathered.items():
            if f"afterwards.{id_}" in self._unsettled:
                continue
            try:
                gathered.take(symbol, scope)
            except LimitError as error:
                self._unsettled[f"afterwards.{id_}"] = str(error)

    def _settle_by_what_is_known(self) -> None:
        """Where no request is known (a bare recording), what speaks of it is unsettled."""
        for name in ("request", "response"):
            if name not in self._base:
                for watch in self._watches:
                    if name in _names_read(watch.rule):
                        watch.unsettled = watch.unsettled or f"it speaks of the {name}, which is not known"


def _names_read(rule: Rule | Slice) -> frozenset[str]:
    expressions: list[Expression | None] = [rule.by]
    if isinstance(rule, Slice):
        expressions += [rule.each, rule.symbol]
    else:
        expressions += [rule.assertion, rule.when]
        expressions += [expression for collector in rule.collect for expression in (collector.value, collector.where)]
    return frozenset(name for expression in expressions if expression is not None for name in expression.names)


def _symbols_read(rule: Rule | Slice) -> frozenset[str]:
    """The symbols of the events whose data is read."""
    if isinstance(rule, Slice):
        return rule.events
    if _reads_data(rule.by):
        return rule.at.union(*(collector.symbols for collector in rule.collect))
    gathered = _symbols_gathered(rule.collect)
    return gathered | rule.at if _reads_data(rule.assertion, rule.when) else gathered


def _symbols_gathered(collectors: Iterable[Collector]) -> frozenset[str]:
    """The symbols of the events whose data is gathered from."""
    return frozenset(symbol for c in collectors if _reads_data(c.value, c.where) for symbol in c.symbols)


def _reads_data(*expressions: Expression | None) -> bool:
    return any(not expression.names.isdisjoint(DATA) for expression in expressions if expression is not None)


def _by_symbol(watches: Iterable[tuple[Watch, frozenset[str]]]) -> dict[str, tuple[Watch, ...]]:
    found: dict[str, list[Watch]] = {}
    for watch, symbols in watches:
        for symbol in symbols:
            found.setdefault(symbol, []).append(watch)
    return {symbol: tuple(members) for symbol, members in found.items()}


def _id_of(watch: SliceWatch | RuleWatch) -> str:
    return f"{'slice' if isinstance(watch, SliceWatch) else 'rule'}.{watch.rule.id}"


def _of_slice(rule: Slice, found: SliceFault) -> ExpectationFault:
    return ExpectationFault(f"slice.{rule.id}", Level.MUST, found, rule.location)


def _of_rule(rule: Rule, found: RuleFault) -> ExpectationFault:
    level = Level.SHOULD if rule.level == "should" else Level.MUST
    return ExpectationFault(f"rule.{rule.id}", level, found, rule.location)
