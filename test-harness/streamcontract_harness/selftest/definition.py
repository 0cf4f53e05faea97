"""What a contract says of a whole stream, by its definitions: the word is accepted or not, a rule holds or not.

This tells beforehand which id a wrong stream must trip. It looks at the whole list at once and repairs, resumes and
bounds nothing. It shares with the monitor the compiled table, validators and expressions, and nothing that walks over a
stream: not the tracker of the order, not the slices', not the rules' memory. (That the tables are right is held in
the project's tests by a matcher that shares nothing at all.)
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streamcontract import Stream
from streamcontract.contract.model import Collector, Rule
from streamcontract.contract.symbols import FaultKind
from streamcontract.monitor.slices import as_key
from streamcontract_harness.selftest.gathered import OF_EVENT, Known, Memory, Values
from streamcontract_harness.selftest.made import Made, Naming
from streamcontract_harness.selftest.slices import slice_faults

__all__ = ["Definition", "Fault", "Judged", "Place", "names_read"]

UNEXPECTED, AFTER_END, TRUNCATED = "sequence.unexpected-event", "sequence.after-end", "sequence.truncated"

LOOKED_AT = OF_EVENT | {"last"}
NUMBERED = frozenset({"index", "last"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule was looked at: at which event (None: the end), the events of its key so far, what it could read."""

    rule: Rule
    index: int | None
    scope: Mapping[str, Any]
    seen: tuple[int, ...]
    stamp: Hashable


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its id, the event (None: the end), for a rule where it was looked at; how much of a fault it is."""

    id: str
    index: int | None = None
    place: Place | None = None
    weight: float = 1.0


@dataclass(slots=True)
class Judged:
    """What must be found in a stream. `unsure`: what hangs on a fault may be found as well."""

    word: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    seen: set[tuple[int, int, str]] = field(default_factory=set)
    applied: dict[str, Place] = field(default_factory=dict)
    passed_over: dict[str, Place] = field(default_factory=dict)
    order: int | None = None
    unsure: bool = False

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(fault.id for fault in self.faults)


class Definition:
    """Judges streams of one operation."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.naming = Naming(stream.classifier)
        self._values = Values()
        self._symbols = {
            rule.id: rule.at.union(*(collector.symbols for collector in rule.collect)) for rule in stream.rules
        }
        self._names = {rule.id: names_read(rule) for rule in stream.rules}
        self._exchange: tuple[int, int, int] = (0, 0, 0)
        self._exchanges: dict[tuple[int, int, int], object] = {}

    def order_of(self, made: Made) -> int | None:
        """The number of the order that holds for the stream's request; None where none does."""
        scope = {"request": made.request.scope()}
        for number, order in enumerate(self.stream.orders):
            if order.when is None or self._values.holds(order.when, scope):
                return number
        return None

    def judge(self, made: Made) -> Judged:
        """All that is wrong with a stream that its server has ended."""
        judged = Judged()
        # By identity: an exchange is one of a few, and large. It is kept, so that no other gets its place.
        self._exchange = (id(made.request), id(made.response), id(made.linked))
        self._exchanges[self._exchange] = (made.request, made.response, made.linked)
        known = self._known(made, judged)
        known = self._order(made, known, judged)
        truncated = TRUNCATED in judged.ids
        base = _base(made)
        silent = _silent_from(known)
        ended = not truncated and not any(item.symbol in self.stream.interrupted_by for item in known)
        for slice_ in self.stream.slices:
            wrong = slice_faults(slice_, known, base, self._values, stop=_stop(slice_.events, silent), ended=ended)
            if wrong is not None:
                judged.faults.append(Fault(f"slice.{slice_.id}", wrong.index, weight=wrong.weight))
        scopes = [{**base, **item.fields} for item in known]
        for rule in self.stream.rules:
            if made.linked is not None or not rule.needs_link:
                self._rule(rule, known, scopes, base, silent, truncated=truncated, judged=judged)
        return judged

    def read_by(self, judged: Judged) -> frozenset[str]:
        """The names of the events that hang together with what is wrong."""
        ids = judged.ids
        found: set[str] = set()
        for rule in self.stream.rules:
            if f"rule.{rule.id}" in ids:
                found |= self._symbols[rule.id]
        for slice_ in self.stream.slices:
            found |= slice_.events if f"slice.{slice_.id}" in ids else set()
        return frozenset(found)

    def _known(self, made: Made, judged: Judged) -> list[Known]:
        known: list[Known] = []
        for index, event in enumerate(made.events):
            found = self.naming.of(event)
            if found.symbol is None and not found.faults:
                if self.stream.reject_unknown:
                    judged.faults.append(Fault("schema.unknown-event", index))
                continue
            judged.faults += [Fault(fault.kind.value, index) for fault in found.faults if fault.judged]
            judged.unsure = judged.unsure or found.symbol is None
            invalid = found.symbol is None or any(fault.kind is not FaultKind.EVENT for fault in found.faults)
            known.append(Known(index, len(known), found.symbol, event, found.payload, invalid))
        return known

    def _order(self, made: Made, known: list[Known], judged: Judged) -> list[Known]:
        """Look at the order; returns the events that count, which are those up to the end."""
        number = judged.order = self.order_of(made)
        judged.word = [item.symbol or "" for item in known]
        if number is None:
            return known
        automaton = self.stream.orders[number].automaton
        state = automaton.start
        for position, item in enumerate(known):
            if item.symbol is None:  # it may have been any of several
                return known
            row = automaton.table[state]
            if item.symbol not in row:
                judged.faults.insert(0, Fault(UNEXPECTED if row else AFTER_END, item.index))
                judged.unsure = judged.unsure or bool(row)
                return known if row else known[:position]
            if (state, item.symbol) in automaton.transitions:
                judged.seen.add((number, state, item.symbol))
            state = row[item.symbol]
        if state not in automaton.accepting:
            judged.faults.insert(0, Fault(TRUNCATED))
        return known

    def _rule(
        self,
        rule: Rule,
        known: Sequence[Known],
        scopes: Sequence[Mapping[str, Any]],
        base: Mapping[str, Any],
        silent: Mapping[str, int],
        *,
        truncated: bool,
        judged: Judged,
    ) -> None:
        symbols = self._symbols[rule.id]
        stop = _stop(symbols, silent)
        memories: dict[str, Memory] = {}
        if rule.by is None:
            memories[""] = Memory()
        for item, scope in zip(known, scopes, strict=True):
            if stop is not None and item.index >= stop:
                return
            if item.symbol not in symbols:
                continue
            key = "" if rule.by is None else self._values.key(rule.by, scope, item.event)
            if key is None:
                continue
            memory = memories.setdefault(key, Memory())
            if item.symbol in rule.at:
                whole = self._scope(rule, scope, memory)
                place = Place(rule, item.index, whole, tuple(memory.seen), self._stamp(rule, item, memory, whole))
                self._look(place, judged)
                memory.previous = item
            memory.seen.append(item.index)
            self._gather(rule.collect, memory, item, scope)
        last_invalid = bool(known) and known[-1].invalid and "last" in self._names[rule.id]
        if rule.at_end and not truncated and not last_invalid:
            scope = {**base, **({"last": known[-1].fields} if known else {})}
            for memory in memories.values():
                whole = self._scope(rule, scope, memory)
                stamp = self._stamp(rule, known[-1] if known else None, memory, whole)
                self._look(Place(rule, None, whole, tuple(memory.seen), stamp), judged)

    def _stamp(self, rule: Rule, item: Known | None, memory: Memory, whole: Mapping[str, Any]) -> Hashable:
        """What the rule's value hangs on at one place, short of the values themselves."""
        names = self._names[rule.id]
        return (
            item.event if item is not None and names & LOOKED_AT else None,
            item.number if item is not None and names & NUMBERED else None,
            (memory.previous.event, memory.previous.number) if memory.previous is not None else None,
            self._exchange,
            tuple(as_key(whole[collector.name]) for collector in rule.collect if collector.name in names),
        )

    def _scope(self, rule: Rule, scope: Mapping[str, Any], memory: Memory) -> Mapping[str, Any]:
        """All that the rule may read at one place."""
        gathered = {collector.name: memory.value(collector) for collector in rule.collect}
        previous = {} if memory.previous is None else {"previous": memory.previous.fields}
        return {**scope, **gathered, **previous}

    def _gather(self, collectors: Sequence[Collector], memory: Memory, item: Known, scope: Mapping[str, Any]) -> None:
        for collector in collectors:
            if item.symbol not in collector.symbols:
                continue
            if collector.where is not None and not self._values.holds(collector.where, scope, item.event):
                continue
            if collector.value is None:
                memory.take(collector, 1)
            else:
                found = self._values.of(collector.value, scope, item.event)
                if found is not None:
                    memory.take(collector, found[0])

    def _look(self, place: Place, judged: Judged) -> None:
        rule = place.rule
        if "previous" in rule.assertion.names and "previous" not in place.scope:
            return  # it holds on the first
        if rule.when is not None and not self._values.holds(rule.when, place.scope, place.stamp):
            judged.passed_over.setdefault(rule.id, place)
            return
        judged.applied[rule.id] = place
        if not self._values.holds(rule.assertion, place.scope, place.stamp):
            judged.faults.append(Fault(f"rule.{rule.id}", place.index, place))


def names_read(rule: Rule) -> frozenset[str]:
    """The variables that a rule reads where it is asserted."""
    return rule.assertion.names | (rule.when.names if rule.when is not None else frozenset())


def _base(made: Made) -> dict[str, Any]:
    return {
        "request": made.request.scope(),
        "response": made.response.scope(),
        "linked": made.linked.scope() if made.linked is not None else {},
    }


def _stop(symbols: frozenset[str], silent: Mapping[str, int]) -> int | None:
    """From which event on nothing is said that hangs on any of these symbols."""
    return min((silent[symbol] for symbol in symbols if symbol in silent), default=None)


def _silent_from(known: Sequence[Known]) -> dict[str, int]:
    """From which event on nothing is said that hangs on a symbol, as an event of it was invalid."""
    found: dict[str, int] = {}
    everything = {item.symbol for item in known if item.symbol is not None}
    for item in known:
        if item.invalid:
            for symbol in everything if item.symbol is None else {item.symbol}:
                found.setdefault(symbol, item.index)
    return found
