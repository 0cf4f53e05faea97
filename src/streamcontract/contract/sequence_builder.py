"""`sequence`, `where`, `anywhere` and `interruptedBy` become automata (section 3 of the contract language)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from streamcontract.contract.automaton import Automaton, TooLargeError, compile_sequence
from streamcontract.contract.document import Document
from streamcontract.contract.expressions import Expression, ExpressionError, compile_expression
from streamcontract.contract.grammar import GrammarError, Node, RecursivePartError, Symbol, expand, parse, symbols
from streamcontract.contract.model import Order
from streamcontract.contract.problems import Pointer
from streamcontract.contract.report import Report

if TYPE_CHECKING:
    from streamcontract.contract.stream_builder import SymbolNames

__all__ = ["SequenceBuilder"]


class SequenceBuilder:
    """Compiles the sequences of one stream."""

    def __init__(
        self, document: Document, report: Report, names: SymbolNames, extension: Mapping[str, Any], at: Pointer
    ) -> None:
        self.document, self.report, self.names, self.extension, self.at = document, report, names, extension, at
        self.used: set[str] = set()
        self.parts = self._parts()
        self.anywhere = frozenset(names.read(extension.get("anywhere"), (*at, "anywhere")))
        self.interrupting = frozenset(names.read(extension.get("interruptedBy"), (*at, "interruptedBy")))

    def orders(self) -> tuple[Order, ...]:
        """The orders of the stream, each with the condition under which it holds."""
        given = self.extension.get("sequence")
        if isinstance(given, str):
            found = [self._order(given, None, (*self.at, "sequence"))]
        elif isinstance(given, list):
            found = [self._conditional(entry, (*self.at, "sequence", n)) for n, entry in enumerate(given)]
            self._check_default(given)
        else:
            return ()
        orders = tuple(order for order in found if order is not None)
        if len(orders) == len(found):
            self._check_reached(orders)
        return orders

    def automaton(
        self,
        text: str,
        pointer: Pointer,
        known: Iterable[str] = (),
        anywhere: frozenset[str] = frozenset(),
        interrupting: frozenset[str] = frozenset(),
    ) -> tuple[Automaton, Node] | None:
        """The automaton of one sequence and the tree of it, parts put in; None when it is wrong.

        `known` are its own symbols, if it has any.
        """
        try:
            tree = parse(text)
            self.used |= {symbol.name for symbol in symbols(tree)} & self.parts.keys()
            whole = expand(tree, self.parts)
            self._check_symbols(tree, pointer, known)
            self._check_apart(tree, pointer, anywhere | interrupting)
            return compile_sequence(whole, anywhere=anywhere, interrupting=interrupting), whole
        except GrammarError as error:
            self.report.error("sequence.syntax", pointer, str(error), error.remedy)
        except TooLargeError as error:
            self.report.error("sequence.too-large", pointer, str(error), error.remedy)
        return None

    def _parts(self) -> dict[str, Node]:
        """The named parts, parsed; what is wrong with one is reported here, once."""
        given = self.extension.get("where")
        parts: dict[str, Node] = {}
        for name, text in given.items() if isinstance(given, dict) else ():
            pointer = (*self.at, "where", name)
            if name in self.names.known:
                self.report.error(
                    "sequence.ambiguous-part",
                    pointer,
                    f"{name!r} is a part and an event, too",
                    "give the part another name",
                )
            try:
                parts[name] = parse(str(text))
            except GrammarError as error:
                self.report.error("sequence.syntax", pointer, str(error), error.remedy)
                parts[name] = parse("")
        for name, tree in list(parts.items()):
            self._check_symbols(tree, (*self.at, "where", name), (), parts)
            try:
                expand(Symbol(name), parts)
            except RecursivePartError as error:
                self.report.error("sequence.recursive-part", (*self.at, "where", name), str(error), error.remedy)
                parts[name] = parse("")
        return parts

    def _check_symbols(
        self, tree: Node, pointer: Pointer, known: Iterable[str], parts: Mapping[str, Node] | None = None
    ) -> None:
        allowed = [*known, *(self.parts if parts is None else parts)]
        for name in dict.fromkeys(symbol.name for symbol in symbols(tree)):
            self.names.check(name, pointer, allowed)

    def _check_apart(self, tree: Node, pointer: Pointer, anywhere: frozenset[str]) -> None:
        for name in sorted({symbol.name for symbol in symbols(tree)} & anywhere):
            self.report.warning(
                "sequence.twice",
                pointer,
                f"{name!r} stands in the sequence and may come anywhere or interrupt it, too",
                "name it in one place only",
            )

    def _order(self, text: str, when: Expression | None, pointer: Pointer) -> Order | None:
        compiled = self.automaton(text, pointer, (), self.anywhere, self.interrupting)
        if compiled is None:
            return None
        automaton, tree = compiled
        return Order(automaton, when, self.document.locate(pointer), tree)

    def _conditional(self, entry: Any, pointer: Pointer) -> Order | None:
        if not isinstance(entry, dict) or not isinstance(entry.get("sequence"), str):
            return None
        when = None
        if "when" in entry:
            try:
                when = compile_expression(entry["when"], ("request",))
            except ExpressionError as error:
                self.report.error("expression.invalid", (*pointer, "when"), str(error), error.remedy)
                return None
        return self._order(entry["sequence"], when, (*pointer, "sequence"))

    def _check_default(self, given: list[Any]) -> None:
        defaults = [n for n, entry in enumerate(given) if isinstance(entry, dict) and "when" not in entry]
        if given and defaults != [len(given) - 1]:
            self.report.error(
                "sequence.default",
                (*self.at, "sequence"),
                "the last entry, and only the last, stands without `when`: it is the default",
                "move the entry without `when` to the end, or add one",
            )

    def _check_reached(self, orders: tuple[Order, ...]) -> None:
        """An event that no sequence can ever reach, and a part that none uses."""
        reached = frozenset(symbol for order in orders for symbol in order.automaton.symbols)
        for symbol in sorted(self.names.known - reached - self.anywhere - self.interrupting - self.names.meant):
            self.report.error(
                "sequence.unreached",
                (*self.at, "sequence"),
                f"the event {symbol!r} can never come: no sequence has it",
                "add it to `sequence`, `anywhere` or `interruptedBy`, or remove it from itemSchema",
            )
        used = {symbol.name for name in self.parts for symbol in symbols(self.parts[name])} | self.used
        for name in sorted(self.parts.keys() - used):
            self.report.warning(
                "sequence.unused-part", (*self.at, "where", name), f"no sequence uses {name!r}", "remove it"
            )
