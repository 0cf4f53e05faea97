"""Streams event by event: each is chosen so that nothing is wrong up to it; and right ones changed that stay right.

A whole stream by chance has a dozen faults that hide each other. Of the next event alone there are one or two, and a
few other payloads, or the value that its rule asks for, are enough.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from streamcontract import Event
from streamcontract_harness.selftest.definition import Judged
from streamcontract_harness.selftest.made import Made
from streamcontract_harness.selftest.search import LONGEST, Search

__all__ = ["Growing"]

NEXT, WOVEN = 24, 6
"""Events that are tried for one place, at the end and in the order of a key."""
REPAIRED = 0.6
"""How often the best so far is repaired rather than another one drawn."""
FILLED, CLIMBING = 300, 4
"""Streams that are judged without one that is better, and how many better ones are worth more patience."""
THREADS, FEWER, NEAR = 0.1, 0.1, 0.5
"""How often a whole order of one key is put in, and an event taken out; up to where one is put before what is wrong."""
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
            longer, wrong = self._next(made, partial(workshop.pools.of, symbol), NEXT)
            if wrong and workshop.accepts(made, [*taken, *word[number + 1 :]]):
                continue
            made = longer
            taken.append(symbol)
        return made

    def filled(self, made: Made) -> Made:
        """The stream with events put in, or taken out, wherever one or the whole order of a key makes it less wrong.

        This is what an end asks for that may come only when so many steps were told.
        """
        search, workshop = self.search, self.search.workshop
        judged = search.judge(made)
        least, since = search.score(judged, None), search.judged
        climbed = 0
        for _ in range(FILLED * 20):  # some proposals come to nothing
            patience = FILLED if climbed < CLIMBING else FILLED * 4
            if not least or search.judged - since > patience or search.bound.over:
                break
            symbols = workshop.definition.read_by(judged) or frozenset(judged.word)
            kind = workshop.random.random()
            if kind < THREADS:
                candidate = self._woven(made, judged, symbols)
            elif kind < THREADS + FEWER and judged.word:
                candidate = workshop.without(made, judged.word, workshop.random.randrange(len(judged.word)))
            else:
                before = workshop.random.choice(judged.faults).index if kind < NEAR else None
                candidate = workshop.one_more(made, judged.word, symbols, before)
            if candidate is None or len(candidate.events) > LONGEST:
                continue
            found = search.judge(candidate)
            wrong = search.score(found, None)
            if wrong < least and _lasting(candidate, found) <= _lasting(made, judged):
                made, judged, least, since = candidate, found, wrong, search.judged
                climbed += 1
        return made

    def _woven(self, made: Made, judged: Judged, symbols: frozenset[str]) -> Made | None:
        """The stream with the whole order of one key put in, each event of it right where it stands."""
        workshop = self.search.workshop
        slices = [slice_ for slice_ in workshop.definition.stream.slices if slice_.events & symbols]
        thread = workshop.threads.choices(workshop.random.choice(slices)) if slices else []
        if not thread:
            return None
        place = workshop.random.randint(0, len(judged.word))
        longer = [*judged.word[:place], *(choices[0][0] for choices in thread), *judged.word[place:]]
        if not workshop.accepts(made, longer):
            return None
        grown = made.having(made.events[:place])
        for choices in thread:
            grown, wrong = self._next(grown, partial(_drawn, workshop.random, choices), WOVEN)
            if wrong:
                return None
        return made.having((*grown.events, *made.events[place:]))

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

    def _next(self, made: Made, draw: Callable[[], Event], tries: int) -> tuple[Made, float]:
        """The stream with one event more, and how wrong that event is in the best case found."""
        search, index = self.search, len(made.events)
        best, least, judged = made, float("inf"), Judged()
        for _ in range(tries):
            candidate = None
            if best is not made and search.workshop.random.random() < REPAIRED:
                candidate = self._repaired(best, judged, index)
            if candidate is None:
                candidate = made.having((*made.events, draw()))
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


def _drawn(random: Random, choices: list[tuple[str, Event]]) -> Event:
    return random.choice(choices)[1]


def _lasting(made: Made, judged: Judged) -> frozenset[str]:
    """The ids of faults that no event put in can mend: of rules, and of what is wrong before the end."""
    last = len(made.events) - 1
    early = (fault for fault in judged.faults if fault.index is not None and fault.index < last)
    return frozenset(fault.id for fault in (*early, *(fault for fault in judged.faults if fault.place is not None)))
