"""An expression taken apart at its outermost operators: how far it is from true, and which values would make it so."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from functools import lru_cache
from typing import Any

from streamcontract.contract.expressions import (
    EvaluationError,
    Expression,
    ExpressionError,
    LimitError,
    compile_expression,
)

__all__ = ["Term", "distance", "literals", "operands", "paths", "sides", "term_of", "value_of"]

QUIET = re.compile(r"""//[^\n]*|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""")
RELATION = re.compile(r"==|!=|<=|>=|<|>|\bin\b")
PATH = re.compile(
    r"(?<![\w.])(?:data|previous|last|item|request|linked|response|id|[A-Za-z_]\w*)(?:\.[A-Za-z_]\w*)*(?!\w*\s*\()"
)
LITERAL = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|(?<![\w.])\d+(?:\.\d+)?(?!\w)|\b(?:true|false|null)\b""")
WORDS = {"true": True, "false": False, "null": None}
RESERVED = frozenset({"true", "false", "null", "in"})
DEEPEST = 8
FAR = 5.0
"""The distance of numbers that are far from each other; one that is one too many is at 0.3."""


class Kind(Enum):
    """What stands outermost in an expression."""

    CHOICE = "?:"
    OR = "||"
    AND = "&&"
    RELATION = "a comparison"
    PLAIN = "none of these"


@dataclass(frozen=True, slots=True)
class Term:
    """A part of an expression, and the parts that it is made of."""

    kind: Kind
    text: str
    parts: tuple[Term, ...] = ()


@lru_cache(maxsize=2_000)
def term_of(text: str, depth: int = 0) -> Term:
    """An expression taken apart."""
    text = _bare(text)
    if depth < DEEPEST:
        for kind, take_apart in APART:
            parts = take_apart(text)
            if len(parts) > 1:
                return Term(kind, text, tuple(term_of(part, depth + 1) for part in parts))
    return Term(Kind.PLAIN, text)


def distance(term: Term, names: frozenset[str], scope: Mapping[str, Any]) -> float:
    """How far an expression is from being true; 0: it is."""
    match term.kind:
        case Kind.CHOICE:
            condition = value_of(term.parts[0].text, names, scope)
            return distance(term.parts[1 if condition == (True,) else 2], names, scope)
        case Kind.OR:
            return min(distance(part, names, scope) for part in term.parts)
        case Kind.AND:
            return sum(distance(part, names, scope) for part in term.parts)
    if value_of(term.text, names, scope) == (True,):
        return 0.0
    if term.kind is Kind.PLAIN:
        return 1.0
    left, right = (value_of(part.text, names, scope) for part in term.parts)
    return _apart(left[0], right[0]) if left is not None and right is not None else 1.0


def operands(term: Term) -> Iterator[str]:
    """The sides of all comparisons in an expression."""
    for part in term.parts:
        if term.kind is Kind.RELATION:
            yield part.text
        yield from operands(part)


def sides(term: Term) -> Iterator[tuple[str, str]]:
    """The two sides of each comparison, either way round."""
    for part in term.parts:
        yield from sides(part)
    if term.kind is Kind.RELATION:
        left, right = (part.text for part in term.parts)
        yield from ((left, right), (right, left))


@lru_cache(maxsize=2_000)
def paths(text: str) -> tuple[tuple[str, ...], ...]:
    """The members that an expression reads, `data.stats.clusters`; of a name by itself that name."""
    quiet = QUIET.sub(lambda match: " " * len(match[0]), text)
    found = (tuple(match[0].split(".")) for match in PATH.finditer(quiet))
    return tuple(dict.fromkeys(path for path in found if path[0] not in RESERVED))


@lru_cache(maxsize=2_000)
def literals(text: str) -> tuple[Any, ...]:
    """The texts, numbers and words that are written out in an expression."""
    found: list[Any] = []
    for match in LITERAL.finditer(text):
        try:
            value = WORDS[match[0]] if match[0] in WORDS else ast.literal_eval(match[0])
        except (ValueError, SyntaxError):
            continue
        if not any(value is known or (type(value) is type(known) and value == known) for known in found):
            found.append(value)
    return tuple(found)


def value_of(text: str, names: frozenset[str], scope: Mapping[str, Any]) -> tuple[Any] | None:
    """The value of a part of an expression, as the one member of a tuple; None where it has none."""
    compiled = _compiled(text.strip(), names)
    if compiled is None:
        return None
    try:
        value = compiled.evaluate(scope)
    except (EvaluationError, LimitError):
        return None
    return (value.total_seconds() * 1000 if isinstance(value, timedelta) else value,)


@lru_cache(maxsize=5_000)
def _compiled(text: str, names: frozenset[str]) -> Expression | None:
    try:
        return compile_expression(text, names)
    except ExpressionError:
        return None


def _apart(left: Any, right: Any) -> float:
    """How far two values are from each other."""
    both = (left, right)
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in both):
        return float(min(0.1 + 0.2 * abs(left - right), FAR))
    return 0.5 if type(left) is type(right) else 1.0


def _relation(text: str) -> list[str]:
    """The two sides of a comparison."""
    quiet = _quiet(text)
    for match in RELATION.finditer(quiet):
        if _depth(quiet, match.start()) == 0:
            return [text[: match.start()], text[match.end() :]]
    return []


def _choice(text: str) -> list[str]:
    """Condition, and what holds with and without it."""
    quiet = _quiet(text)
    outer = [match.start() for match in re.finditer(r"[?:]", quiet) if _depth(quiet, match.start()) == 0]
    question = next((offset for offset in outer if quiet[offset] == "?"), None)
    if question is None:
        return []
    level = 0
    for offset in outer:
        if offset > question:
            level += 1 if quiet[offset] == "?" else -1
            if level < 0:
                return [text[:question], text[question + 1 : offset], text[offset + 1 :]]
    return []


def _split(text: str, operator: str) -> list[str]:
    quiet = _quiet(text)
    parts, begin = [], 0
    for match in re.finditer(re.escape(operator), quiet):
        if _depth(quiet, match.start()) == 0:
            parts.append(text[begin : match.start()])
            begin = match.end()
    return [*parts, text[begin:]]


APART: tuple[tuple[Kind, Callable[[str], list[str]]], ...] = (
    (Kind.CHOICE, _choice),
    (Kind.OR, lambda text: _split(text, "||")),
    (Kind.AND, lambda text: _split(text, "&&")),
    (Kind.RELATION, _relation),
)
"""The outermost operators, the loosest first."""


def _bare(text: str) -> str:
    """The text without white space and parentheses around it."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")"):
        quiet = _quiet(text)
        if any(_depth(quiet, offset) == 0 for offset in range(1, len(text) - 1)):
            break
        text = text[1:-1].strip()
    return text


@lru_cache(maxsize=2_000)
def _quiet(text: str) -> str:
    """The text with its strings blanked out."""
    return QUIET.sub(lambda match: "_" * len(match[0]), text)


def _depth(quiet: str, offset: int) -> int:
    """How many parentheses are open before a place."""
    before = quiet[:offset]
    return sum(before.count(mark) for mark in "([{") - sum(before.count(mark) for mark in ")]}")
