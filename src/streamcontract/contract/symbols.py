"""What an arriving event is called, and whether it is what that name promises (section 2 of the contract language)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import msgspec

from streamcontract.contract.expressions import EvaluationError, Expression, LimitError
from streamcontract.contract.json_text import JsonError, decode_json
from streamcontract.contract.problems import Location, Pointer
from streamcontract.contract.schemas import Invalid, Validator
from streamcontract.contract.written import beginning, path_of

__all__ = ["Alternative", "Classified", "Classifier", "Fault", "FaultKind"]


SHOWN = 120
"""Characters of data that is no JSON."""


class FaultKind(Enum):
    """What is wrong with one event by itself; the value is the finding's id."""

    EVENT = "schema.event"
    PAYLOAD = "schema.payload"
    NOT_JSON = "schema.not-json"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one event: the place in the schema, what is wrong, what should have come and what came.

    What is not `judged` is none: whether the event fits is left open. The texts are written when they are asked for.
    """

    kind: FaultKind
    place: str
    of: "Invalid | Payload"
    at: str = ""
    judged: bool = True

    @property
    def message(self) -> str:
        """What is wrong."""
        of = self.of
        return of.said_of(self.at) if isinstance(of, Invalid) else f"data cannot be read as JSON: {of.error}"

    @property
    def expected(self) -> str:
        """What should have come."""
        return self.of.expected if isinstance(self.of, Invalid) else "JSON"

    @property
    def got(self) -> str:
        """What came; the name stands beside the value, as it tells whether that is a secret."""
        return f"{self.at} = {self.of.got}" if isinstance(self.of, Invalid) else self.of.shown


@dataclass(frozen=True, slots=True, eq=False)
class Alternative:
    """One alternative of `itemSchema`: one kind of event.

    `event_types` is None when it says nothing about the type. `object_data`: the schema of `data` is not a string's,
    so the field is parsed as JSON first. `constants` are the constant members of the payload, by their place.
    """

    symbol: str
    event_types: frozenset[str] | None
    parses_json: bool
    object_data: bool
    envelope: Validator
    payload: Validator | None
    constants: tuple[tuple[tuple[str, ...], Any], ...]
    schema: Mapping[str, Any]
    payload_schema: Mapping[str, Any] | None
    location: Location

    def fits(self, fields: dict[str, Any], payload: "Payload") -> bool:
        """Whether an event with these fields is one of this kind."""
        if not self.parses_json:
            return self.envelope.is_valid(fields)
        if payload.error is not None:
            return False
        if self.object_data:
            return self.envelope.is_valid({**fields, "data": payload.value})
        return self.envelope.is_valid(fields) and (self.payload is None or self.payload.is_valid(payload.value))

    def faults(self, fields: dict[str, Any], payload: "Payload") -> tuple[Fault, ...]:
        """What is wrong with an event of this kind; nothing when it fits."""
        if self.parses_json and payload.error is not None:
            return (Fault(FaultKind.NOT_JSON, "", payload),)
        sent = {**fields, "data": payload.value} if self.object_data else fields
        found = [_fault(error) for error in self.envelope.errors(sent)]
        if self.payload is not None:
            found += [_payload_fault(error, error.at) for error in self.payload.errors(payload.value)]
        return tuple(found)

    def matching_constants(self, value: Any) -> int:
        """How many of the payload's constants this value has: by these an invalid event is told to be meant."""
        return sum(1 for path, constant in self.constants if _at(value, path) == constant)


class Payload:
    """The `data` of one event, parsed as JSON at most once, and only when somebody asks."""

    __slots__ = ("_error", "_parsed", "_value", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._parsed = False
        self._value: Any = None
        self._error: str | None = None

    @property
    def value(self) -> Any:
        """The parsed JSON, or None where it is none."""
        if not self._parsed:
            self._parse()
        return self._value

    @property
    def error(self) -> str | None:
        """Why it is not JSON."""
        if not self._parsed:
            self._parse()
        return self._error

    @property
    def shown(self) -> str:
        """How the text begins, for a message."""
        return beginning(self.text, SHOWN) if self.text else "an empty text"

    def _parse(self) -> None:
        self._parsed = True
        try:
            self._value = decode_json(self.text)
        except JsonError as error:
            self._error = str(error)


class Classified(msgspec.Struct, frozen=True, gc=False):
    """The name of one event, its payload (parsed, or the string), and what is wrong with it.

    Without a name and without faults it is unknown; without a name and with faults it was meant to be one of several.
    `called`: the name inside the payload of an unknown event, where the contract tells events apart by that.
    """

    symbol: str | None
    payload: Any
    faults: tuple[Fault, ...] = ()
    called: str | None = None

    @property
    def doubt(self) -> str:
        """Why the data cannot be relied on, where it cannot."""
        of_data = [fault for fault in self.faults if fault.kind is not FaultKind.EVENT]
        return "" if not of_data else "is invalid" if any(f.judged for f in of_data) else "cannot be judged"


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """Tells events apart: by their type, by a name inside the payload (`by_name`), else by the first that validates."""

    alternatives: tuple[Alternative, ...]
    naming: Expression | None = None
    by_name: Mapping[str, tuple[Alternative, ...]] = field(default_factory=dict)
    by_type: Mapping[str, tuple[Alternative, ...]] = field(init=False)
    of_any_type: tuple[Alternative, ...] = field(init=False)

    def __post_init__(self) -> None:
        types = {type_ for alternative in self.alternatives for type_ in alternative.event_types or ()}
        object.__setattr__(self, "by_type", {type_: tuple(_of_type(self.alternatives, type_)) for type_ in types})
        object.__setattr__(self, "of_any_type", tuple(a for a in self.alternatives if a.event_types is None))

    @property
    def symbols(self) -> frozenset[str]:
        """All names that an event can get."""
        return frozenset(alternative.symbol for alternative in self.alternatives)

    def classify(self, event: str | None, data: str, id: str | None, retry: int | None) -> Classified:  # noqa: A002 - the field's name
        """Name one event and check it; the arguments are its fields as they were sent, None for one that was not."""
        payload = Payload(data)
        candidates = self._candidates(event, payload)
        fields: dict[str, Any] = {"data": data}
        if event is not None:
            fields["event"] = event
        if id is not None:
            fields["id"] = id
        if retry is not None:
            fields["retry"] = retry
        for candidate in candidates:
            if candidate.fits(fields, payload):
                return Classified(candidate.symbol, payload.value if candidate.parses_json else data)
        if not candidates:
            return Classified(None, data, called=self._name(event, payload) if self.naming is not None else None)
        candidates = [c for c in candidates if not all(f.judged for f in c.faults(fields, payload))] or candidates
        nearest, only = (candidates[0], True) if len(candidates) == 1 else _nearest(candidates, fields, payload)
        value = payload.value if nearest.parses_json and payload.error is None else data
        return Classified(nearest.symbol if only else None, value, nearest.faults(fields, payload))

    def _candidates(self, event: str | None, payload: Payload) -> Sequence[Alternative]:
        if self.naming is not None:
            name = self._name(event, payload)
            if name is not None:
                return self.by_name.get(name, ())
        # "If the event type buffer is the empty string … initialized to message"
        # https://html.spec.whatwg.org/multipage/server-sent-events.html#dispatchMessage
        return self.by_type.get(event or "message", self.of_any_type)

    def _name(self, event: str | None, payload: Payload) -> str | None:
        """The name inside the payload, or None where there is none (a sentinel such as `[DONE]`, broken JSON)."""
        assert self.naming is not None  # noqa: S101 - the caller has looked
        data = payload.text if payload.error is not None else payload.value
        try:
            name = self.naming.evaluate({"data": data, "event": event or "message"})
        except (EvaluationError, LimitError):
            return None
        return name if isinstance(name, str) else None


def _of_type(alternatives: Iterable[Alternative], type_: str) -> Iterable[Alternative]:
    return (a for a in alternatives if a.event_types is None or type_ in a.event_types)


def _nearest(candidates: Sequence[Alternative], fields: dict[str, Any], payload: Payload) -> tuple[Alternative, bool]:
    """The alternative that an event was most likely meant to be, and whether it is the only one as near.

    Near is who has the most constants right, then who wants JSON where it looks like JSON, then who has fewest errors.
    """
    value = payload.value if payload.error is None else None
    looks_like_json = payload.text.lstrip()[:1] in ("{", "[")
    distances = [
        (
            -candidate.matching_constants(value),
            candidate.parses_json != looks_like_json,
            len(candidate.faults(fields, payload)),
        )
        for candidate in candidates
    ]
    least = min(distances)
    symbols = {candidate.symbol for candidate, distance in zip(candidates, distances, strict=True) if distance == least}
    return candidates[distances.index(least)], len(symbols) == 1


def _fault(error: Invalid) -> Fault:
    """What is wrong with the event's fields."""
    if error.at[:1] == ("data",):
        return _payload_fault(error, error.at[1:])
    name = path_of(str(error.at[0]), error.at[1:]) if error.at else "the event"
    return Fault(FaultKind.EVENT, error.schema_at, error, name, error.judged)


def _payload_fault(error: Invalid, at: Pointer) -> Fault:
    return Fault(FaultKind.PAYLOAD, error.schema_at, error, path_of("data", at), error.judged)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
