"""Small changes of a stream that may mend one fault of it, or make one: what the fault speaks of is changed.

The words stay words of the order, and the events valid ones: what is left are the slices and the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

from streamcontract import Event
from streamcontract.contract.model import Rule, Slice
from streamcontract_harness.selftest.definition import Definition, Judged, Place, names_read
from streamcontract_harness.selftest.editing import GONE, changed, leaves, value_at
from streamcontract_harness.selftest.made import Made
from streamcontract_harness.selftest.pools import Pools
from streamcontract_harness.selftest.requests import Asked
from streamcontract_harness.selftest.terms import literals, operands, paths, sides, term_of, value_of
from streamcontract_harness.selftest.threads import Threads

__all__ = ["Workshop"]

Target = tuple[int, tuple[str, ...]]
"""An event, and the path of a value in it."""


class Workshop:
    """What streams of one operation are made of and changed with."""

    def __init__(self, definition: Definition, pools: Pools, asked: list[Asked], random: Random) -> None:
        self.definition = definition
        self.pools = pools
        self.asked = asked
        self.random = random
        self._alike = _by_order(definition, asked)
        self.threads = Threads(definition.stream.slices, pools, definition.naming, random)

    # Changes of the word --------------------------------------------------------------------------------------------

    def accepts(self, made: Made, word: list[str]) -> bool:
        """Whether the order allows the word."""
        number = self.definition.order_of(made)
        return number is None or self.definition.stream.orders[number].automaton.accepts(word)

    def without(self, made: Made, word: list[str], index: int) -> Made | None:
        """The stream without one event."""
        if not self.accepts(made, [*word[:index], *word[index + 1 :]]):
            return None
        return made.having((*made.events[:index], *made.events[index + 1 :]))

    def having(self, made: Made, word: list[str], index: int, event: Event, symbol: str) -> Made | None:
        """The stream with one event more."""
        if not self.accepts(made, [*word[:index], symbol, *word[index:]]):
            return None
        return made.having((*made.events[:index], event, *made.events[index:]))

    def one_more(self, made: Made, word: list[str], symbols: frozenset[str], before: int | None = None) -> Made | None:
        """The stream with one more event of these names, somewhere or in front of another."""
        usable = [symbol for symbol in sorted(symbols) if self.pools.events.get(symbol)]
        if not usable:
            return None
        symbol = self.random.choice(usable)
        place = self.random.randint(0, len(word)) if before is None else min(before, len(word))
        return self.having(made, word, place, self.pools.of(symbol), symbol)

    def one_thread_more(self, made: Made, word: list[str], symbols: frozenset[str]) -> Made | None:
        """The stream with a whole order of one key put in, its events side by side or in between others."""
        slices = [slice_ for slice_ in self.definition.stream.slices if slice_.events & symbols]
        thread = self.threads.whole(self.random.choice(slices)) if slices else []
        if not thread:
            return None
        beside = self.random.random() < 0.7
        first = self.random.randint(0, len(word))
        places = [first] * len(thread)
        if not beside:
            places = sorted(self.random.randint(0, len(word)) for _ in thread)
        events, longer = list(made.events), list(word)
        for added, (place, (symbol, event)) in enumerate(zip(places, thread, strict=True)):
            events.insert(place + added, event)
            longer.insert(place + added, symbol)
        return made.having(events) if self.accepts(made, longer) else None

    def other_payload(self, made: Made, word: list[str], index: int) -> Made | None:
        """The stream with another event of the same name in the place of one."""
        if not self.pools.events.get(word[index]):
            return None
        return made.having((*made.events[:index], self.pools.of(word[index]), *made.events[index + 1 :]))

    def other_request(self, made: Made) -> Made:
        """The stream as the answer of another request for which the same order holds."""
        asked = self.random.choice(self.asked_for(self.definition.order_of(made)) or self.asked)
        return Made(asked.request, asked.response, made.events, asked.linked)

    def asked_for(self, order: int | None) -> list[Asked]:
        """The requests for which this order holds."""
        return self._alike.get(order, [])

    def other_value(self, made: Made, word: list[str], index: int) -> Made | None:
        """The stream with one value of an event as it is in another event of the same name."""
        if not self.pools.events.get(word[index]):
            return None
        payload = self.definition.naming.of(self.pools.of(word[index])).payload
        found = list(leaves(payload))
        if not found:
            return None
        path = self.random.choice(found)
        if not all(isinstance(key, str) for key in path):
            return None
        return self.with_value(made, (index, ("data", *map(str, path))), value_at(payload, path))

    def by_chance(self, made: Made, word: list[str]) -> Made | None:
        """The stream with one small change, whatever comes of it."""
        if not word:
            return self.other_request(made)
        index, symbols = self.random.randrange(len(word)), frozenset(word)
        changes: tuple[Callable[[], Made | None], ...] = (
            lambda: self.one_more(made, word, symbols),
            lambda: self.one_thread_more(made, word, symbols),
            lambda: self.other_payload(made, word, index),
            lambda: self.other_value(made, word, index),
            lambda: self.swapped(made, word),
            lambda: self.without(made, word, index),
            lambda: self.other_request(made),
        )
        return self.random.choice(changes)()

    def with_value(self, made: Made, target: Target, value: Any) -> Made | None:
        """The stream with another value in one event."""
        index, path = target
        event = changed(self.definition.naming, made.events[index], path, value)
        return None if event is None else made.having((*made.events[:index], event, *made.events[index + 1 :]))

    # What a rule speaks of ------------------------------------------------------------------------------------------

    def values_for(self, place: Place) -> list[Any]:
        """Values that may make a rule hold, or break it: of its own operands, and what is written out in it."""
        rule = place.rule
        expressions = [rule.assertion, rule.when, rule.by]
        expressions += [part for collector in rule.collect for part in (collector.value, collector.where)]
        found: list[Any] = []
        for expression in expressions:
            if expression is None:
                continue
            found += literals(expression.source)
            names = expression.names
            for text in operands(term_of(expression.source)):
                value = value_of(text, names, place.scope)
                if value is not None:
                    found += _forms(value[0])
        return [*found, None, GONE, "", f"{self.random.randint(0, 999)}"]

    def targets_of(self, place: Place, made: Made) -> list[Target]:
        """The values in events that a rule reads, at this place and before."""
        rule = place.rule
        found: list[Target] = []
        texts = [expression.source for expression in (rule.assertion, rule.when, rule.by) if expression is not None]
        for path in dict.fromkeys(path for text in texts for path in paths(text)):
            found += _targets(path, place, made)
        for collector in rule.collect:
            read = [part.source for part in (collector.value, collector.where) if part is not None]
            for path in dict.fromkeys(path for text in read for path in paths(text)):
                if path[0] in ("data", "id"):
                    found += [(index, path) for index in place.seen]
        return list(dict.fromkeys(found))

    def exact(self, place: Place, made: Made) -> list[tuple[Target, Any]]:
        """What one side of a comparison reads, and the values of the other: most rules hold by one of these."""
        found: list[tuple[Target, Any]] = []
        for expression in (place.rule.assertion, place.rule.when):
            for side, other in sides(term_of(expression.source)) if expression is not None else ():
                value = value_of(other, names_read(place.rule), place.scope)
                targets = [target for path in paths(side) for target in _targets(path, place, made)]
                if value is not None:
                    found += [(target, form) for target in targets for form in _forms(value[0])]
        return found

    def about_rule(self, made: Made, judged: Judged, place: Place) -> Iterator[Made | None]:
        """Streams in which what a rule speaks of is changed, without end."""
        rule, word = place.rule, judged.word
        targets, values, exact = self.targets_of(place, made), self.values_for(place), self.exact(place, made)
        symbols = rule.at.union(*(collector.symbols for collector in rule.collect))
        threaded = any(slice_.events & symbols for slice_ in self.definition.stream.slices)
        looked_at = [*place.seen, *([place.index] if place.index is not None else [])]
        while True:
            kind = self.random.random()
            if kind < 0.25 and exact:
                target, value = self.random.choice(exact)
                yield self.with_value(made, target, value)
            elif kind < 0.45 and targets:
                yield self.with_value(made, self.random.choice(targets), self.random.choice(values))
            elif kind < 0.6 and looked_at:
                yield self.other_payload(made, word, self.random.choice(looked_at))
            elif kind < 0.75 and not (threaded and kind < 0.7):
                yield self.one_more(made, word, symbols, place.index if self.random.random() < 0.5 else None)
            elif kind < 0.85:
                yield self.one_thread_more(made, word, symbols)
            elif kind < 0.93 and looked_at:
                yield self.without(made, word, self.random.choice(looked_at))
            elif _reads_request(rule):
                yield self.other_request(made)
            else:
                yield self.one_more(made, word, frozenset(word))

    def about_slice(self, made: Made, judged: Judged, slice_: Slice) -> Iterator[Made | None]:
        """Streams in which the events of a slice are changed, without end."""
        word = judged.word
        inside = [index for index, symbol in enumerate(word) if symbol in slice_.events]
        read = [part.source for part in (slice_.by, slice_.symbol) if part is not None]
        found = [path for text in read for path in paths(text) if path[0] in ("data", "id")]
        written = [value for text in read for value in literals(text)]
        while True:
            kind = self.random.random()
            if kind < 0.3 and inside and found:
                others = [self._value(made, self.random.choice(inside), path) for path in found]
                target = (self.random.choice(inside), self.random.choice(found))
                yield self.with_value(made, target, self.random.choice([*others, *written]))
            elif kind < 0.5 and inside:
                yield self.other_payload(made, word, self.random.choice(inside))
            elif kind < 0.7:
                yield self.one_more(made, word, slice_.events)
            elif kind < 0.8:
                yield self.one_thread_more(made, word, slice_.events)
            elif kind < 0.93 and inside:
                yield self.without(made, word, self.random.choice(inside))
            else:
                yield self.swapped(made, word)

    def swapped(self, made: Made, word: list[str]) -> Made | None:
        """The stream with two neighbours in the place of each other."""
        if len(word) < 2:
            return None
        index = self.random.randrange(len(word) - 1)
        events, swapped = list(made.events), list(word)
        events[index], events[index + 1] = events[index + 1], events[index]
        swapped[index], swapped[index + 1] = swapped[index + 1], swapped[index]
        return made.having(events) if self.accepts(made, swapped) else None

    def _value(self, made: Made, index: int, path: tuple[str, ...]) -> Any:
        value: Any = {"data": self.definition.naming.of(made.events[index]).payload, "id": made.events[index].id}
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value


def _by_order(definition: Definition, asked: list[Asked]) -> dict[int | None, list[Asked]]:
    """The requests by the order that holds for them."""
    found: dict[int | None, list[Asked]] = {}
    for one in asked:
        order = definition.order_of(Made(one.request, one.response, (), one.linked))
        found.setdefault(order, []).append(one)
    return found


def _targets(path: tuple[str, ...], place: Place, made: Made) -> list[Target]:
    """The value in an event that a path of a rule leads to."""
    before = [index for index in place.seen if place.index is None or index < place.index]
    match path[0]:
        case "data" | "id" if place.index is not None:
            return [(place.index, path)]
        case "previous" if before and len(path) > 1:
            return [(before[-1], path[1:])]
        case "last" if made.events and len(path) > 1:
            return [(len(made.events) - 1, path[1:])]
    return []


def _forms(value: Any) -> Iterator[Any]:
    """A value, and what it is next to or written as."""
    yield value
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (value + 1, value - 1, str(value))
        if isinstance(value, float) and value.is_integer():
            yield from (int(value), str(int(value)))
    elif isinstance(value, str):
        yield f"{value}!"
        if value.isdigit() and len(value) < 18:
            yield int(value)
    elif isinstance(value, list):
        yield value[:-1]


def _reads_request(rule: Rule) -> bool:
    expressions = [rule.assertion, rule.when, rule.by]
    expressions += [part for collector in rule.collect for part in (collector.value, collector.where)]
    names = {name for expression in expressions if expression is not None for name in expression.names}
    return bool(names & {"request", "linked"})
