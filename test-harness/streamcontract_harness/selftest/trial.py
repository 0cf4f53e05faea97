"""The trial: the monitor reads every stream that was made, and what it finds is held to what it had to find."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from streamcontract import Stream, StreamMonitor
from streamcontract_harness.selftest.bound import Bound
from streamcontract_harness.selftest.definition import Judged
from streamcontract_harness.selftest.made import Made
from streamcontract_harness.selftest.mutations import OPERATORS
from streamcontract_harness.selftest.right import RightStreams
from streamcontract_harness.selftest.wrong_bytes import wrong_bytes

__all__ = ["Part", "Trial", "parts", "read"]

EACH = 4
"""Streams of one operator about one event or member."""
OWN_TRIED, OWN_MADE = 250, 3
"""Changes that are tried to break one rule or slice and nothing else, and how many such streams are enough."""

Chunks = tuple[tuple[float | None, bytes], ...]
"""Bytes, and when they arrive."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One stream that was read: what was done to it, the ids that had to be found, those that were.

    `must` is empty for a stream that the contract does not forbid. `exactly`: nothing else may be found.
    """

    operator: str
    about: str
    must: frozenset[str]
    found: frozenset[str]
    exactly: bool
    hint: str = ""

    @property
    def survived(self) -> bool:
        """Whether the contract lets it pass."""
        return not self.must

    @property
    def agrees(self) -> bool:
        """Whether the monitor found what it had to, and nothing that it had not."""
        return self.must <= self.found and (not self.exactly or self.found <= self.must)


def read(stream: Stream, made: Made, chunks: Chunks) -> StreamMonitor:
    """A monitor that has read the stream to its end."""
    monitor = stream.monitor(made.request, made.response, linked=made.linked)
    at: float | None = None
    for at, data in chunks:
        monitor.feed(data, at=at)
    monitor.close(by="server", at=at)
    return monitor


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the wrong streams, by what they are about; several parts may have the same name."""

    name: str
    trials: Iterator[Trial]


def parts(right: RightStreams, bound: Bound) -> Iterator[Part]:
    """All wrong streams, each read as it is taken; first those that break one rule or slice alone."""
    ids = [f"rule.{rule.id}" for rule in right.stream.rules]
    for id_ in [*ids, *(f"slice.{slice_.id}" for slice_ in right.stream.slices)]:
        yield Part(id_, _broken(right, id_, bound))
    counts: dict[tuple[str, str], int] = {}
    for made, judged in right.streams:
        if len(judged.word) == len(made.events):
            yield Part("changes to a right stream", _by_operators(right, made, judged, counts))
    yield Part("bytes and times", _by_bytes(right))


def _by_bytes(right: RightStreams) -> Iterator[Trial]:
    for wrong in wrong_bytes(right.stream, right.streams):
        found = frozenset(finding.id for finding in read(right.stream, wrong.made, wrong.chunks).findings)
        yield Trial(wrong.operator, wrong.about, wrong.must, found, exactly=False, hint=wrong.hint)


def _by_operators(
    right: RightStreams, made: Made, judged: Judged, counts: dict[tuple[str, str], int]
) -> Iterator[Trial]:
    for operator in OPERATORS:
        for mutation in operator.make(made, judged, right.workshop):
            key = operator.name, mutation.about
            if counts.get(key, 0) >= EACH or mutation.made.events == made.events:
                continue
            counts[key] = counts.get(key, 0) + 1
            yield _tried(right, operator.name, mutation.about, mutation.made, operator.hint)


def _broken(right: RightStreams, id_: str, bound: Bound) -> Iterator[Trial]:
    alone: list[Made] = []
    along: list[Made] = []
    for made, judged in right.streams:
        changes = _changes(right, made, judged, id_)
        for changed in islice(changes, OWN_TRIED):
            if bound.over:
                break
            if changed is None:
                continue
            found = right.definition.judge(changed)
            if found.ids == {id_}:
                alone.append(changed)
                break
            if id_ in found.ids and not along:
                along.append(changed)
        if len(alone) == OWN_MADE:
            break
    for changed in alone or along:
        yield _tried(right, "what it speaks of changed", id_, changed, "")


def _changes(right: RightStreams, made: Made, judged: Judged, id_: str) -> Iterator[Made | None]:
    kind, _, name = id_.partition(".")
    if kind == "rule":
        place = judged.applied.get(name)
        return iter(()) if place is None else right.workshop.about_rule(made, judged, place)
    slice_ = next(slice_ for slice_ in right.stream.slices if slice_.id == name)
    return right.workshop.about_slice(made, judged, slice_)


def _tried(right: RightStreams, operator: str, about: str, made: Made, hint: str) -> Trial:
    judged = right.definition.judge(made)
    monitor = read(right.stream, made, ((None, made.body(right.stream.retry)),))
    found = frozenset(finding.id for finding in monitor.findings)
    must = frozenset({judged.faults[0].id}) if judged.unsure and judged.faults else judged.ids
    return Trial(operator, about, must, found, exactly=not judged.unsure, hint=hint)
