"""Right streams made wrong: a table of what is done to them. Whether the contract forbids it is told afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from streamcontract import Event
from streamcontract_harness.selftest.definition import Judged
from streamcontract_harness.selftest.editing import GONE, leaves, replaced, value_at
from streamcontract_harness.selftest.made import Made, json_text, with_event
from streamcontract_harness.selftest.moves import Workshop
from streamcontract_harness.selftest.pools import is_sendable

__all__ = ["OPERATORS", "Mutation", "Operator"]

OTHERS: tuple[Any, ...] = (None, True, 12, "x", [], {})
"""A value of each type."""
FAR_OUT: tuple[Any, ...] = (-(2**40), 2**40, 0.5, "", "\u0001" * 3, "x" * 5_000)
"""Values that bounds, patterns and lists of words are there to keep out."""
UNKNOWN = "streamcontract-unknown"


@dataclass(frozen=True, slots=True)
class Mutation:
    """A stream to which something was done; `about` is the event or member that it was done to."""

    about: str
    made: Made


@dataclass(frozen=True, slots=True)
class Operator:
    """One way to make a stream wrong. `hint`: what a contract says that forbids it."""

    name: str
    make: Callable[[Made, Judged, Workshop], Iterator[Mutation]]
    hint: str


def _left_out(made: Made, judged: Judged, _: Workshop) -> Iterator[Mutation]:
    for index, symbol in enumerate(judged.word):
        yield Mutation(symbol, _spliced(made, index, index + 1))


def _doubled(made: Made, judged: Judged, _: Workshop) -> Iterator[Mutation]:
    for index, symbol in enumerate(judged.word):
        yield Mutation(symbol, _spliced(made, index, index, made.events[index]))


def _swapped(made: Made, judged: Judged, _: Workshop) -> Iterator[Mutation]:
    for index in range(len(judged.word) - 1):
        first, second = made.events[index : index + 2]
        if first != second:
            about = f"{judged.word[index]} and {judged.word[index + 1]}"
            yield Mutation(about, _spliced(made, index, index + 2, second, first))


def _put_in(made: Made, judged: Judged, workshop: Workshop) -> Iterator[Mutation]:
    for symbol in sorted(workshop.pools.events):
        if workshop.pools.events[symbol]:
            index = workshop.random.randint(0, len(judged.word) - 1) if judged.word else 0
            yield Mutation(symbol, _spliced(made, index, index, workshop.pools.of(symbol)))


def _cut_off(made: Made, judged: Judged, _: Workshop) -> Iterator[Mutation]:
    for index in range(len(judged.word)):
        yield Mutation(f"after {judged.word[index - 1]}" if index else "before all", made.having(made.events[:index]))


def _after_the_end(made: Made, judged: Judged, workshop: Workshop) -> Iterator[Mutation]:
    for symbol in sorted(workshop.pools.events):
        if workshop.pools.events[symbol] and judged.word:
            about = f"{symbol} behind {judged.word[-1]}"
            yield Mutation(about, made.having((*made.events, workshop.pools.of(symbol))))


def _unknown(made: Made, judged: Judged, workshop: Workshop) -> Iterator[Mutation]:
    index = workshop.random.randint(0, len(made.events))
    yield Mutation("any", _spliced(made, index, index, Event(UNKNOWN, "{}")))


def _renamed(made: Made, judged: Judged, workshop: Workshop) -> Iterator[Mutation]:
    """With a name that the contract does not have, it is lost for those who wait for it."""
    for index, symbol in enumerate(judged.word):
        yield Mutation(symbol, _spliced(made, index, index + 1, with_event(made.events[index], event=UNKNOWN)))


def _no_type(made: Made, judged: Judged, _: Workshop) -> Iterator[Mutation]:
    for index, symbol in enumerate(judged.word):
        if made.events[index].event is not None:
            yield Mutation(symbol, _spliced(made, index, index + 1, with_event(made.events[index], event=None)))


def _not_json(made: Made, judged: Judged, workshop: Workshop) -> Iterator[Mutation]:
    for index, symbol in enumerate(judged.word):
        if _is_json(workshop, made.events[index]):
            yield Mutation(symbol, _spliced(made, index, index + 1, with_event(made.events[index], data="{not JSON")))


def _no_member(made: Made, judged: Judged, workshop: Workshop) -> Iterator[Mutation]:
    for index, path, payload in _members(made, workshop):
        yield _member(made, judged, index, path, replaced(payload, path, GONE))


def _other_type(made: Made, judged: Judged, workshop: Workshop) -> Iterator[Mutation]:
    for index, path, payload in _members(made, workshop):
        present = value_at(payload, path)
        others = [value for value in OTHERS if type(value) is not type(present) and value != present]
        yield _member(made, judged, index, path, replaced(payload, path, workshop.random.choice(others)))


def _out_of_bounds(made: Made, judged: Judged, workshop: Workshop) -> Iterator[Mutation]:
    for index, path, payload in _members(made, workshop):
        present = value_at(payload, path)
        alike = [value for value in FAR_OUT if _alike(value, present)]
        for value in alike:
            yield _member(made, judged, index, path, replaced(payload, path, value))


def _other_value(made: Made, judged: Judged, workshop: Workshop) -> Iterator[Mutation]:
    """Right by its schema, and another than it was: only a rule can tell."""
    for index, path, payload in _members(made, workshop):
        present = value_at(payload, path)
        payloads = [workshop.definition.naming.of(workshop.pools.of(judged.word[index])).payload for _ in range(8)]
        values = [value for value in (value_at(other, path) for other in payloads) if value is not GONE]
        different = [value for value in values if value != present and not isinstance(value, dict | list)]
        if different:
            yield _member(made, judged, index, path, replaced(payload, path, different[0]))


def _member_more(made: Made, judged: Judged, workshop: Workshop) -> Iterator[Mutation]:
    for index, symbol in enumerate(judged.word):
        payload = workshop.definition.naming.of(made.events[index]).payload
        if _is_json(workshop, made.events[index]) and isinstance(payload, dict):
            event = with_event(made.events[index], data=json_text({**payload, "x_not_in_the_contract": 1}))
            yield Mutation(symbol, _spliced(made, index, index + 1, event))


def _other_text(made: Made, judged: Judged, workshop: Workshop) -> Iterator[Mutation]:
    for index, symbol in enumerate(judged.word):
        if not _is_json(workshop, made.events[index]):
            event = with_event(made.events[index], data=made.events[index].data + "?")
            if is_sendable(event):
                yield Mutation(symbol, _spliced(made, index, index + 1, event))


def _other_id(made: Made, judged: Judged, _: Workshop) -> Iterator[Mutation]:
    for index, symbol in enumerate(judged.word):
        id_ = made.events[index].id
        if id_ is not None:
            for other in (None, f"{id_}x", "7"):
                if other != id_:
                    yield Mutation(symbol, _spliced(made, index, index + 1, with_event(made.events[index], id=other)))


OPERATORS: tuple[Operator, ...] = (
    Operator("an event left out", _left_out, "a rule that counts, or an index in each event with a rule over it"),
    Operator("an event doubled", _doubled, "an index or an id in each event, with a rule that none repeats"),
    Operator("two neighbours swapped", _swapped, "an index in each event, with a rule that it counts up"),
    Operator("an event put in", _put_in, "an index in each event, or a count told at the end, with a rule over it"),
    Operator("the end cut off", _cut_off, "a terminal event in `sequence`: else a cut is an end like others"),
    Operator("an event after the end", _after_the_end, "a terminal event in `sequence`"),
    Operator("an unknown event", _unknown, "`unknownEvents: reject`, where clients need not be ready for new events"),
    Operator("an event renamed", _renamed, "`unknownEvents: reject`, or a rule that counts"),
    Operator("the event field left out", _no_type, "`unknownEvents: reject`, or a rule that counts"),
    Operator("data that is no JSON", _not_json, "`contentSchema` for its data"),
    Operator("a member left out", _no_member, "`required`, where it is always there"),
    Operator("a member of another type", _other_type, "`type` in its schema"),
    Operator("a value out of bounds", _out_of_bounds, "`minimum`, `maximum`, `maxLength`, `pattern` or `enum`"),
    Operator("a member too many", _member_more, "`additionalProperties: false`, if clients need no new ones"),
    Operator("another value", _other_value, "a rule that ties it to the request or to other events"),
    Operator("another text", _other_text, "`pattern` or `const` for its data, or a rule over it"),
    Operator("another id", _other_id, "a rule over `id`"),
)  # fmt: skip


def _spliced(made: Made, begin: int, end: int, *events: Event) -> Made:
    return made.having((*made.events[:begin], *events, *made.events[end:]))


def _is_json(workshop: Workshop, event: Event) -> bool:
    return not isinstance(workshop.definition.naming.of(event).payload, str) or event.data.startswith('"')


def _members(made: Made, workshop: Workshop) -> Iterator[tuple[int, tuple[str | int, ...], Any]]:
    """Each member of each payload: the event's index, the path, and the payload."""
    for index, event in enumerate(made.events):
        if _is_json(workshop, event):
            payload = workshop.definition.naming.of(event).payload
            for path in leaves(payload):
                yield index, path, payload


def _member(made: Made, judged: Judged, index: int, path: tuple[str | int, ...], payload: Any) -> Mutation:
    shown = "".join(f".{key}" if isinstance(key, str) else "[]" for key in path)
    event = with_event(made.events[index], data=json_text(payload))
    return Mutation(f"{judged.word[index]}{shown}", _spliced(made, index, index + 1, event))


def _alike(value: Any, present: Any) -> bool:
    if isinstance(present, bool):
        return False
    kinds = (int, float) if isinstance(present, int | float) else (type(present),)
    return isinstance(value, kinds) and value != present
