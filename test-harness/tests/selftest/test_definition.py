"""What is told beforehand of a stream, held against a matcher that shares nothing with it, and against the monitor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle.matcher import Expression, Word, accepts, is_terminal, next_symbols, repeated, residual, then
from oracle.strategies import PLAIN, Grammar, edited, grammars, words_of
from small_contracts import contract_of

from streamcontract import Event, Request, Response, Stream
from streamcontract_harness.selftest.definition import Definition
from streamcontract_harness.selftest.made import Made

ENOUGH = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ORDER = ("sequence.unexpected-event", "sequence.after-end", "sequence.truncated")


def contract_tree(sequence: str) -> dict[str, Any]:
    alternatives = [
        {"type": "object", "properties": {"event": {"const": name}, "data": {"type": "string"}}} for name in PLAIN
    ]
    media = {"itemSchema": {"oneOf": alternatives}, "x-stream": {"sequence": sequence}}
    answer = {"200": {"description": "events", "content": {"text/event-stream": media}}}
    return {
        "openapi": "3.2.0",
        "info": {"title": "Random", "version": "1"},
        "paths": {"/": {"get": {"operationId": "watch", "responses": answer}}},
    }


def whole(grammar: Grammar) -> Grammar:
    """The grammar with every symbol in it, as the contract has an event for each."""
    rest = " ".join(f"{name}?" for name in PLAIN)
    return Grammar((*grammar.within(2), *rest.split()), 2, _behind(grammar.expression))


def _behind(expression: Expression) -> Expression:
    return then(expression, *(repeated(Word(name), 0, 1) for name in PLAIN))


def first_fault(expression: Expression, word: tuple[str, ...]) -> str:
    """The id that a word must trip, by derivatives; empty when it is a word of the expression."""
    if accepts(expression, word):
        return ""
    for length in range(len(word)):
        left = residual(expression, word[:length])
        if word[length] not in next_symbols(left):
            return ORDER[1] if is_terminal(left) else ORDER[0]
    return ORDER[2]


def made_of(word: tuple[str, ...]) -> Made:
    return Made(Request(), Response(), tuple(Event(name, "x") for name in word))


def found_by_monitor(stream: Stream, made: Made) -> list[str]:
    monitor = stream.monitor(made.request, made.response)
    monitor.feed(made.body(None))
    monitor.close()
    return [finding.id for finding in monitor.findings]


@ENOUGH
@given(data=st.data())
def test_the_order_is_told_as_derivatives_tell_it_and_the_monitor_finds_it(data: st.DataObject, tmp_path: Path) -> None:
    grammar = whole(data.draw(grammars(leaves=5)))
    stream = contract_of(contract_tree(grammar.text), tmp_path).stream("watch")
    word, _ = data.draw(edited(data.draw(words_of(grammar.expression)), PLAIN, 2))
    expected = first_fault(grammar.expression, word)
    judged = Definition(stream).judge(made_of(word))
    assert [fault.id for fault in judged.faults] == ([expected] if expected else [])
    found = found_by_monitor(stream, made_of(word))
    assert found[:1] == ([expected] if expected else [])
