"""Which transitions of a stream's sequence have been seen, in words that a person can read."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from streamcontract.contract.model import Stream

__all__ = ["Transitions", "transition_names", "transitions_of"]


@dataclass(frozen=True, slots=True)
class Transitions:
    """Transitions by name, `meta delta → done`: where the stream stood, and what came. Over several streams: union."""

    seen: frozenset[str]
    all: frozenset[str]

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.all)

    @property
    def missing(self) -> tuple[str, ...]:
        """Those that were not seen."""
        return tuple(sorted(self.all - self.seen))

    def __or__(self, other: "Transitions") -> "Transitions":
        return Transitions(self.seen | other.seen, self.all | other.all)


def transitions_of(stream: Stream, order: int, seen: Iterable[tuple[int, str]]) -> Transitions:
    """The transitions of a stream, `seen` being those of its order with that number."""
    names = transition_names(stream)
    taken = ((order, state, symbol) for state, symbol in seen)
    return Transitions(frozenset(names[key] for key in taken if key in names), frozenset(names.values()))


@lru_cache(maxsize=128)
def transition_names(stream: Stream) -> dict[tuple[int, int, str], str]:
    """A unique name for each transition (order, state, symbol).

    With the order's number where there are several, and the state's where names would be the same.
    """
    found: dict[tuple[int, int, str], str] = {}
    for number, order in enumerate(stream.orders):
        prefix = f"[order {number + 1}] " if len(stream.orders) > 1 else ""
        states = Counter(order.automaton.names)
        for state, symbol in order.automaton.transitions:
            name = order.automaton.names[state]
            shown = name if states[name] == 1 else f"{name} (state {state})"
            found[number, state, symbol] = f"{prefix}{shown} → {symbol}"
    return found
