"""The order of each key by its definition: the names of its events are a word of the slice's sequence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from streamcontract.contract.automaton import Automaton
from streamcontract.contract.model import Slice
from streamcontract_harness.selftest.gathered import Known, Values
from streamcontract_harness.selftest.walks import Walks

__all__ = ["SliceFault", "slice_faults"]


@dataclass(frozen=True, slots=True)
class SliceFault:
    """Where the first fault shows (None: at the end), and how much is wrong in all: a search goes by that."""

    index: int | None
    weight: float


def slice_faults(
    slice_: Slice,
    known: Sequence[Known],
    base: Mapping[str, Any],
    values: Values,
    *,
    stop: int | None,
    ended: bool,
) -> SliceFault | None:
    """What is wrong with a slice up to the event `stop`; `ended`: the keys must be complete at the end, too."""
    states: dict[str, int] = {}
    wrong: list[int | None] = []
    missing = 0
    for item in known:
        if stop is not None and item.index >= stop:
            break
        if item.symbol in slice_.complete_before:
            missing += _missing(slice_, states)
            wrong += [item.index] * (_missing(slice_, states) > 0)
        if item.symbol not in slice_.events:
            continue
        for key, name in _steps(slice_, item, base, values):
            state = states.get(key, slice_.automaton.start)
            if slice_.reopen and _may_start_over(slice_, state, name):
                state = slice_.automaton.start
            following = slice_.automaton.table[state].get(name)
            if following is None:
                wrong.append(item.index)
            states[key] = state if following is None else following
    else:
        if ended:
            missing += _missing(slice_, states)
            wrong += [None] * (_missing(slice_, states) > 0)
    return SliceFault(wrong[0], 0.5 * len(wrong) + 0.3 * missing) if wrong else None


def _steps(slice_: Slice, item: Known, base: Mapping[str, Any], values: Values) -> Iterator[tuple[str, str]]:
    """The keys that an event belongs to, each with the event's name in the slice."""
    scope = {**base, **item.fields}
    if slice_.each is None:
        scopes = [scope]
    else:
        found = values.of(slice_.each, scope, item.event)
        elements = found[0] if found is not None and isinstance(found[0], list) else []
        scopes = [{**scope, "item": element} for element in elements]
    for inner in scopes:
        key = values.key(slice_.by, inner, item.event)
        if key is None:
            continue
        if slice_.symbol is None:
            yield key, item.symbol or ""
        else:
            named = values.of(slice_.symbol, inner, item.event)
            yield key, named[0] if named is not None and isinstance(named[0], str) else ""


def _may_start_over(slice_: Slice, state: int, name: str) -> bool:
    return state in slice_.automaton.accepting and name not in slice_.automaton.table[state]


def _missing(slice_: Slice, states: Mapping[str, int]) -> int:
    """How many events the keys still need."""
    return sum(_away(slice_.automaton)[state] for state in states.values())


@lru_cache(maxsize=64)
def _away(automaton: Automaton) -> Mapping[int, int]:
    """How many events each state is away from where the word may end."""
    walks = Walks(automaton)
    return {state: len(walks.home(state)) for state in range(len(automaton.table))}
