"""One table look-up an event, recovery from faults included.

A stream may be wrong long before that shows: after `a a`, where `a b` was meant, it is `b` that cannot come. So every
thinkable past is followed at once: for each state of the automaton the number of faults that lead there, an extra event
or a missing stretch being one fault each. The faults of a stream are then the least number that explains it, and an
event is reported when that number grows. All costs together are a *node*; nodes are made as streams need them and kept,
so that a right stream, and a wrong one like those before it, pays for one look-up in a dictionary.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from streamcontract.contract.automaton import Automaton

__all__ = ["ANY", "Edge", "Node", "OrderFaultKind", "RepairTable", "repair_table"]

COST_LIMIT = 2
"""Pasts that need two more faults than the best are given up: enough for two neighbours in the wrong order."""

PASTS_LIMIT = 256
"""Pasts followed at once, the best of them: a wrong stream over thousands of states has as many explanations."""

STRETCH_LIMIT = 2_000
"""States looked through for the end of a missing stretch, nearest first."""

STRETCHES = 16
"""Missing stretches thought of at one fault, the shortest: more would crowd out the pasts with a single wrong event."""

KEPT_LIMIT = 200_000
"""Costs and edges kept for one automaton, some 20 MB; when there are more, all are forgotten and made as needed."""


class OrderFaultKind(Enum):
    """What is wrong with the order at one event, or at the end."""

    UNEXPECTED = "sequence.unexpected-event"
    AFTER_END = "sequence.after-end"
    TRUNCATED = "sequence.truncated"


ANY = "'any'"
"""An event that was meant to be one of several. No sequence can name it: a symbol in quotes holds none."""


class Edge(NamedTuple):
    """Where a symbol leads, the fault that it is, and the transition of the automaton that it took, if just one."""

    node: "Node"
    fault: OrderFaultKind | None
    transition: tuple[int, str] | None


class Node:
    """The cost of every thinkable state, the least being 0."""

    __slots__ = ("best", "complete", "costs", "edges", "terminal")

    def __init__(self, costs: Mapping[int, int], automaton: Automaton) -> None:
        self.costs = costs
        self.best = tuple(state for state, cost in costs.items() if cost == 0)
        self.complete = any(state in automaton.accepting for state in self.best)
        self.terminal = all(state in automaton.terminal for state in self.best)
        self.edges: dict[str, Edge] = {}

    def allowed(self, automaton: Automaton) -> tuple[str, ...]:
        """What may come here, without what may come anywhere."""
        found = {symbol for state in self.best for symbol in automaton.table[state]}
        return tuple(sorted(found - automaton.anywhere))


class RepairTable:
    """The nodes of one automaton."""

    def __init__(self, automaton: Automaton) -> None:
        self.automaton = automaton
        self.nodes: dict[frozenset[tuple[int, int]], Node] = {}
        self.kept = 0
        self.root = self._node({automaton.start: 0})

    def edge(self, node: Node, symbol: str) -> Edge:
        """Where a symbol leads from a node; made at the first time, and kept on the node."""
        made = self._edge(node, symbol)
        # Symbols that the automaton does not know come from the classifier, whose names are bounded by the contract.
        node.edges[symbol] = made
        self.kept += 1
        return made

    def _node(self, costs: Mapping[int, int]) -> Node:
        key = frozenset(costs.items())
        node = self.nodes.get(key)
        if node is None:
            if self.kept > KEPT_LIMIT:
                self._forget()
            node = self.nodes[key] = Node(costs, self.automaton)
            self.kept += len(costs)
        return node

    def _forget(self) -> None:
        """Streams that are under way keep the node on which they stand; its edges are made again."""
        for node in self.nodes.values():
            node.edges.clear()
        self.nodes, self.kept = {}, 0
        self.root = self._node({self.automaton.start: 0})

    def _edge(self, node: Node, symbol: str) -> Edge:
        if node.terminal:
            # Nothing may follow: all that still comes is one and the same fault, and repairs nothing.
            return Edge(node, OrderFaultKind.AFTER_END, None)
        if symbol == ANY:
            return Edge(self._node(_best(self._step_unnamed(node.costs), 0)), None, None)
        costs = self._step(node.costs, symbol)
        least = min(costs.values())
        if least:
            self._assume_missing_stretch(costs, node.best, symbol)
        following = self._node(_best(costs, least))
        if least:
            return Edge(following, OrderFaultKind.UNEXPECTED, None)
        taken = [state for state in node.best if symbol in self.automaton.table[state]]
        return Edge(following, None, (taken[0], symbol) if len(taken) == 1 else None)

    def _step(self, costs: Mapping[int, int], symbol: str) -> dict[int, int]:
        """The costs behind one event: it was right, it was extra, or one event before it is missing."""
        table = self.automaton.table
        found: dict[int, int] = {}
        for state, cost in costs.items():
            _lower(found, table[state].get(symbol), cost)
            _lower(found, state, cost + 1)
            if cost < COST_LIMIT:
                for between in set(table[state].values()):
                    _lower(found, table[between].get(symbol), cost + 1)
        return found

    def _step_unnamed(self, costs: Mapping[int, int]) -> dict[int, int]:
        """The costs behind an event without a name, whose fault has been told: it may be any, or none."""
        found = dict(costs)
        for state, cost in costs.items():
            for following in self.automaton.table[state].values():
                _lower(found, following, cost)
        return found

    def _assume_missing_stretch(self, costs: dict[int, int], states: Iterable[int], symbol: str) -> None:
        """A fault is certain: any stretch may be missing. The shortest is found first, so that it names the state."""
        table = self.automaton.table
        queue = deque(states)
        reached = set(queue)
        most = len(costs) + STRETCHES
        while queue and len(reached) < STRETCH_LIMIT and len(costs) < most:
            row = table[queue.popleft()]
            _lower(costs, row.get(symbol), 1)
            for following in row.values():
                if following not in reached:
                    reached.add(following)
                    queue.append(following)


def _best(costs: Mapping[int, int], least: int) -> dict[int, int]:
    """The costs counted from the least; of too many the best, and of equal ones those that were found first."""
    kept = {state: cost - least for state, cost in costs.items() if cost - least <= COST_LIMIT}
    if len(kept) <= PASTS_LIMIT:
        return kept
    return dict(sorted(kept.items(), key=lambda item: item[1])[:PASTS_LIMIT])


def _lower(costs: dict[int, int], state: int | None, cost: int) -> None:
    if state is not None and cost < costs.get(state, COST_LIMIT + 2):
        costs[state] = cost


@lru_cache(maxsize=512)
def repair_table(automaton: Automaton) -> RepairTable:
    """The one table of an automaton, shared by all of its streams: nodes that one stream made serve the next."""
    return RepairTable(automaton)
