"""The sequences of an operation as diagrams, with what the run has seen of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from streamcontract import Stream
from streamcontract.contract.automaton import Automaton
from streamcontract.contract.grammar import Node, symbols
from streamcontract.contract.model import Slice
from streamcontract.monitor.coverage import Transitions, names_of, transition_names
from streamcontract_harness.reporters.html.places import transitions_by_place
from streamcontract_harness.reporters.html.railroad import Diagram, Label, diagram
from streamcontract_harness.results import Tally

__all__ = ["Extra", "ShownSequence", "sequences"]

SEEN, PARTLY, UNSEEN, UNCOUNTED = "seen", "partly", "unseen", ""


@dataclass(frozen=True, slots=True)
class Extra:
    """Symbols that stand nowhere in the diagram, since they may come at many places, and whether they came."""

    words: str
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class ShownSequence:
    """One sequence: what it is of, its diagram (None: too long for one), and what else may come.

    `seen` and `missing` are its transitions by name.
    """

    title: str
    diagram: Diagram | None
    extras: tuple[Extra, ...]
    remarks: tuple[str, ...]
    seen: tuple[str, ...]
    missing: tuple[str, ...]


def sequences(tally: Tally) -> tuple[ShownSequence, ...]:
    """The orders of an operation's stream, then those of its slices."""
    stream, transitions = tally.stream, tally.transitions
    if stream is None or transitions is None:
        return ()
    orders = [_order(tally, stream, transitions, number) for number in range(len(stream.orders))]
    return (*orders, *(_slice(part, transitions) for part in stream.slices))


def _order(tally: Tally, stream: Stream, transitions: Transitions, number: int) -> ShownSequence:
    order = stream.orders[number]
    own = {key[1:]: name for key, name in transition_names(stream).items() if key[0] == number}
    title = "sequence" if len(stream.orders) == 1 else f"sequence {number + 1}"
    condition = f", when {order.when.source}" if order.when else ", otherwise" if number else ""
    extras = tuple(_extras(tally, transitions, order.automaton))
    return _shown(title + condition, order.tree, order.automaton, own, transitions.seen, extras=extras)


def _slice(part: Slice, transitions: Transitions) -> ShownSequence:
    names = names_of(part.automaton)
    seen = frozenset(names[key] for key in transitions.slices.get(part.id, ()) if key in names)
    remarks = ("Each value of its key has a sequence of its own; what any of them has taken is seen.",)
    return _shown(f"slice {part.id}, by {part.by.source}", part.tree, part.automaton, names, seen, remarks=remarks)


def _shown(
    title: str,
    tree: Node,
    automaton: Automaton,
    names: Mapping[tuple[int, str], str],
    seen: frozenset[str],
    *,
    extras: tuple[Extra, ...] = (),
    remarks: tuple[str, ...] = (),
) -> ShownSequence:
    """A sequence whose transitions have these names."""
    labels = [
        _label(symbol.name, [names[key] for key in sorted(keys) if key in names], seen)
        for symbol, keys in zip(symbols(tree), transitions_by_place(tree, automaton), strict=True)
    ]
    own = frozenset(names.values())
    return ShownSequence(
        title, diagram(tree, labels), extras, remarks, tuple(sorted(own & seen)), tuple(sorted(own - seen))
    )


def _label(name: str, transitions: list[str], all_seen: frozenset[str]) -> Label:
    if not transitions:
        return Label(name, UNCOUNTED, f"{name}: not reached by any transition")
    missing = [transition for transition in transitions if transition not in all_seen]
    seen = len(transitions) - len(missing)
    kind = UNSEEN if not seen else PARTLY if missing else SEEN
    told = f"{name}: {seen} of {len(transitions)} transitions that lead here were seen"
    return Label(name, kind, f"{told}; not {'; '.join(missing[:5])}" if missing else told)


def _extras(tally: Tally, transitions: Transitions, automaton: Automaton) -> Iterator[Extra]:
    """What may come at any place, and what may interrupt."""
    ended = frozenset(symbol for symbol, count in tally.outcomes.items() if count)
    for words, names, came in (
        ("May come anywhere before the end", automaton.anywhere, transitions.anywhere),
        ("May interrupt it at any point", automaton.interrupting, ended),
    ):
        if names:
            yield Extra(words, tuple(_came(name, name in came) for name in sorted(names)))


def _came(name: str, is_seen: bool) -> Label:
    return Label(name, SEEN if is_seen else UNSEEN, f"{name}: {'seen' if is_seen else 'not seen'}")
