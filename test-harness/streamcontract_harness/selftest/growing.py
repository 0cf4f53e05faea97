"""Streams event by event: each is chosen so that nothing is wrong up to it; and right ones changed that stay right.

A whole stream by chance has a dozen faults that hide each other. Of the next event alone there are one or two, and a
few other payloads, or the value that its rule asks for, are enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streamcontract_harness.selftest.definition import Judged
from streamcontract_harness.selftest.made import Made
from streamcontract_harness.selftest.search import LONGEST, Search

__all__ = ["Growing"]

NEXT = 24
"""Events that are tried for one place."""
REPAIRED = 0.6
"""How often the best so far is repaired rather than another one drawn."""
CHANGES = 60
"""Changes that are tried on the way from one right stream to another."""


@dataclass(slots=True)
class Growing:
    """Grows streams, and wanders from one right stream to another."""

    search: Search

    def along(self, start: Made, word: Sequence[str]) -> Made:
        """A stream along a word from one without events; what fits nowhere is left out where the order allows it."""
        workshop = self.search.workshop
        made, taken = start, list[str]()
        for number, symbol in enumerate(word):
            longer, wrong = self._next(made, symbol)
            if wrong and workshop.accepts(made, [*taken, *word[number + 1 :]]):
                continue
            made = longer
            taken.append(symbol)
        return made

    def wander(self, made: Made, judged: Judged, steps: int) -> tuple[Made, Judged] | None:
        """Another right stream, that many small changes away, each of which left it right."""
        first = made
        for _ in range(CHANGES):
            changed = self.search.workshop.by_chance(made, judged.word)
            if changed is None or len(changed.events) > LONGEST or changed == first:
                continue
            found = self.search.judge(changed)
            if not found.faults:
                made, judged = changed, found
                steps -= 1
            if steps == 0 or self.search.bound.over:
                break
        return None if made == first else (made, judged)

    def _next(self, made: Made, symbol: str) -> tuple[Made, float]:
        """The stream with one event of that name behind it, and how wrong that event is in the best case found."""
        search, index = self.search, len(made.events)
        best, least, judged = made, float("inf"), Judged()
        for _ in range(NEXT):
            candidate = None
            if best is not made and search.workshop.random.random() < REPAIRED:
                candidate = self._repaired(best, judged, index)
            if candidate is None:
                candidate = made.having((*made.events, search.workshop.pools.of(symbol)))
            found = search.judge(candidate)
            found.faults = [fault for fault in found.faults if fault.index == index]
            wrong = search.score(found, None)
            if wrong <= least:
                best, least, judged = candidate, wrong, found
            if not wrong or search.bound.over:
                break
        return best, least

    def _repaired(self, made: Made, judged: Judged, index: int) -> Made | None:
        """The last event with a value in it that one of its faults asks for."""
        random, workshop = self.search.workshop.random, self.search.workshop
        places = [fault.place for fault in judged.faults if fault.place is not None]
        if not places:
            return None
        exact = [(target, value) for target, value in workshop.exact(random.choice(places), made) if target[0] == index]
        return workshop.with_value(made, *random.choice(exact)) if exact else None
