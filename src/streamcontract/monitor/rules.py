"""Rules: what ties events to each other and to the request (section 5)."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from streamcontract.contract.expressions import EvaluationError, LimitError
from streamcontract.contract.model import Rule
from streamcontract.contract.values import Reads, pick
from streamcontract.contract.written import shorten
from streamcontract.monitor.gathering import Budget, Gathered, holds
from streamcontract.monitor.reading import what_came
from streamcontract.monitor.slices import KEY_LIMIT, as_key

__all__ = ["RuleFault", "RuleWatch"]

SHOWN = 100
"""Characters of a rule in a message, beside which it stands as a whole."""
WHOLE_EVENT: Reads = {"data": {}, "event": {}, "id": {}, "index": {}}


class RuleFault(msgspec.Struct, frozen=True):
    """One time that a rule does not hold: what it wants, and the values that it read."""

    message: str
    expected: str
    got: str


class _State:
    """What a rule remembers of one key."""

    __slots__ = ("gathered", "previous", "size")

    def __init__(self, rule: Rule, budget: Budget) -> None:
        self.gathered = Gathered(rule.collect, budget)
        self.previous: dict[str, Any] | None = None
        self.size = 0  # bytes of what is kept of `previous`


class RuleWatch:
    """Follows one rule over a stream."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.unsettled = ""
        self.symbols = rule.at.union(*(collector.symbols for collector in rule.collect))
        self._names = rule.assertion.names | (rule.when.names if rule.when else frozenset())
        self._of_previous = _reads_of_previous(rule)
        self._budget = Budget()
        self._states: dict[str, _State] = {}
        self._told: RuleFault | None = None
        if rule.by is None:
            self._states[""] = _State(rule, self._budget)

    def observe(self, symbol: str, scope: Mapping[str, Any]) -> Iterator[RuleFault]:
        """Take one event whose payload is right: judge it by what came before, then gather from it."""
        try:
            state = self._state(scope)
            if state is None:
                return
            if symbol in self.rule.at:
                yield from self._judge(state, scope)
                self._remember(state, scope)
            state.gathered.take(symbol, scope)
        except LimitError as error:
            self.unsettled = str(error)

    def end(self, scope: Mapping[str, Any]) -> Iterator[RuleFault]:
        """The stream has ended, complete by its own order."""
        try:
            for state in self._states.values() if self.rule.at_end else ():
                yield from self._judge(state, scope)
        except LimitError as error:
            self.unsettled = str(error)

    def _state(self, scope: Mapping[str, Any]) -> _State | None:
        if self.rule.by is None:
            return self._states[""]
        try:
            key = as_key(self.rule.by.evaluate(scope))
        except EvaluationError:
            return None
        state = self._states.get(key)
        if state is None:
            if len(self._states) >= KEY_LIMIT:
                raise LimitError(f"more than {KEY_LIMIT:,} keys")
            self._budget.gather(len(key))
            state = self._states[key] = _State(self.rule, self._budget)
        return state

    def _remember(self, state: _State, scope: Mapping[str, Any]) -> None:
        """Keep of this event what the rule reads of `previous`."""
        if self._of_previous is None:
            return
        kept = pick(scope, self._of_previous)
        if self.rule.by is not None:  # as many are kept as there are keys
            size = len(as_key(kept))
            self._budget.gather(size - state.size)
            state.size = size
        state.previous = kept

    def _judge(self, state: _State, scope: Mapping[str, Any]) -> Iterator[RuleFault]:
        rule = self.rule
        if state.previous is None and "previous" in rule.assertion.names:
            return  # it holds on the first, where there is no previous
        whole = {**scope, **state.gathered.values(self._names)}
        if state.previous is not None:
            whole["previous"] = state.previous
        if not holds(rule.when, whole):
            return
        why = ""
        if "last" in rule.assertion.names and "last" not in whole:
            yield self._fault("speaks of the last event, and the stream had none", "no event")
            return
        try:
            if rule.assertion.evaluate(whole) is True:
                return
        except EvaluationError as error:
            why = f"{error}: "
        if self._told is None:  # all others are equal to it, and only counted
            self._told = self._fault("has no value here" if why else "does not hold", f"{why}{self._came(whole)}")
        yield self._told

    def _came(self, scope: Mapping[str, Any]) -> str:
        """What was read, the key too where there is one, which an end has not."""
        read = [self.rule.assertion]
        if self.rule.by is not None and "data" in scope:
            read.append(self.rule.by)
        return what_came(scope, *read)

    def _fault(self, what: str, got: str) -> RuleFault:
        """Told in the contract's own words where it has some: what it wants is beside them."""
        wanted = self.rule.assertion.shown
        return RuleFault(self.rule.message or f"`{shorten(wanted, SHOWN)}` {what}", wanted, got)


def _reads_of_previous(rule: Rule) -> Reads | None:
    """What a rule reads of `previous`; None: nothing. Where that is not told, it is all that an event has."""
    read = [expr.reads["previous"] for expr in (rule.assertion, rule.when) if expr and "previous" in expr.reads]
    if not read:
        return None
    merged: dict[str, Reads] = {}
    for reads in read:
        for name, below in reads.items():
            merged[name] = {} if name in merged and merged[name] != below else below
    return merged if all(read) else WHOLE_EVENT
