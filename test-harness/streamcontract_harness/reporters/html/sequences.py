"""The sequences of an operation as diagrams, with what the run has seen of them."""

from __future__ import annotations

from dataclasses import dataclass

from streamcontract import Stream
from streamcontract.contract.grammar import Node, symbols
from streamcontract.monitor.coverage import Transitions, transition_names
from streamcontract_harness.reporters.html.places import transitions_by_place
from streamcontract_harness.reporters.html.railroad import Diagram, Label, diagram
from streamcontract_harness.results import Tally

__all__ = ["ShownSequence", "sequences"]

SEEN, PARTLY, UNSEEN, UNCOUNTED = "seen", "partly", "unseen", ""


@dataclass(frozen=True, slots=True)
class ShownSequence:
    """One sequence: what it is of, its diagram (None: too long for one), and what else may come.

    `seen` and `missing` are its transitions by name; both are empty where they are not counted.
    """

    title: str
    diagram: Diagram | None
    remarks: tuple[str, ...]
    seen: tuple[str, ...]
    missing: tuple[str, ...]


def sequences(tally: Tally) -> tuple[ShownSequence, ...]:
    """The orders of an operation's stream, then those of its slices."""
    stream, transitions = tally.stream, tally.transitions
    if stream is None or transitions is None:
        return ()
    shown = [_order(tally, stream, transitions, number) for number in range(len(stream.orders))]
    shown += [
        ShownSequence(
            f"slice {part.id}, by {part.by.source}",
            diagram(part.tree, _plain(part.tree)),
            ("Each value of its key has a sequence of its own; which transitions were seen is not counted.",),
            (),
            (),
        )
        for part in stream.slices
    ]
    return tuple(shown)


def _order(tally: Tally, stream: Stream, transitions: Transitions, number: int) -> ShownSequence:
    order, names = stream.orders[number], transition_names(stream)
    own = {(state, symbol): name for (n, state, symbol), name in names.items() if n == number}
    leading = transitions_by_place(order.tree, order.automaton)
    labels = [
        _label(symbol.name, [own[key] for key in sorted(keys) if key in own], transitions)
        for symbol, keys in zip(symbols(order.tree), leading, strict=True)
    ]
    title = "sequence" if len(stream.orders) == 1 else f"sequence {number + 1}"
    condition = f", when {order.when.source}" if order.when else ", otherwise" if number else ""
    mine = frozenset(own.values())
    return ShownSequence(
        title + condition,
        diagram(order.tree, labels),
        tuple(_extra(tally, order.automaton.anywhere, order.automaton.interrupting)),
        tuple(sorted(mine & transitions.seen)),
        tuple(sorted(mine - transitions.seen)),
    )


def _label(name: str, transitions: list[str], all_: Transitions) -> Label:
    if not transitions:
        return Label(name, UNCOUNTED, f"{name}: not reached by any transition")
    missing = [transition for transition in transitions if transition not in all_.seen]
    seen = len(transitions) - len(missing)
    kind = UNSEEN if not seen else PARTLY if missing else SEEN
    told = f"{name}: {seen} of {len(transitions)} transitions that lead here were seen"
    return Label(name, kind, f"{told}; not {'; '.join(missing[:5])}" if missing else told)


def _plain(tree: Node) -> list[Label]:
    return [Label(symbol.name, UNCOUNTED, symbol.name) for symbol in symbols(tree)]


def _extra(tally: Tally, anywhere: frozenset[str], interrupting: frozenset[str]) -> list[str]:
    remarks = []
    if anywhere:
        remarks.append(f"May come anywhere before the end, and is not counted: {', '.join(sorted(anywhere))}.")
    if interrupting:
        told = ", ".join(
            f"{symbol} (seen ×{tally.outcomes[symbol]:,})" if tally.outcomes[symbol] else f"{symbol} (not seen)"
            for symbol in sorted(interrupting)
        )
        remarks.append(f"May interrupt it at any point: {told}.")
    return remarks
