"""A tree becomes the minimal deterministic automaton of the same words, as a table.

Thompson's construction, the subset construction, then Hopcroft's minimisation ("An n log n algorithm for minimizing
states in a finite automaton", 1971). Everything is bounded by the number of states, and refused early and clearly.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from streamcontract.contract.grammar import Alternative, Interleave, Node, Repeat, Series, Symbol

__all__ = ["STATE_LIMIT", "Automaton", "TooLargeError", "compile_sequence"]

STATE_LIMIT = 10_000
"""States of an automaton. A state is a dictionary of some hundred bytes, so this keeps a contract within a few MB."""

WORK_LIMIT = 300
"""Steps of the subset construction for each allowed state: far above any real contract, a second of work at most."""

SHOWN = 4
"""How many symbols of the way to a state its name shows."""

Table = list[dict[str, int]]


class TooLargeError(ValueError):
    """A sequence needs more states than the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the sequence needs more than {limit:,} states")
        self.remedy = "use smaller counts in {n,m}, or * with a rule that counts; join fewer parts with &"


@dataclass(frozen=True, eq=False)
class Automaton:
    """A minimal deterministic automaton; state 0 is the start. An absent entry of the table *is* the fault.

    The table holds the symbols that may come anywhere and those that interrupt, too; `anywhere` and `interrupting`
    name them.
    """

    table: tuple[Mapping[str, int], ...]
    accepting: frozenset[int]
    anywhere: frozenset[str] = frozenset()
    interrupting: frozenset[str] = frozenset()
    start: int = field(default=0, init=False)

    @cached_property
    def terminal(self) -> frozenset[int]:
        """The states that nothing may follow."""
        return frozenset(state for state, row in enumerate(self.table) if not row)

    @cached_property
    def symbols(self) -> frozenset[str]:
        """All symbols that may come at some point."""
        return frozenset(symbol for row in self.table for symbol in row)

    @cached_property
    def transitions(self) -> frozenset[tuple[int, str]]:
        """The transitions of the sequence itself, without what may come anywhere or interrupts."""
        extra = self.anywhere | self.interrupting
        return frozenset(
            (state, symbol) for state, row in enumerate(self.table) for symbol in row if symbol not in extra
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """A name for each state: the shortest way to it."""
        names: dict[int, tuple[str, ...]] = {0: ()}
        queue = deque([0])
        while queue:
            state = queue.popleft()
            for symbol in sorted(self.table[state]):
                following = self.table[state][symbol]
                if following not in names:
                    names[following] = (*names[state], symbol)[-SHOWN - 1 :]
                    queue.append(following)
        return tuple(_shorten(names[state]) for state in range(len(self.table)))

    def accepts(self, word: Iterable[str]) -> bool:
        """Whether a stream of these symbols is complete and right."""
        state: int | None = self.start
        for symbol in word:
            state = self.table[state].get(symbol) if state is not None else None
        return state in self.accepting


def compile_sequence(
    node: Node, *, anywhere: Iterable[str] = (), interrupting: Iterable[str] = (), limit: int = STATE_LIMIT
) -> Automaton:
    """The automaton of a tree. Raises TooLargeError when it would have more than `limit` states."""
    table, accepting = _minimal(*_deterministic(_Thompson(limit).build(node), limit))
    anywhere, interrupting = frozenset(anywhere), frozenset(interrupting)
    if anywhere or interrupting:
        table, accepting = _with_extra(table, accepting, anywhere, interrupting, limit)
    return Automaton(tuple(table), accepting, anywhere, interrupting)


def _with_extra(
    table: Table, accepting: frozenset[int], anywhere: frozenset[str], interrupting: frozenset[str], limit: int
) -> tuple[Table, frozenset[int]]:
    """Before the end, also what may come anywhere, and what interrupts; the sequence itself may name them, too."""
    interrupted = len(table)
    moves = [
        [*row.items(), *((s, state) for s in anywhere), *((s, interrupted) for s in interrupting)] if row else []
        for state, row in enumerate(table)
    ]
    return _minimal(*_deterministic(_with_one_end([*moves, []], [*accepting, interrupted]), limit))


def _shorten(path: Sequence[str]) -> str:
    if not path:
        return "start"
    return " ".join(path if len(path) <= SHOWN else ("…", *path[-SHOWN:]))


@dataclass
class _Nondeterministic:
    """States with empty moves; `end` is the one accepting state."""

    start: int
    end: int
    empty: list[list[int]]
    moves: list[list[tuple[str, int]]]


class _Thompson:
    """Builds the nondeterministic automaton, a fragment (start, end) for every node."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.empty: list[list[int]] = []
        self.moves: list[list[tuple[str, int]]] = []

    def build(self, node: Node) -> _Nondeterministic:
        start, end = self.fragment(node)
        return _Nondeterministic(start, end, self.empty, self.moves)

    def state(self) -> int:
        # Four states a symbol are ordinary; a bound here stops {n,m} within {n,m} before it is written out.
        if len(self.moves) > 20 * self.limit:
            raise TooLargeError(self.limit)
        self.empty.append([])
        self.moves.append([])
        return len(self.moves) - 1

    def fragment(self, node: Node) -> tuple[int, int]:
        start, end = self.state(), self.state()
        match node:
            case Symbol(name=name):
                self.moves[start].append((name, end))
            case Series(items=items):
                self.empty[self.chain(start, items)].append(end)
            case Alternative(options=options):
                for option in options:
                    first, last = self.fragment(option)
                    self.empty[start].append(first)
                    self.empty[last].append(end)
            case Repeat():
                self.repeat(node, start, end)
            case Interleave(parts=parts):
                self.interleave(parts, start, end)
        return start, end

    def chain(self, at: int, items: Iterable[Node]) -> int:
        for item in items:
            first, last = self.fragment(item)
            self.empty[at].append(first)
            at = last
        return at

    def repeat(self, node: Repeat, start: int, end: int) -> None:
        at = self.chain(start, (node.item for _ in range(node.minimum)))
        if node.maximum is None:
            first, last = self.fragment(node.item)
            self.empty[at] += [first, end]
            self.empty[last] += [first, end]
            return
        for _ in range(node.maximum - node.minimum):
            self.empty[at].append(end)
            at = self.chain(at, [node.item])
        self.empty[at].append(end)

    def interleave(self, parts: Iterable[Node], start: int, end: int) -> None:
        """The product of the parts' automata: each event moves one of them."""
        product: tuple[Table, frozenset[int]] = ([{}], frozenset({0}))
        for part in parts:
            automaton = _Thompson(self.limit).build(part)
            moves, final = _product(product, _minimal(*_deterministic(automaton, self.limit)), self.limit)
            product = _minimal(*_deterministic(_with_one_end(moves, final), self.limit))
        table, accepting = product
        states = [self.state() for _ in table]
        self.empty[start].append(states[0])
        for state, row in zip(states, table, strict=True):
            self.moves[state] += [(symbol, states[following]) for symbol, following in row.items()]
        for state in accepting:
            self.empty[states[state]].append(end)


def _product(
    one: tuple[Table, frozenset[int]], other: tuple[Table, frozenset[int]], limit: int
) -> tuple[list[list[tuple[str, int]]], list[int]]:
    """Moves and accepting states of both automata interleaved; state (a, b) has the number a * width + b."""
    width = len(other[0])
    if len(one[0]) * width > limit:
        raise TooLargeError(limit)
    moves = [
        [(symbol, following * width + b) for symbol, following in row_a.items()]
        + [(symbol, a * width + following) for symbol, following in row_b.items()]
        for a, row_a in enumerate(one[0])
        for b, row_b in enumerate(other[0])
    ]
    return moves, [a * width + b for a in one[1] for b in other[1]]


def _with_one_end(moves: list[list[tuple[str, int]]], accepting: Iterable[int]) -> _Nondeterministic:
    end = len(moves)
    empty: list[list[int]] = [[] for _ in range(end + 1)]
    for state in accepting:
        empty[state].append(end)
    return _Nondeterministic(0, end, empty, [*moves, []])


class _Closures:
    """Sets of states with all that they reach by empty moves, within a budget of work."""

    def __init__(self, automaton: _Nondeterministic, limit: int) -> None:
        self.automaton, self.limit = automaton, limit
        self.work = limit * WORK_LIMIT

    def of(self, states: Iterable[int]) -> frozenset[int]:
        """The closure; only states with moves, and the end, tell sets apart."""
        moves, empty, end = self.automaton.moves, self.automaton.empty, self.automaton.end
        reached = set(states)
        stack = list(reached)
        while stack:
            for following in empty[stack.pop()]:
                if following not in reached:
                    reached.add(following)
                    stack.append(following)
        self.work -= len(reached)
        if self.work < 0:
            raise TooLargeError(self.limit)
        return frozenset(state for state in reached if moves[state] or state == end)


def _deterministic(automaton: _Nondeterministic, limit: int) -> tuple[Table, frozenset[int]]:
    """The subset construction: a state is a set of states."""
    closures = _Closures(automaton, limit)
    numbers = {closures.of([automaton.start]): 0}
    queue = deque(numbers)
    table: Table = []
    while queue:
        targets: dict[str, set[int]] = {}
        for state in queue.popleft():
            for symbol, following in automaton.moves[state]:
                targets.setdefault(symbol, set()).add(following)
        row: dict[str, int] = {}
        for symbol, target in targets.items():
            states = closures.of(target)
            if states not in numbers:
                if len(numbers) >= limit:
                    raise TooLargeError(limit)
                numbers[states] = len(numbers)
                queue.append(states)
            row[symbol] = numbers[states]
        table.append(row)
    return table, frozenset(number for states, number in numbers.items() if automaton.end in states)


def _minimal(table: Table, accepting: frozenset[int]) -> tuple[Table, frozenset[int]]:
    """Hopcroft's algorithm. A missing entry leads nowhere, and every state can reach the end, so no sink is needed."""
    before: dict[str, dict[int, list[int]]] = {}
    for state, row in enumerate(table):
        for symbol, following in row.items():
            before.setdefault(symbol, {}).setdefault(following, []).append(state)
    blocks = [set(accepting), set(range(len(table))) - accepting]
    blocks = [block for block in blocks if block]
    block_of = {state: number for number, block in enumerate(blocks) for state in block}
    waiting = {(number, symbol) for number in range(len(blocks)) for symbol in before}
    while waiting:
        number, symbol = waiting.pop()
        sources = before[symbol]
        split: dict[int, set[int]] = {}
        for state in blocks[number]:
            for source in sources.get(state, ()):
                split.setdefault(block_of[source], set()).add(source)
        for touched, part in split.items():
            if len(part) == len(blocks[touched]):
                continue
            # The larger part keeps the number: only the smaller is looked at again, which gives n log n.
            smaller = part if 2 * len(part) <= len(blocks[touched]) else blocks[touched] - part
            blocks[touched] -= smaller
            new = len(blocks)
            blocks.append(smaller)
            block_of.update(dict.fromkeys(smaller, new))
            waiting.update((new, other) for other in before)
    return _numbered(table, accepting, block_of)


def _numbered(table: Table, accepting: frozenset[int], block_of: Mapping[int, int]) -> tuple[Table, frozenset[int]]:
    """The blocks as states, numbered breadth first from the start, so that equal sequences give equal tables."""
    numbers = {block_of[0]: 0}
    queue = deque([0])
    rows: Table = []
    final = set()
    while queue:
        state = queue.popleft()
        row: dict[str, int] = {}
        for symbol in sorted(table[state]):
            following = table[state][symbol]
            block = block_of[following]
            if block not in numbers:
                numbers[block] = len(numbers)
                queue.append(following)
            row[symbol] = numbers[block]
        if state in accepting:
            final.add(len(rows))
        rows.append(row)
    return rows, frozenset(final)
