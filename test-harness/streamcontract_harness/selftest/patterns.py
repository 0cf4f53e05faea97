"""Texts that match a pattern, every branch of it as likely as its neighbours."""

from __future__ import annotations

import re
from functools import lru_cache
from random import Random
from re import _constants as ops  # what Hypothesis reads patterns by, too
from re import _parser as parser
from typing import Any

__all__ = ["matching"]

MORE = 3
"""How often `*` and `+` go round beyond what they must."""
MOST_SHAPES = 1_000
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ _-.,:;/!"
CLASSES = {
    ops.CATEGORY_DIGIT: "0123456789",
    ops.CATEGORY_SPACE: " ",
    ops.CATEGORY_WORD: "abcxyz0189_",
    ops.CATEGORY_NOT_DIGIT: "abc-",
    ops.CATEGORY_NOT_SPACE: "abc019-",
    ops.CATEGORY_NOT_WORD: " -.",
}


def matching(pattern: str, random: Random) -> str | None:
    """A text that most likely matches, which the caller must look at; None for a pattern that is not understood."""
    try:
        return _series(_parsed(pattern), random, {})
    except (re.error, _UnknownError, RecursionError, OverflowError):
        return None


@lru_cache(maxsize=500)
def _parsed(pattern: str) -> Any:
    return parser.parse(pattern)


class _UnknownError(Exception):
    """Something of patterns that is not made here, such as looking ahead."""


def _series(items: Any, random: Random, groups: dict[int, str]) -> str:
    return "".join(_one(op, argument, random, groups) for op, argument in items)


def _one(op: Any, argument: Any, random: Random, groups: dict[int, str]) -> str:  # noqa: C901, PLR0911 - one for each kind
    match op:
        case ops.LITERAL:
            return chr(argument)
        case ops.NOT_LITERAL:
            return random.choice([letter for letter in LETTERS if ord(letter) != argument])
        case ops.ANY:
            return random.choice(LETTERS)
        case ops.IN:
            return _of_class(argument, random)
        case ops.BRANCH:
            weights = [min(_shapes(branch), MOST_SHAPES) for branch in argument[1]]
            return _series(random.choices(argument[1], weights)[0], random, groups)
        case ops.SUBPATTERN:
            text = _series(argument[3], random, groups)
            groups[argument[0]] = text
            return text
        case ops.MAX_REPEAT | ops.MIN_REPEAT | ops.POSSESSIVE_REPEAT:
            least, most, what = argument
            times = random.randint(least, min(int(most), max(least, 1) + MORE))
            if (least, most) == (0, 1):  # with it there may be many shapes, without it there is one
                times = int(random.randint(0, min(_shapes(what), MOST_SHAPES)) > 0)
            return "".join(_series(what, random, groups) for _ in range(times))
        case ops.GROUPREF:
            return groups.get(argument, "")
        case ops.AT:
            return ""
    raise _UnknownError


@lru_cache(maxsize=5_000)
def _shapes(items: Any) -> int:
    """How many ways there are through the branches of a pattern: each is to be as likely as the others."""
    product = 1
    for op, argument in items:
        match op:
            case ops.BRANCH:
                product *= sum(_shapes(branch) for branch in argument[1])
            case ops.SUBPATTERN:
                product *= _shapes(argument[3])
            case ops.MAX_REPEAT | ops.MIN_REPEAT:
                product *= _shapes(argument[2]) + (argument[0] == 0)
    return product


def _of_class(members: Any, random: Random) -> str:
    if members[0][0] is ops.NEGATE:
        allowed = _allowed(tuple(members[1:]))
        if not allowed:
            raise _UnknownError
        return random.choice(allowed)
    kind, argument = random.choice(members)
    if kind is ops.LITERAL:
        return chr(argument)
    if kind is ops.RANGE:
        return chr(random.randint(*argument))
    return random.choice(CLASSES[argument])


@lru_cache(maxsize=500)
def _allowed(members: tuple[tuple[Any, Any], ...]) -> str:
    """The letters that a negated class leaves."""
    return "".join(letter for letter in LETTERS if not any(_has(member, letter) for member in members))


def _has(member: tuple[Any, Any], letter: str) -> bool:
    kind, argument = member
    if kind is ops.LITERAL:
        return bool(ord(letter) == argument)
    if kind is ops.RANGE:
        return bool(argument[0] <= ord(letter) <= argument[1])
    return letter in str(CLASSES[argument])
