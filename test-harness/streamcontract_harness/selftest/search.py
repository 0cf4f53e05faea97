"""Right streams: a word, valid events, and then one small change after the other until no slice and no rule objects."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from math import exp

from streamcontract_harness.selftest.bound import Bound
from streamcontract_harness.selftest.definition import Definition, Fault, Judged, Place, names_read
from streamcontract_harness.selftest.made import Made
from streamcontract_harness.selftest.moves import Workshop
from streamcontract_harness.selftest.terms import distance, term_of

__all__ = ["LONGEST", "Search", "Wish"]

MOST_TRIED, STALLED = 1_200, 500
"""Changes that are tried for one stream, and those without a better one after which another one is begun."""
MOST_KNOWN = 50_000
LONGEST = 40
"""Events of a stream; what needs more is not made."""
LENGTH = 0.02
"""What an event costs: streams that are mended by putting in events grow, and cost more to judge."""
WARMEST, COLDEST = 0.5, 0.03
"""How readily a change is kept that makes a stream worse, at the beginning and at the end: simulated annealing."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Something that a stream is to show besides being right: a rule that is applied in it."""

    rule: str


@dataclass(slots=True)
class Search:
    """Searches right streams. `blamed` counts what stood in the way at the end of each search that failed."""

    workshop: Workshop
    bound: Bound = field(default_factory=Bound)
    judged: int = 0
    blamed: dict[str, int] = field(default_factory=dict)
    known: dict[Hashable, float] = field(default_factory=dict, repr=False)

    @property
    def definition(self) -> Definition:
        return self.workshop.definition

    def mended(
        self, made: Made, wish: Wish | None = None, *, warm: bool = False, most: int = MOST_TRIED
    ) -> tuple[Made, Judged] | None:
        """The stream, changed until it is right; None when that was not found."""
        judged = self.judge(made)
        score = self.score(judged, wish)
        changes = self._changes(made, judged, wish)
        least, since, turn = score, 0, 0
        stalled = STALLED if warm else STALLED // 2
        for _ in range(most * 5):
            if score == 0 or turn - since > stalled or turn > most or self.bound.over:
                break
            candidate = next(changes, None)
            if candidate is None or len(candidate.events) > LONGEST:
                continue
            turn += 1
            found = self.judge(candidate)
            reached = self.score(found, wish)
            # What is worse is taken, too, at times, and ever less: two changes may be needed before anything is better.
            heat = WARMEST * (1 - turn / most) + COLDEST if warm else COLDEST
            if reached <= score or self.workshop.random.random() < exp((score - reached) / heat):
                made, judged, score = candidate, found, reached
                if score < least:
                    least, since = score, turn
                changes = self._changes(made, judged, wish)
        if score == 0:
            return made, judged
        for id_ in judged.ids:
            self.blamed[id_] = self.blamed.get(id_, 0) + 1
        return None

    def judge(self, made: Made) -> Judged:
        """Judge one stream; counted, as this is what a search costs."""
        self.judged += 1
        return self.definition.judge(made)

    def score(self, judged: Judged, wish: Wish | None) -> float:
        """How wrong a stream is: each fault counts one, and as much again as it is far from none."""
        score = sum(fault.weight + self._far(fault.place) for fault in judged.faults)
        if wish is not None and wish.rule not in judged.applied:
            score += 0.5 + _far_from_applied(judged.passed_over.get(wish.rule))
        # Of two that are as wrong the shorter one is better; a right one is right at any length.
        return score + LENGTH * len(judged.word) if score else 0.0

    def _far(self, place: Place | None) -> float:
        """How far a rule is from holding at a place."""
        if place is None:
            return 0.0
        key = (place.rule.id, place.stamp)
        if key not in self.known:
            if len(self.known) > MOST_KNOWN:
                self.known.clear()
            self.known[key] = distance(term_of(place.rule.assertion.source), names_read(place.rule), place.scope)
        return self.known[key]

    def _changes(self, made: Made, judged: Judged, wish: Wish | None) -> Iterator[Made | None]:
        """Changes that are about one of the first faults, or about what is wished for."""
        random, workshop = self.workshop.random, self.workshop
        ordered = sorted(judged.faults, key=lambda fault: len(made.events) if fault.index is None else fault.index)
        # What comes later hangs on what was before.
        streams = [self._about(made, judged, fault) for fault in ordered[:3]]
        if wish is not None and wish.rule not in judged.applied:
            place = judged.passed_over.get(wish.rule)
            if place is not None:
                streams.append(workshop.about_rule(made, judged, place))
            else:
                rule = next(rule for rule in self.definition.stream.rules if rule.id == wish.rule)
                streams.append(self._with_events(made, judged, rule.at))
        while streams:
            yield next(random.choice(streams))

    def _about(self, made: Made, judged: Judged, fault: Fault) -> Iterator[Made | None]:
        if fault.place is not None:
            return self.workshop.about_rule(made, judged, fault.place)
        slice_ = next((s for s in self.definition.stream.slices if f"slice.{s.id}" == fault.id), None)
        if slice_ is not None:
            return self.workshop.about_slice(made, judged, slice_)
        return self._with_events(made, judged, frozenset(judged.word))

    def _with_events(self, made: Made, judged: Judged, symbols: frozenset[str]) -> Iterator[Made | None]:
        while True:
            if self.workshop.random.random() < 0.4:
                yield self.workshop.other_request(made)
            else:
                yield self.workshop.one_more(made, judged.word, symbols)


def _far_from_applied(place: Place | None) -> float:
    if place is None:
        return 1.5
    if place.rule.when is None:
        return 0.5
    return distance(term_of(place.rule.when.source), names_read(place.rule), place.scope)
