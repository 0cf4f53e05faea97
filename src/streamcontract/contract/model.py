"""The frozen model that a contract document becomes: operations, and the streams that they answer with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamcontract.contract.automaton import Automaton
from streamcontract.contract.document import Document
from streamcontract.contract.expressions import Expression
from streamcontract.contract.grammar import Node
from streamcontract.contract.problems import Location, Pointer, Problem
from streamcontract.contract.symbols import Classifier

if TYPE_CHECKING:
    from streamcontract.monitor.monitor import StreamMonitor
    from streamcontract.monitor.request import Linked, Request, Response
    from streamcontract.monitor.timing import Tolerance

__all__ = [
    "END",
    "Afterwards",
    "Collector",
    "Contract",
    "Operation",
    "Order",
    "Outcome",
    "Rule",
    "Slice",
    "Stream",
    "Timing",
]

END = "end"
"""What a rule's `at` holds when it runs at the end of the stream."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order of events: the automaton, and the condition on the request under which it holds (None: always).

    `tree` is what the automaton was made of, without what may come anywhere or interrupts.
    """

    automaton: Automaton
    when: Expression | None
    location: Location
    tree: Node


@dataclass(frozen=True, slots=True)
class Outcome:
    """Which symbols end a stream well, and which report a failure."""

    success: frozenset[str] = frozenset()
    failure: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """One order per key, interleaved (section 4 of the contract language)."""

    id: str
    by: Expression
    events: frozenset[str]
    each: Expression | None
    symbol: Expression | None
    automaton: Automaton
    complete_before: frozenset[str]
    reopen: bool
    location: Location
    tree: Node


@dataclass(frozen=True, slots=True)
class Collector:
    """What a rule gathers while events arrive: `verb` is count, join, sum, min, max, first, last or distinct."""

    name: str
    verb: str
    symbols: frozenset[str]
    value: Expression | None
    where: Expression | None


@dataclass(frozen=True, slots=True)
class Rule:
    """What ties events to each other and to the request (section 5). `at` is empty when it runs at the end."""

    id: str
    at: frozenset[str]
    at_end: bool
    assertion: Expression
    when: Expression | None
    by: Expression | None
    collect: tuple[Collector, ...]
    level: str
    message: str
    location: Location

    @property
    def needs_link(self) -> bool:
        """Whether it speaks of the exchange whose link led here, and so is not applied where none did."""
        return _reads_link(self.collect, self.assertion, self.by)


@dataclass(frozen=True, slots=True)
class Timing:
    """Limits in milliseconds, None where there is none (section 6)."""

    first_event: int | None = None
    silence: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Afterwards:
    """What must hold once the stream has ended, seen by another operation (section 7). `after` is empty for any end."""

    id: str
    after: frozenset[str]
    operation: str
    assertion: Expression
    body: Expression | None
    parameters: Mapping[str, Expression]
    collect: tuple[Collector, ...]
    when: Expression | None
    level: str
    message: str
    location: Location

    @property
    def needs_link(self) -> bool:
        """Whether it speaks of the exchange whose link led here, and so is not asked where none did."""
        return _reads_link(self.collect, self.assertion, self.body, *self.parameters.values())


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """One streaming answer of an operation: everything that its events are held to."""

    operation: str
    status: str
    media_type: str
    classifier: Classifier
    orders: tuple[Order, ...]
    interrupted_by: frozenset[str]
    reject_unknown: bool
    outcome: Outcome
    slices: tuple[Slice, ...]
    rules: tuple[Rule, ...]
    timing: Timing
    retry: int | None
    afterwards: tuple[Afterwards, ...]
    location: Location

    def monitor(
        self,
        request: Request | None = None,
        response: Response | None = None,
        *,
        started: float = 0.0,
        tolerance: Tolerance | None = None,
        linked: Linked | None = None,
    ) -> StreamMonitor:
        """A monitor for one response; `started` is when the request was sent, in the feeder's seconds.

        `linked` is the exchange whose OpenAPI link led to the request, where one did.
        """
        from streamcontract.monitor.monitor import StreamMonitor  # noqa: PLC0415 - the layer to the right, on call only

        return StreamMonitor(self, request, response, started=started, tolerance=tolerance, linked=linked)


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation of the document; `definition` is the raw Operation Object, which stands at `pointer`."""

    id: str
    method: str
    path: str
    pointer: Pointer
    definition: Mapping[str, Any]
    stream: Stream | None
    location: Location


@dataclass(frozen=True, slots=True, eq=False)
class Contract:
    """A contract document, read, linted and compiled."""

    document: Document
    operations: Mapping[str, Operation]
    problems: tuple[Problem, ...]

    @classmethod
    def load(cls, source: str | Path, *, allow_remote: bool = False) -> Contract:
        """Read a contract from a file.

        Raises ContractError, which holds every mistake of the document with file, line and column.
        """
        from streamcontract.contract.load import load  # noqa: PLC0415 - load builds this class

        return load(source, allow_remote=allow_remote)

    @property
    def streams(self) -> Mapping[str, Stream]:
        """The streaming operations' streams, by operationId."""
        return {id_: operation.stream for id_, operation in self.operations.items() if operation.stream}

    def stream(self, operation_id: str) -> Stream:
        """The stream of one operation. Raises KeyError, which says what there is, when it has none."""
        try:
            return self.streams[operation_id]
        except KeyError:
            known = ", ".join(sorted(self.streams)) or "none"
            raise KeyError(
                f"no streaming operation {operation_id!r} in {self.document.path}; there is: {known}"
            ) from None


def _reads_link(collect: Iterable[Collector], *expressions: Expression | None) -> bool:
    gathered = (expression for collector in collect for expression in (collector.value, collector.where))
    return any("linked" in expression.names for expression in (*expressions, *gathered) if expression is not None)
