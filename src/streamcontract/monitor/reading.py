"""The values that an expression read: what came, where a finding says what an expression wants."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from streamcontract.contract.expressions import QUIET, Expression
from streamcontract.contract.written import beginning, names_of, path_of, written

__all__ = ["values_read", "what_came"]

PATH = re.compile(
    rf"""{QUIET.pattern}
       | (?<![\w.])
         (?P<path> [A-Za-z_]\w* (?: \.[A-Za-z_]\w*(?!\w*\s*\() | \[ (?: '[^'\\]*' | "[^"\\]*" | [0-9]+ ) \] )* )
         (?! \w | \s*\( )""",
    re.VERBOSE | re.DOTALL,
)
"""A variable with the members that are read of it, as `data.items[0].text`; a method is no member."""
STEP = re.compile(r"""\.?([A-Za-z_]\w*)|\['([^']*)'\]|\["([^"]*)"\]|\[([0-9]+)\]""")
NAMED = ("headers", "query")
"""What has credentials in it: of what is there in place of what is missing, only the names are told."""
MOST = 8
"""How many values are told."""


def values_read(scope: Mapping[str, Any], *expressions: Expression) -> str:
    """`data.i = 5, seen = 4`; what was missing comes last, with what was there of it. Empty where nothing was read."""
    there: dict[str, str] = {}
    missing, above = [], {}
    for path in dict.fromkeys(path for expression in expressions for path in _paths(expression)):
        keys = list(_keys(path))
        depth, value = _follow(scope, keys)
        if depth == len(keys):
            there[path] = written(value)
            continue
        missing.append(f"no {beginning(path)}")
        if depth:
            shown = names_of(value) if keys[depth - 1] in NAMED and isinstance(value, Mapping) else written(value)
            above[path_of(str(keys[0]), keys[1:depth])] = shown
    told = [f"{beginning(path)} = {value}" for path, value in there.items()]
    told += missing + [f"{path} = {value}" for path, value in above.items() if path not in there]
    more = [f"… {len(told) - MOST} more"] if len(told) > MOST else []
    return ", ".join([*told[:MOST], *more])


def what_came(scope: Mapping[str, Any], *expressions: Expression) -> str:
    """The values that were read; where there are none, the event's data, or that it was the end."""
    if found := values_read(scope, *expressions):
        return found
    return f"data = {written(scope['data'])}" if "data" in scope else "the end of the stream"


def _paths(expression: Expression) -> Iterator[str]:
    """What is read of the variables; a loop's own is none of them."""
    for match in PATH.finditer(expression.source):
        path = match["path"]
        if path and path.partition(".")[0].partition("[")[0] in expression.names:
            yield path


def _keys(path: str) -> Iterator[str | int]:
    for name, quoted, double_quoted, number in STEP.findall(path):
        yield int(number[:9]) if number else name or quoted or double_quoted


def _follow(scope: Mapping[str, Any], keys: list[str | int]) -> tuple[int, Any]:
    """How far the keys lead, and what is there."""
    value: Any = scope
    for depth, key in enumerate(keys):
        inside = isinstance(value, Mapping) and key in value
        if not inside and not (isinstance(value, list) and isinstance(key, int) and key < len(value)):
            return depth, value
        value = value[key]
    return len(keys), value
