"""The order of events, of a whole stream or of one slice: where it stands, and what is wrong (section 3)."""

from collections import deque
from collections.abc import Sequence

import msgspec

from streamcontract.contract.automaton import Automaton
from streamcontract.contract.written import listing
from streamcontract.monitor.repair import ANY, Node, OrderFaultKind, RepairTable

__all__ = ["OrderFault", "OrderTracker", "Path"]

SHOWN_RUNS = 8
"""A path is shown by its first and last runs of equal symbols, so that its memory does not grow with the stream."""


UNNAMED = "?"
"""What a path calls an event that may have been any of several."""


class OrderFault(msgspec.Struct, frozen=True):
    """One fault of the order: what was allowed at that point, and a text that says what is wrong."""

    kind: OrderFaultKind
    expected: tuple[str, ...]
    message: str
    place: str


class Path:
    """The symbols so far, equal ones in a row counted: `meta delta×4 done`."""

    __slots__ = ("_count", "_first", "_last", "_left_out", "_symbol")

    def __init__(self) -> None:
        self._first: list[str] = []
        self._last: deque[str] = deque()
        self._left_out = 0
        self._symbol = ""
        self._count = 0

    def add(self, symbol: str) -> None:
        """Go one event on."""
        if symbol == self._symbol:
            self._count += 1
            return
        if self._count:
            self._keep(_run(self._symbol, self._count))
        self._symbol, self._count = symbol, 1

    def _keep(self, run: str) -> None:
        if len(self._first) < SHOWN_RUNS:
            self._first.append(run)
            return
        self._last.append(run)
        if len(self._last) > SHOWN_RUNS:
            self._last.popleft()
            self._left_out += 1

    def __str__(self) -> str:
        runs = [*self._first]
        if self._left_out:
            runs.append("…")
        runs += self._last
        if self._count:
            runs.append(_run(self._symbol, self._count))
        return " ".join(runs) or "empty"


class OrderTracker:
    """Follows one order, event by event; `seen` are the transitions that were taken.

    `path` is kept for a whole stream, not for each key of a slice; these share what was `seen`.
    """

    __slots__ = ("_node", "_table", "last_number", "last_symbol", "path", "seen")

    def __init__(
        self, table: RepairTable, *, path: Path | None = None, seen: set[tuple[int, str]] | None = None
    ) -> None:
        self._table = table
        self._node = table.root
        self.path = path
        self.seen = set() if seen is None else seen
        self.last_symbol = ""
        self.last_number = 0

    @property
    def automaton(self) -> Automaton:
        """What the order is held to."""
        return self._table.automaton

    @property
    def complete(self) -> bool:
        """Whether it may end here."""
        return self._node.complete

    @property
    def terminal(self) -> bool:
        """Whether nothing may follow."""
        return self._node.terminal

    def allowed(self) -> tuple[str, ...]:
        """What may come next, without what may come anywhere."""
        return self._node.allowed(self.automaton)

    def allows(self, symbol: str) -> bool:
        """Whether this symbol may come next."""
        return any(symbol in self.automaton.table[state] for state in self._node.best)

    def step(self, symbol: str, number: int) -> OrderFault | None:
        """Take the event with this number (from 1). Returns what is wrong with it, if anything is."""
        node = self._node
        edge = node.edges.get(symbol) or self._table.edge(node, symbol)
        self._node = edge.node
        fault = self._fault(edge.fault, node, symbol) if edge.fault is not None else None
        if edge.transition is not None:
            self.seen.add(edge.transition)
        if edge.fault is not OrderFaultKind.AFTER_END:
            self.last_symbol, self.last_number = (UNNAMED if symbol == ANY else symbol), number
            if self.path is not None:
                self.path.add(self.last_symbol)
        return fault

    def _fault(self, kind: OrderFaultKind, node: Node, symbol: str) -> OrderFault:
        expected = node.allowed(self.automaton)
        return OrderFault(kind, expected, self._what_is_wrong(kind, expected), self._place(symbol, kind))

    def end(self) -> OrderFault | None:
        """The stream ends here, by its sender. Returns what is wrong with that, if anything is."""
        if self._node.complete:
            return None
        expected = self._node.allowed(self.automaton)
        where = f"after {self.last_symbol} (event {self.last_number})" if self.last_number else "without any event"
        message = f"ended {where}, where it had to go on with {listing(expected)}{self._path_text()}"
        return OrderFault(OrderFaultKind.TRUNCATED, expected, message, "")

    def _what_is_wrong(self, kind: OrderFaultKind, expected: Sequence[str]) -> str:
        if kind is OrderFaultKind.AFTER_END:
            end = f"{self.last_symbol}, which came as event {self.last_number}" if self.last_number else "the start"
            return f"nothing may follow {end}{self._path_text()}"
        before = f"after {self.last_symbol} (event {self.last_number})" if self.last_number else "at the start"
        return f"expected {listing(expected)} {before}{self._path_text()}"

    def _path_text(self) -> str:
        return f"; the path was {self.path}" if self.path is not None and self.last_number else ""

    def _place(self, symbol: str, kind: OrderFaultKind) -> str:
        """Faults are equal when the same symbol comes wrongly behind the same one; after the end all are."""
        return "" if kind is OrderFaultKind.AFTER_END else f"{symbol} after {self.last_symbol or 'start'}"


def _run(symbol: str, count: int) -> str:
    return symbol if count == 1 else f"{symbol}×{count}"
