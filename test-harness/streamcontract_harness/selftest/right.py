"""The right streams of one operation: a walk for each transition, one for each rule, and walks at random."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from streamcontract import Contract, Event, Stream
from streamcontract_harness.selftest.definition import Definition, Judged
from streamcontract_harness.selftest.made import Made
from streamcontract_harness.selftest.moves import Workshop
from streamcontract_harness.selftest.pools import Pools
from streamcontract_harness.selftest.requests import Asked, Requests
from streamcontract_harness.selftest.sampling import Sampler
from streamcontract_harness.selftest.search import Search, Wish
from streamcontract_harness.selftest.walks import Walks

__all__ = ["RightStreams", "make_right"]

REQUESTS = 8
"""Requests by chance, of an operation and behind each link."""
ATTEMPTS = 4
"""How often a right stream is searched for one transition or rule."""
FEW = 3
"""With so many right streams the next ones are made of them rather than from nothing."""
A_FEW = 800
"""Changes that are tried where a right stream is the beginning."""
TURNS = 3
"""How often one is begun for each that is wanted."""
BUDGET = 8_000
"""Streams that are judged in all searches of one operation."""


@dataclass(slots=True)
class RightStreams:
    """What was made. `blamed`: what stood in the way of streams that could not be made, and how often."""

    workshop: Workshop
    streams: list[tuple[Made, Judged]] = field(default_factory=list)
    judged: int = 0
    blamed: dict[str, int] = field(default_factory=dict)

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


def make_right(contract: Contract, operation: str, random: Random, count: int) -> RightStreams:
    """At least `count` right streams, where they can be made."""
    stream = contract.stream(operation)
    sampler = Sampler(contract.document, random)
    definition = Definition(stream)
    pools = Pools(stream, definition.naming, sampler)
    asked = Requests(contract, sampler).of(contract.operations[operation], REQUESTS)
    workshop = Workshop(definition, pools, asked, random)
    made = RightStreams(workshop)
    search = Search(workshop)
    for word, order, state, symbol in _transitions(stream):
        if (order, state, symbol) not in made.seen:
            _try(made, search, word, order)
    for rule in stream.rules:
        _apply(made, search, rule.id)
    for word, number in _at_random(stream, random, TURNS * count):
        if len(made.streams) >= count or search.judged > BUDGET:
            break
        if (made.streams and random.random() < 0.5) or not _try(made, search, word, number):
            _vary(made, search)
    made.judged, made.blamed = search.judged, search.blamed
    return made


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


def _try(made: RightStreams, search: Search, word: tuple[str, ...], order: int | None) -> bool:
    """Search a right stream from a word; the second time more boldly than the first."""
    for attempt in range(ATTEMPTS if len(made.streams) < FEW else 2):
        start = _start(made.workshop, word, order) if search.judged < BUDGET else None
        if start is None:
            return False
        if _keep(made, search.mended(start, warm=attempt % 2 == 0)):
            return True
    return False


def _apply(made: RightStreams, search: Search, rule: str) -> None:
    """Search a stream in which a rule is applied, from those that there are."""
    for attempt in range(ATTEMPTS):
        if rule in made.applied or not made.streams or search.judged > BUDGET:
            return
        start, _ = made.workshop.random.choice(made.streams)
        _keep(made, search.mended(made.workshop.other_request(start), Wish(rule), warm=attempt % 2 == 1, most=A_FEW))


def _vary(made: RightStreams, search: Search) -> None:
    """One more right stream out of one that there is: a few changes at random, then what they broke is mended."""
    if not made.streams or search.judged > BUDGET:
        return
    workshop = made.workshop
    stream, judged = workshop.random.choice(made.streams)
    for _ in range(workshop.random.randint(1, 4)):
        word = judged.word
        changed = workshop.random.choice(
            (
                lambda stream=stream, word=word: workshop.one_more(stream, word, frozenset(word)),
                lambda stream=stream, word=word: workshop.one_thread_more(stream, word, frozenset(word)),
                lambda stream=stream, word=word: workshop.other_payload(
                    stream, word, workshop.random.randrange(len(word))
                ),
                lambda stream=stream: workshop.other_request(stream),
            )
        )
        found = changed() if word else None
        if found is not None:
            stream, judged = found, search.judge(found)
    _keep(made, search.mended(stream, most=A_FEW))


def _keep(made: RightStreams, found: tuple[Made, Judged] | None) -> bool:
    if found is not None and all(found[0] != known for known, _ in made.streams):
        made.streams.append(found)
    return found is not None


def _start(workshop: Workshop, word: tuple[str, ...], order: int | None) -> Made | None:
    """The word with events by chance, for a request for which its order holds."""
    if any(not workshop.pools.events.get(symbol) for symbol in word):
        return None
    events = tuple(workshop.pools.of(symbol) for symbol in word)
    fitting = [asked for asked in workshop.asked if workshop.definition.order_of(_made(asked, events)) == order]
    return _made(workshop.random.choice(fitting), events) if fitting else None


def _made(asked: Asked, events: tuple[Event, ...]) -> Made:
    return Made(asked.request, asked.response, events, asked.linked)
