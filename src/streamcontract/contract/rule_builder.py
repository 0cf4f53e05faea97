"""`slices`, `rules` and `afterwards` become their compiled forms (sections 4, 5 and 7 of the contract language)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from streamcontract.contract.expressions import Expression, ExpressionError, compile_expression
from streamcontract.contract.grammar import GrammarError, parse, symbols
from streamcontract.contract.model import END, Afterwards, Collector, Rule, Slice
from streamcontract.contract.problems import Pointer
from streamcontract.contract.report import Report, did_you_mean
from streamcontract.contract.sequence_builder import SequenceBuilder

if TYPE_CHECKING:
    from streamcontract.contract.stream_builder import SymbolNames

__all__ = ["VERBS", "RuleBuilder"]

EVENT = ("data", "event", "id", "index")
EXCHANGE = ("request", "response")
LINKED = (*EXCHANGE, "linked")
"""What rules and follow-ups know besides the events; orders and slices know no link, as the server knows none."""
VERBS = ("count", "join", "sum", "min", "max", "first", "last", "distinct")


class RuleBuilder:
    """Compiles what a stream's events are held to beyond their order."""

    def __init__(
        self,
        report: Report,
        names: SymbolNames,
        sequences: SequenceBuilder,
        operations: Mapping[str, Mapping[str, Any]],
        extension: Mapping[str, Any],
        at: Pointer,
    ) -> None:
        self.report, self.names, self.sequences, self.operations = report, names, sequences, operations
        self.extension, self.at = extension, at

    def slices(self) -> tuple[Slice, ...]:
        """The compiled `slices`."""
        return tuple(found for node, at in self._entries("slices") if (found := self._slice(node, at)))

    def rules(self) -> tuple[Rule, ...]:
        """The compiled `rules`."""
        return tuple(found for node, at in self._entries("rules") if (found := self._rule(node, at)))

    def afterwards(self) -> tuple[Afterwards, ...]:
        """The compiled `afterwards`."""
        return tuple(found for node, at in self._entries("afterwards") if (found := self._afterwards(node, at)))

    def _entries(self, key: str) -> Iterator[tuple[dict[str, Any], Pointer]]:
        given = self.extension.get(key)
        seen: set[str] = set()
        for number, node in enumerate(given if isinstance(given, list) else ()):
            if not isinstance(node, dict) or not isinstance(node.get("id"), str):
                continue
            pointer = (*self.at, key, number)
            if node["id"] in seen:
                self.report.error(f"{key}.duplicate-id", (*pointer, "id"), f"a second {node['id']!r}", "rename one")
            seen.add(node["id"])
            yield node, pointer

    def _expression(self, node: Mapping[str, Any], key: str, at: Pointer, names: Collection[str]) -> Expression | None:
        if key not in node:
            return None
        try:
            return compile_expression(node[key], names)
        except ExpressionError as error:
            self.report.error("expression.invalid", (*at, key), str(error), error.remedy)
            return None

    def _slice(self, node: dict[str, Any], at: Pointer) -> Slice | None:
        each = self._expression(node, "each", at, (*EVENT, *EXCHANGE))
        item = (*EVENT, *EXCHANGE, "item") if each else (*EVENT, *EXCHANGE)
        by = self._expression(node, "by", at, item)
        symbol = self._expression(node, "symbol", at, item)
        events = frozenset(self.names.read(node.get("events"), (*at, "events")))
        complete_before = frozenset(self.names.read(node.get("completeBefore"), (*at, "completeBefore")))
        compiled = None
        if isinstance(node.get("sequence"), str):
            pointer = (*at, "sequence")
            own = self._own_symbols(node["sequence"]) if symbol else ()
            compiled = self.sequences.automaton(node["sequence"], pointer, own)
            if compiled and events and not symbol:
                self._check_slice(compiled[0].symbols, events, at)
        if by is None or compiled is None:
            return None
        automaton, tree = compiled
        location = self.report.document.locate(at)
        return Slice(
            node["id"], by, events, each, symbol, automaton, complete_before, node.get("reopen") is True, location, tree
        )

    def _own_symbols(self, text: str) -> list[str]:
        """With `symbol`, the names in a slice's sequence are its own."""
        try:
            return [symbol.name for symbol in symbols(parse(text))]
        except GrammarError:
            return []

    def _check_slice(self, used: frozenset[str], events: frozenset[str], at: Pointer) -> None:
        for name in sorted(used - events):
            self.report.error(
                "slices.missing-event", (*at, "sequence"), f"{name!r} is not among the slice's `events`", "add it there"
            )
        for name in sorted(events - used):
            self.report.error(
                "slices.unreached",
                (*at, "events"),
                f"the slice's sequence never has {name!r}",
                "add it, or take it out here",
            )

    def _rule(self, node: dict[str, Any], at: Pointer) -> Rule | None:
        given = node.get("at")
        # `at: end` is the end of the stream, unless an event has that name: then it is that event.
        at_end = given == END and END not in self.names.known
        if given == END and not at_end:
            self.report.note(
                "rules.end",
                (*at, "at"),
                "`at: end` is the event of that name here, not the end of the stream",
                "nothing to do",
            )
        events = frozenset() if at_end else frozenset(self.names.read(given, (*at, "at")))
        collect, known = self._collect(node, at, (*EVENT, *LINKED, "previous", "last"))
        scope = (*LINKED, "previous", *known, *(("last",) if at_end else EVENT))
        assertion = self._expression(node, "assert", at, scope)
        when = self._expression(node, "when", at, scope)
        by = self._expression(node, "by", at, (*EVENT, *LINKED))
        read = (assertion.names if assertion else frozenset()) | (when.names if when else frozenset())
        self._note_rereading(collect, read, events, at)
        if assertion is None or ("when" in node and when is None) or ("by" in node and by is None):
            return None
        return Rule(
            node["id"], events, at_end, assertion, when, by, collect, _level(node), _text(node, "message"),
            self.report.document.locate(at),
        )  # fmt: skip

    def _note_rereading(
        self, collect: tuple[Collector, ...], read: Collection[str], events: frozenset[str], at: Pointer
    ) -> None:
        """What grows with the stream and is read all along costs its square, and is given up on a long stream."""
        for collector in collect:
            if collector.verb in ("join", "distinct") and collector.name in read and collector.symbols & events:
                self.report.note(
                    "rules.rereads",
                    (*at, "collect", collector.name),
                    f"the rule reads all of {collector.name!r} at every event that adds to it, which is given up on a"
                    " long stream",
                    "that a value does not repeat is said with `by: VALUE`, `collect: {seen: {count: EVENT}}` and"
                    " `assert: seen == 0`",
                )

    def _collect(
        self, node: Mapping[str, Any], at: Pointer, taken: Collection[str]
    ) -> tuple[tuple[Collector, ...], list[str]]:
        """The collectors of a rule, and the names that they give."""
        given = node.get("collect")
        found: list[Collector] = []
        names: list[str] = []
        for name, entry in given.items() if isinstance(given, dict) else ():
            pointer = (*at, "collect", name)
            names.append(name)
            if name in taken:
                self.report.error(
                    "collect.taken", pointer, f"{name!r} already means something here", "choose another name"
                )
            verb = next((verb for verb in VERBS if isinstance(entry, dict) and verb in entry), None)
            if verb is not None:
                found.append(self._collector(name, verb, entry, pointer))
        return tuple(found), names

    def _collector(self, name: str, verb: str, entry: Mapping[str, Any], at: Pointer) -> Collector:
        source = "count" if verb == "count" else "from"
        symbols_ = frozenset(self.names.read(entry.get(source), (*at, source)))
        value = None if verb == "count" else self._expression(entry, verb, at, (*EVENT, *LINKED))
        return Collector(name, verb, symbols_, value, self._expression(entry, "where", at, (*EVENT, *LINKED)))

    def _afterwards(self, node: dict[str, Any], at: Pointer) -> Afterwards | None:
        operation = node.get("operation")
        if not isinstance(operation, str):
            return None
        if operation not in self.operations:
            self.report.error(
                "afterwards.unknown-operation", (*at, "operation"), f"no operation is called {operation!r}",
                did_you_mean(operation, self.operations),
            )  # fmt: skip
        given = node.get("after")
        after = frozenset() if given in (None, "any") else frozenset(self.names.read(given, (*at, "after")))
        collect, known = self._collect(node, at, (*EVENT, *LINKED, "last"))
        before = ("request", "linked", "last", *known)
        given = node.get("parameters")
        parameters: dict[str, Any] = given if isinstance(given, dict) else {}
        compiled = {name: self._expression(parameters, name, (*at, "parameters"), before) for name in parameters}
        assertion = self._expression(node, "assert", at, (*LINKED, "last", *known))
        if assertion is None:
            return None
        return Afterwards(
            node["id"], after, operation, assertion, self._expression(node, "body", at, before),
            {name: expression for name, expression in compiled.items() if expression is not None},
            collect, self._expression(node, "when", at, before), _level(node), _text(node, "message"),
            self.report.document.locate(at),
        )  # fmt: skip


def _level(node: Mapping[str, Any]) -> str:
    return "should" if node.get("level") == "should" else "must"


def _text(node: Mapping[str, Any], key: str) -> str:
    value = node.get(key)
    return value if isinstance(value, str) else ""
