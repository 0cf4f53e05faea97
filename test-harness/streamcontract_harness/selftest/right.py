"""The right streams of one operation: a walk for each transition, one for each rule, and walks at random."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from streamcontract import Contract, Stream
from streamcontract_harness.selftest.bound import Bound
from streamcontract_harness.selftest.definition import Definition, Judged
from streamcontract_harness.selftest.growing import Growing
from streamcontract_harness.selftest.made import Made
from streamcontract_harness.selftest.moves import Workshop
from streamcontract_harness.selftest.pools import Pools
from streamcontract_harness.selftest.requests import Requests
from streamcontract_harness.selftest.sampling import Sampler
from streamcontract_harness.selftest.search import Search, Wish
from streamcontract_harness.selftest.walks import Walks

__all__ = ["RightStreams", "make_right"]

REQUESTS = 8
"""Requests by chance, of an operation and behind each link."""
ATTEMPTS = 4
"""How often a right stream is searched for one transition or rule."""
FEW = 3
"""With so many right streams most of the next ones are made of them rather than from nothing."""
A_FEW = 500
"""Changes that are tried where a right stream is the beginning."""
TURNS = 6
"""How often one is begun for each that is wanted."""
FOR_TRANSITIONS, BUDGET, FOR_RULES = 7_000, 12_000, 2_000
"""Streams that are judged: in the searches for transitions, with those by chance, and for rules that are left."""


@dataclass(slots=True)
class RightStreams:
    """What was made. `blamed`: what stood in the way of others, and how often. `cut_short`: its time was up."""

    workshop: Workshop
    streams: list[tuple[Made, Judged]] = field(default_factory=list)
    judged: int = 0
    blamed: dict[str, int] = field(default_factory=dict)
    cut_short: bool = False

    @property
    def definition(self) -> Definition:
        return self.workshop.definition

    @property
    def stream(self) -> Stream:
        return self.workshop.definition.stream

    @property
    def seen(self) -> frozenset[tuple[int, int, str]]:
        """The transitions that were taken, each with the number of its order."""
        return frozenset().union(*(judged.seen for _, judged in self.streams))

    @property
    def wanted(self) -> frozenset[tuple[int, int, str]]:
        """All transitions."""
        return frozenset(
            (number, state, symbol)
            for number, order in enumerate(self.stream.orders)
            for state, symbol in order.automaton.transitions
        )

    @property
    def applied(self) -> frozenset[str]:
        """The rules that were asserted in one of them."""
        return frozenset(rule for _, judged in self.streams for rule in judged.applied)


def make_right(
    contract: Contract,
    operation: str,
    random: Random,
    count: int,
    bound: Bound | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> RightStreams:
    """At least `count` right streams, where they can be made; `tell` is called with how many there are."""
    bound = bound or Bound()
    stream = contract.stream(operation)
    sampler = Sampler(contract.document, random)
    definition = Definition(stream)
    pools = Pools(stream, definition.naming, sampler, bound)
    asked = Requests(contract, sampler).of(contract.operations[operation], REQUESTS)
    made = RightStreams(Workshop(definition, pools, asked, random))
    making = _Making(made, Search(made.workshop, bound), tell)
    making.transitions()
    making.by_chance(count)
    making.rules()
    made.judged, made.blamed, made.cut_short = making.search.judged, making.search.blamed, bound.over
    return made


class _Making:
    """The searches of one operation, and what they may cost."""

    def __init__(self, made: RightStreams, search: Search, tell: Callable[[int], None]) -> None:
        self.made, self.search, self._tell = made, search, tell
        self.growing = Growing(search)
        self.random = made.workshop.random

    def transitions(self) -> None:
        """A stream for each transition."""
        for word, order, state, symbol in _transitions(self.made.stream):
            if (order, state, symbol) not in self.made.seen:
                self._try(word, order, FOR_TRANSITIONS)

    def by_chance(self, count: int) -> None:
        """More streams: of those that there are, and of words by chance."""
        for word, number in _at_random(self.made.stream, self.random, TURNS * count):
            if len(self.made.streams) >= count or self._spent(BUDGET):
                return
            kind = self.random.random()
            if kind < 0.1 or not any(len(stream.events) > 1 for stream, _ in self.made.streams):
                self._try(word, number, BUDGET)
            elif kind < 0.9:
                self._wander()
            else:
                self._vary()

    def rules(self) -> None:
        """A stream for each rule that is applied in none so far, from those that there are."""
        most = self.search.judged + FOR_RULES
        for rule in self.made.stream.rules:
            for attempt in range(ATTEMPTS):
                if rule.id in self.made.applied or not self.made.streams or self._spent(most):
                    break
                wish = Wish(rule.id)
                self._keep(self.search.mended(self._near(wish), wish, warm=attempt % 2 == 1, most=A_FEW))

    def _spent(self, most: int) -> bool:
        return self.search.judged >= most or self.search.bound.over

    def _try(self, word: tuple[str, ...], order: int | None, most: int) -> bool:
        """Search a right stream along a word; the second time more boldly than the first."""
        for attempt in range(ATTEMPTS if len(self.made.streams) < FEW else 2):
            start = None if self._spent(most) else _start(self.made.workshop, word, order)
            if start is None:
                return False
            grown = self.growing.along(start, word)
            grown = self.growing.filled(grown) if attempt % 2 == 1 else grown
            if self._keep(self.search.mended(grown, warm=attempt % 2 == 0)):
                return True
        return False

    def _near(self, wish: Wish) -> Made:
        """Of a few right streams as the answer of other requests the one that is next to what is wished for."""
        tried = []
        for _ in range(ATTEMPTS * 3):
            stream, _judged = self.random.choice(self.made.streams)
            tried.append(self.made.workshop.other_request(stream))
        return min(tried, key=lambda stream: self.search.score(self.search.judge(stream), wish))

    def _wander(self) -> None:
        self._keep(self.growing.wander(*self._one(), self.random.randint(1, 5)))

    def _vary(self) -> None:
        """A few changes at random to a right stream, then what they broke is mended."""
        stream, judged = self._one()
        for _ in range(self.random.randint(1, 4)):
            found = self.made.workshop.by_chance(stream, judged.word)
            if found is not None:
                stream, judged = found, self.search.judge(found)
        self._keep(self.search.mended(stream, most=A_FEW))

    def _one(self) -> tuple[Made, Judged]:
        """One of the right streams, of two the longer one: there is more in it to be changed."""
        two = [self.random.choice(self.made.streams) for _ in range(2)]
        return max(two, key=lambda found: len(found[0].events))

    def _keep(self, found: tuple[Made, Judged] | None) -> bool:
        if found is not None and all(found[0] != known for known, _ in self.made.streams):
            self.made.streams.append(found)
            self._tell(len(self.made.streams))
        return found is not None


def _transitions(stream: Stream) -> Iterator[tuple[tuple[str, ...], int, int, str]]:
    """Each transition, with a word that takes it and the number of its order."""
    for number, order in enumerate(stream.orders):
        walks = Walks(order.automaton)
        start = order.automaton.start
        for symbol in sorted(order.automaton.interrupting & order.automaton.table[start].keys()):
            yield walks.through(start, symbol), number, start, symbol  # the shortest of all: easy to make right
        for state, symbol in sorted(order.automaton.transitions):
            yield walks.through(state, symbol), number, state, symbol


def _at_random(stream: Stream, random: Random, count: int) -> Iterator[tuple[tuple[str, ...], int | None]]:
    """Words by chance, of one order after the other; where there is none, of any symbols."""
    walks = [Walks(order.automaton) for order in stream.orders]
    symbols = sorted(stream.classifier.symbols)
    for turn in range(count):
        if walks:
            number = turn % len(walks)
            yield walks[number].at_random(random), number
        else:
            yield tuple(random.choices(symbols, k=random.randint(1, 6))), None


def _start(workshop: Workshop, word: tuple[str, ...], order: int | None) -> Made | None:
    """A request for which the word's order holds, and no events so far."""
    if any(not workshop.pools.events.get(symbol) for symbol in word):
        return None
    fitting = workshop.asked_for(order)
    if not fitting:
        return None
    asked = workshop.random.choice(fitting)
    return Made(asked.request, asked.response, (), asked.linked)
