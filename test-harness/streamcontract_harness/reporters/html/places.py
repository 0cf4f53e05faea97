"""Which places of a sequence the transitions of its automaton lead to, so that a diagram can show what was seen.

The places are the symbols as they stand in the tree (Glushkov's positions). With `&`, any place of the other parts may
follow one; the automaton then says which of these are meant. Where it does not tell two places apart, both are named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from streamcontract.contract.automaton import Automaton
from streamcontract.contract.grammar import Alternative, Interleave, Node, Repeat, Series, Symbol

__all__ = ["transitions_by_place"]

START = -1
Places = frozenset[int]
NOWHERE: Places = frozenset()


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the tree: whether it may be empty, where it may begin and end, and all its places."""

    empty: bool = True
    first: Places = NOWHERE
    last: Places = NOWHERE
    all: Places = NOWHERE


@dataclass(slots=True)
class _Positions:
    """The symbols of a tree by number, and what may follow each."""

    symbols: list[str] = field(default_factory=list)
    following: dict[int, set[int]] = field(default_factory=dict)

    def read(self, node: Node) -> _Part:
        match node:
            case Symbol(name=name):
                self.symbols.append(name)
                here = frozenset({len(self.symbols) - 1})
                return _Part(False, here, here, here)
            case Repeat(item=item, minimum=minimum, maximum=maximum):
                part = self.read(item)
                if maximum == 0:
                    return _Part()
                self._join(part.last, part.first if maximum != 1 else NOWHERE)
                return _Part(part.empty or minimum == 0, part.first, part.last, part.all)
            case Series(items=items):
                return self._series(map(self.read, items))
            case Alternative(options=options):
                parts = [self.read(option) for option in options]
                return _Part(any(p.empty for p in parts), *_unions(parts))
            case Interleave(parts=children):
                parts = [self.read(child) for child in children]
                for one in parts:
                    for other in parts:
                        if one is not other:
                            self._join(one.all, other.all)
                return _Part(all(p.empty for p in parts), *_unions(parts))

    def _series(self, parts: Iterator[_Part]) -> _Part:
        whole = _Part()
        for part in parts:
            self._join(whole.last, part.first)
            whole = _Part(
                whole.empty and part.empty,
                whole.first | part.first if whole.empty else whole.first,
                whole.last | part.last if part.empty else part.last,
                whole.all | part.all,
            )
        return whole

    def _join(self, before: Places, behind: Places) -> None:
        for place in before:
            self.following.setdefault(place, set()).update(behind)


def transitions_by_place(tree: Node, automaton: Automaton) -> list[frozenset[tuple[int, str]]]:
    """For each symbol of the tree, in the order of the text: the transitions (state, symbol) that lead to it."""
    positions = _Positions()
    positions.following[START] = set(positions.read(tree).first)
    leading: list[set[tuple[int, str]]] = [set() for _ in positions.symbols]
    at: dict[int, Places] = {automaton.start: frozenset({START})}
    waiting = [automaton.start]
    while waiting:
        state = waiting.pop()
        following = {after for place in at[state] for after in positions.following.get(place, ())}
        for symbol, target in automaton.table[state].items():
            there = frozenset(place for place in following if positions.symbols[place] == symbol)
            for place in there:
                leading[place].add((state, symbol))
            reached = there | at[state] if symbol in automaton.anywhere else there
            if not reached <= at.get(target, NOWHERE):
                at[target] = at.get(target, NOWHERE) | reached
                waiting.append(target)
    return [frozenset(transitions) for transitions in leading]


def _unions(parts: list[_Part]) -> tuple[Places, Places, Places]:
    return (
        NOWHERE.union(*(part.first for part in parts)),
        NOWHERE.union(*(part.last for part in parts)),
        NOWHERE.union(*(part.all for part in parts)),
    )
