"""Words of an automaton: one for each transition, then walks at random."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from random import Random

from streamcontract.contract.automaton import Automaton

__all__ = ["Walks"]

LONGEST = 14
"""Events of a walk at random before it makes for the end."""


class Walks:
    """Ways through one automaton, from its start to where it may end."""

    def __init__(self, automaton: Automaton) -> None:
        self.automaton = automaton
        self._to = _ways_from_start(automaton)
        self._home = _ways_to_end(automaton)

    def through(self, state: int, symbol: str) -> tuple[str, ...]:
        """The shortest word that takes this transition."""
        following = self.automaton.table[state][symbol]
        return (*self._to[state], symbol, *self._home[following])

    def home(self, state: int) -> tuple[str, ...]:
        """The shortest way from a state to where the word may end."""
        return self._home[state]

    def from_start(self, state: int) -> tuple[str, ...]:
        """The shortest way from a state to where the word may end; at least one event where one may come."""
        row = self.automaton.table[state]
        if state not in self.automaton.accepting or not row:
            return self._home[state]
        return min(
            ((symbol, *self._home[following]) for symbol, following in row.items()), key=lambda way: (len(way), way)
        )

    def at_random(self, random: Random) -> tuple[str, ...]:
        """A word by chance; it goes on where it may as often as it ends."""
        word: list[str] = []
        state = self.automaton.start
        longest = random.randint(0, LONGEST)
        while len(word) < longest and self.automaton.table[state]:
            if state in self.automaton.accepting and random.random() < 0.2:
                return tuple(word)
            row = self.automaton.table[state]
            staying = [symbol for symbol, following in row.items() if following not in self.automaton.terminal]
            symbol = random.choice(sorted(staying if staying and random.random() < 0.9 else row))
            word.append(symbol)
            state = row[symbol]
        return (*word, *self._home[state])


def _ways_from_start(automaton: Automaton) -> Mapping[int, tuple[str, ...]]:
    ways: dict[int, tuple[str, ...]] = {automaton.start: ()}
    queue = deque([automaton.start])
    while queue:
        state = queue.popleft()
        for symbol, following in sorted(automaton.table[state].items()):
            if following not in ways:
                ways[following] = (*ways[state], symbol)
                queue.append(following)
    return ways


def _ways_to_end(automaton: Automaton) -> Mapping[int, tuple[str, ...]]:
    before: dict[int, list[tuple[int, str]]] = {}
    for state, row in enumerate(automaton.table):
        for symbol, following in sorted(row.items()):
            before.setdefault(following, []).append((state, symbol))
    ways: dict[int, tuple[str, ...]] = dict.fromkeys(sorted(automaton.accepting), ())
    queue = deque(sorted(automaton.accepting))
    while queue:
        state = queue.popleft()
        for earlier, symbol in before.get(state, ()):
            if earlier not in ways:
                ways[earlier] = (symbol, *ways[state])
                queue.append(earlier)
    return ways
