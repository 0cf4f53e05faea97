"""Which transitions of a stream's sequence have been seen, in words that a person can read."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from streamcontract.contract.automaton import Automaton
from streamcontract.contract.model import Stream

__all__ = ["Transitions", "names_of", "transition_names", "transitions_of"]

Taken = frozenset[tuple[int, str]]
"""Transitions as (state, symbol)."""
NOTHING: Taken = frozenset()


@dataclass(frozen=True, slots=True)
class Transitions:
    """Transitions by name, `meta delta → done`: where the stream stood, and what came. Over several streams: union.

    `anywhere` are symbols that came, and may come at any place; they are not among the transitions. Nor are those that
    were taken in each slice: `slices` has them as (state, symbol), by the slice's id.
    """

    seen: frozenset[str]
    all: frozenset[str]
    anywhere: frozenset[str] = frozenset()
    slices: Mapping[str, Taken] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.all)

    @property
    def missing(self) -> tuple[str, ...]:
        """Those that were not seen."""
        return tuple(sorted(self.all - self.seen))

    def __or__(self, other: "Transitions") -> "Transitions":
        slices = {
            id_: self.slices.get(id_, NOTHING) | other.slices.get(id_, NOTHING)
            for id_ in self.slices.keys() | other.slices.keys()
        }
        return Transitions(self.seen | other.seen, self.all | other.all, self.anywhere | other.anywhere, slices)


def transitions_of(
    stream: Stream, order: int, seen: Iterable[tuple[int, str]], slices: Mapping[str, Taken] | None = None
) -> Transitions:
    """The transitions of a stream, `seen` being those of its order with that number, `slices` those of its slices."""
    names, came = transition_names(stream), tuple(seen)
    known = frozenset(names[order, *taken] for taken in came if (order, *taken) in names)
    free = frozenset(symbol for _, symbol in came if symbol in stream.orders[order].automaton.anywhere)
    return Transitions(known, frozenset(names.values()), free, slices or {})


@lru_cache(maxsize=128)
def transition_names(stream: Stream) -> dict[tuple[int, int, str], str]:
    """A unique name for each transition (order, state, symbol).

    With the order's number where there are several, and the state's where names would be the same.
    """
    found: dict[tuple[int, int, str], str] = {}
    for number, order in enumerate(stream.orders):
        prefix = f"[order {number + 1}] " if len(stream.orders) > 1 else ""
        for (state, symbol), name in names_of(order.automaton).items():
            found[number, state, symbol] = prefix + name
    return found


def names_of(automaton: Automaton) -> dict[tuple[int, str], str]:
    """A unique name for each transition (state, symbol) of one automaton."""
    states = Counter(automaton.names)
    found = {}
    for state, symbol in automaton.transitions:
        name = automaton.names[state]
        shown = name if states[name] == 1 else f"{name} (state {state})"
        found[state, symbol] = f"{shown} → {symbol}"
    return found
