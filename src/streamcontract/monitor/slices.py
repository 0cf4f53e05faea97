"""One order per key, interleaved in one stream (section 4)."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from streamcontract.contract.expressions import EvaluationError, LimitError
from streamcontract.contract.model import Slice
from streamcontract.contract.written import listing, shorten
from streamcontract.monitor.order import OrderTracker
from streamcontract.monitor.repair import OrderFaultKind, repair_table

__all__ = ["SliceFault", "SliceWatch", "as_key"]

KEY_LIMIT = 10_000
"""Keys followed at once. A tracker is some hundred bytes, so a slice stays within a few megabytes."""

KEYS_BYTES = 16 * 1024 * 1024
"""Bytes of all keys together: one may be as long as an event."""

SHOWN_KEYS = 5
OTHER = "(another symbol)"


class SliceFault(msgspec.Struct, frozen=True):
    """One fault within one key's order; equal faults of different keys have the same `place`."""

    message: str
    place: str
    expected: str
    got: str


class SliceWatch:
    """Follows one slice of a stream; `seen` are the transitions that any of its keys has taken."""

    def __init__(self, rule: Slice) -> None:
        self.rule = rule
        self.unsettled = ""
        self.seen: set[tuple[int, str]] = set()
        self._table = repair_table(rule.automaton)
        self._keys: dict[str, OrderTracker] = {}
        self._incomplete: dict[str, None] = {}
        self._bytes = 0

    def observe(self, symbol: str, scope: Mapping[str, Any], number: int) -> Iterator[SliceFault]:
        """Take one event whose payload is right."""
        if symbol in self.rule.complete_before:
            yield from self._must_be_complete(f"when {symbol} came", symbol)
        if symbol in self.rule.events:
            try:
                for item in self._items(scope):
                    yield from self._step(symbol, item, number)
            except LimitError as error:
                self.unsettled = str(error)

    def end(self) -> Iterator[SliceFault]:
        """The stream has ended, complete by its own order."""
        yield from self._must_be_complete("at the end of the stream", "the end")

    def _items(self, scope: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """The event itself, or its elements, each as `item`."""
        if self.rule.each is None:
            yield scope
            return
        try:
            elements = self.rule.each.evaluate(scope)
        except EvaluationError:
            return
        for element in elements if isinstance(elements, list) else ():
            yield {**scope, "item": element}

    def _step(self, symbol: str, scope: Mapping[str, Any], number: int) -> Iterator[SliceFault]:
        try:
            key = as_key(self.rule.by.evaluate(scope))
        except EvaluationError:
            return  # "An event on which `by` has no value belongs to no slice"
        name, came = self._name(symbol, scope)
        tracker = self._tracker(key, name)
        fault = tracker.step(name, number)
        if tracker.complete:
            self._incomplete.pop(key, None)
            if self.rule.reopen and tracker.terminal:
                del self._keys[key]
                self._bytes -= len(key)
        else:
            self._incomplete[key] = None
        if fault is not None:
            called = self._called(key)
            message, place = f"{name} of {called}: {fault.message}", f"{fault.kind.value} {fault.place}"
            yield SliceFault(message, place, listing(fault.expected), f"{came} ({called})")

    def _name(self, symbol: str, scope: Mapping[str, Any]) -> tuple[str, str]:
        """The slice's symbol for an event; and what came, where it is none that the sequence has.

        What the sequence does not have is a fault whatever it is called; one word for all keeps memory bounded.
        """
        if self.rule.symbol is None:
            return symbol, symbol
        try:
            name = self.rule.symbol.evaluate(scope)
        except EvaluationError as error:
            return OTHER, f"no value of `{self.rule.symbol.shown}`: {shorten(str(error), 200)}"
        if isinstance(name, str) and name in self.rule.automaton.symbols:
            return name, name
        return OTHER, f"{self.rule.symbol.shown} = {shorten(as_key(name), 100)}"

    def _tracker(self, key: str, name: str) -> OrderTracker:
        tracker = self._keys.get(key)
        if tracker is not None and self.rule.reopen and tracker.complete and not tracker.allows(name):
            tracker = None
        if tracker is None:
            if key not in self._keys:
                self._make_room(key)
            tracker = self._keys[key] = OrderTracker(self._table, seen=self.seen)
        return tracker

    def _make_room(self, key: str) -> None:
        if len(self._keys) >= KEY_LIMIT:
            raise LimitError(f"more than {KEY_LIMIT:,} keys")
        self._bytes += len(key)
        if self._bytes > KEYS_BYTES:
            raise LimitError(f"keys of more than {KEYS_BYTES:,} bytes")

    def _must_be_complete(self, when: str, came: str) -> Iterator[SliceFault]:
        if not self._incomplete:
            return
        shown = ", ".join(self._called(key) for key in list(self._incomplete)[:SHOWN_KEYS])
        more = f" and {len(self._incomplete) - SHOWN_KEYS} more" if len(self._incomplete) > SHOWN_KEYS else ""
        first = next(iter(self._incomplete))
        fault = self._keys[first].end()
        expected, what = (listing(fault.expected), fault.message) if fault else ("the end of it", "")
        self._incomplete.clear()  # told once
        message = f"not complete {when}: {shown}{more}; the first {what}"
        yield SliceFault(message, OrderFaultKind.TRUNCATED.value, expected, f"{came} ({self._called(first)})")

    def _called(self, key: str) -> str:
        return f"{shorten(self.rule.by.shown, 60)} = {shorten(key, 100)}"


def as_key(value: Any) -> str:
    """A key as text: equal JSON values give equal keys, also 1 and 1.0, which CEL compares as equal."""
    try:
        return msgspec.json.encode(_whole(value), order="deterministic", enc_hook=str).decode()
    except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can write
        return json.dumps(_whole(value), sort_keys=True, default=str)


def _whole(value: Any) -> Any:
    """The value with its whole numbers as ints, wherever they stand in it."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {key: _whole(member) for key, member in value.items()}
    return value
