"""The events of one key of a slice, from its beginning to its end: what streams with slices are put together from."""

from __future__ import annotations

from random import Random
from typing import Any

from streamcontract import Event
from streamcontract.contract.model import Slice
from streamcontract_harness.selftest.gathered import Values
from streamcontract_harness.selftest.made import Naming
from streamcontract_harness.selftest.pools import Pools
from streamcontract_harness.selftest.walks import Walks

__all__ = ["Threads"]

Sorted = dict[str, dict[str, list[tuple[str, Event]]]]
"""Events by their key and their name in the slice, each with its symbol."""


class Threads:
    """Whole orders of one key each, made of the events in the pools."""

    def __init__(self, slices: tuple[Slice, ...], pools: Pools, naming: Naming, random: Random) -> None:
        self._random = random
        self._pools, self._naming = pools, naming
        self._values = Values()
        self._walks = {slice_.id: Walks(slice_.automaton) for slice_ in slices}
        self._sorted = {slice_.id: self._by_key(slice_) for slice_ in slices}

    def whole(self, slice_: Slice) -> list[tuple[str, Event]]:
        """The events of one key in their order, with their symbols; empty where none could be put together."""
        return [self._random.choice(events) for events in self.choices(slice_)]

    def choices(self, slice_: Slice) -> list[list[tuple[str, Event]]]:
        """The same with all events that may stand at each place."""
        keys = sorted(self._sorted[slice_.id])
        if not keys:
            return []
        events = self._sorted[slice_.id][self._random.choice(keys)]
        walks = self._walks[slice_.id]
        short = walks.from_start(slice_.automaton.start)
        word = short if self._random.random() < 0.7 else walks.at_random(self._random)
        return [events[name] for name in word] if all(name in events for name in word) else []

    def _by_key(self, slice_: Slice) -> Sorted:
        found: Sorted = {}
        for symbol in sorted(slice_.events):
            for event in self._pools.events.get(symbol, ()):
                scope = self._scope(event)
                key = self._values.key(slice_.by, scope)
                name = symbol
                if slice_.symbol is not None:
                    named = self._values.of(slice_.symbol, scope)
                    name = str(named[0]) if named is not None else ""
                if key is not None:
                    found.setdefault(key, {}).setdefault(name, []).append((symbol, event))
        return found

    def _scope(self, event: Event) -> dict[str, Any]:
        payload = self._naming.of(event).payload
        return {"data": payload, "event": event.event or "message", "id": event.id or ""}
