"""Streams whose order each test chooses: for the law that one fault is one finding."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from documents import ANY_ORDER, stream_of, text_event
from hypothesis import strategies as st
from oracle.matcher import EMPTY, Expression, Extended
from oracle.strategies import PLAIN, grammars, words_of

from streamcontract import Event, Finding, StreamMonitor
from streamcontract.contract.automaton import Automaton, compile_sequence
from streamcontract.contract.grammar import parse
from streamcontract.contract.model import Stream
from streamcontract.monitor.order import OrderTracker
from streamcontract.monitor.repair import OrderFaultKind, repair_table

__all__ = [
    "AFTER_END",
    "EXTRA",
    "NAMES",
    "TRUNCATED",
    "UNEXPECTED",
    "Case",
    "cases",
    "faults",
    "ordered",
    "sent",
    "tracked",
]

NAMES = (*PLAIN, "ping", "error")
EXTRA = {"ping", "error", "a", "b"}
"""What may be allowed only because it may come anywhere, or interrupts: a finding need not repeat it."""

UNEXPECTED, AFTER_END, TRUNCATED = "sequence.unexpected-event", "sequence.after-end", "sequence.truncated"


@cache
def stream_in_any_order() -> Stream:
    """One document is read; each test puts its own order in the place of this one."""
    return stream_of({"sequence": ANY_ORDER}, {name: text_event(name) for name in NAMES})


def ordered(text: str, anywhere: Iterable[str] = (), interrupting: Iterable[str] = ()) -> Stream:
    """A stream of the events a, b, c, d, ping and error, in this order."""
    automaton = compile_sequence(parse(text), anywhere=anywhere, interrupting=interrupting)
    base = stream_in_any_order()
    order = replace(base.orders[0], automaton=automaton, when=None)
    return replace(base, orders=(order,), interrupted_by=frozenset(interrupting))


def sent(stream: Stream, word: Iterable[str], by: str = "server") -> StreamMonitor:
    """A monitor that has seen these events and the end."""
    monitor = stream.monitor()
    told: list[Finding] = []
    for symbol in word:
        told += monitor.observe(Event(symbol, "x"))
    told += monitor.close(by=by)
    assert all(finding.id.startswith("sequence.") for finding in monitor.findings)
    assert {(finding.id, finding.place) for finding in told} == {
        (finding.id, finding.place) for finding in monitor.findings
    }
    return monitor


def faults(monitor: StreamMonitor) -> int:
    """How many faults of the order were found: equal ones count each, all that comes after the end counts once."""
    unexpected = sum(finding.count for finding in monitor.findings if finding.id == UNEXPECTED)
    return unexpected + len([finding for finding in monitor.findings if finding.id in (AFTER_END, TRUNCATED)])


@dataclass(frozen=True)
class Case:
    """A contract's order, the same order for the oracle, and a right stream."""

    stream: Stream
    expression: Expression
    word: tuple[str, ...]
    text: str


@st.composite
def cases(draw: st.DrawFn) -> Case:
    grammar = draw(grammars())
    anywhere = draw(st.sampled_from([frozenset(), frozenset({"ping"}), frozenset({"ping", "a"})]))
    interrupting = draw(st.sampled_from([frozenset(), frozenset({"error"}), frozenset({"error", "b"})]))
    expression = grammar.expression
    if expression != EMPTY:
        expression = Extended(expression, anywhere, interrupting)
    text = f"{grammar.text} | anywhere {set(anywhere)} | interruptedBy {set(interrupting)}"
    return Case(ordered(grammar.text, anywhere, interrupting), expression, draw(words_of(expression)), text)


def tracked(automaton: Automaton, word: Iterable[str]) -> int:
    """How many faults of the order these events have; counted as `faults` does, but without a whole monitor."""
    tracker = OrderTracker(repair_table(automaton))
    found = [tracker.step(symbol, number) for number, symbol in enumerate(word, 1)]
    kinds = [fault.kind for fault in (*found, tracker.end()) if fault is not None]
    return kinds.count(OrderFaultKind.UNEXPECTED) + len({*kinds} - {OrderFaultKind.UNEXPECTED})
