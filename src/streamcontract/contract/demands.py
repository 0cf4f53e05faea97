"""What a JSON Schema's keyword demands, in plain words, and the value that does not meet it."""

from collections.abc import Callable, Mapping
from typing import Any

import jsonschema_rs

from streamcontract.contract.written import beginning, listing, names_of, written

__all__ = ["NO_MEMBERS", "REQUIRED", "demand", "offending"]

LONGEST = 300
"""Characters of one demand."""
BRANCHES, OPTIONS = 4, 12
"""How many alternatives of `oneOf` and `anyOf`, and values of `enum`, are told."""
NO_MEMBERS = "no members"
"""What `additionalProperties: false` demands where no member has a schema."""
REQUIRED = "required: "
SHORT = 60
"""Characters of one alternative's demand."""


def demand(keyword: str, value: Any) -> str:
    """What a keyword demands, by its value in the schema, or as far as the validator tells of it."""
    known = DEMANDS.get(keyword)
    return beginning(known(value) if known else _as_written(keyword)(value), LONGEST)


def offending(error: jsonschema_rs.ValidationError) -> str:
    """The value, cut short; of an object the members that are too many, or which it has where one is missing."""
    value, kind = error.instance, error.kind
    match kind.name, value:
        case "required", Mapping():
            return names_of(value)
        case "additionalProperties" | "unevaluatedProperties", Mapping():
            return written({name: value[name] for name in kind.value if name in value} or value)
    return written(value)


def _as_written(keyword: str) -> Callable[[Any], str]:
    return lambda value: f"{keyword}: {value if isinstance(value, str) else written(value)}"


def _count(words: str) -> Callable[[Any], str]:
    return lambda value: f"{words.format(value)}{'' if value == 1 else 's'}"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _names(names: list[Any]) -> str:
    return beginning(", ".join(written(name, 40) for name in names[:12]) + ", …" * (len(names) > 12), LONGEST)


def _branches(words: str) -> Callable[[Any], str]:
    """Alternatives: by the errors of each, where it was the validator that looked."""

    def told(value: Any) -> str:
        branches = _listed(value)
        firsts = [branch[0] for branch in branches if isinstance(branch, list) and branch]
        looked = [first for first in firsts if isinstance(first, jsonschema_rs.ValidationError)]
        if len(looked) < len(branches):
            return f"{words} {len(branches)} alternatives"
        shown = [_of_branch(error) for error in looked[:BRANCHES]]
        more = f", or one of {len(looked) - BRANCHES} more" if len(looked) > BRANCHES else ""
        return f"{words} {len(branches)} alternatives: {' | '.join(shown)}{more}"

    return told


def _of_branch(error: jsonschema_rs.ValidationError) -> str:
    """Alternatives inside of one are not told."""
    inside = error.kind.name in ("oneOf", "anyOf")
    return error.kind.name if inside else beginning(demand(error.kind.name, error.kind.value), SHORT)


def _no_more(what: str) -> Callable[[Any], str]:
    return lambda value: f"no {what} {_names(value)}" if isinstance(value, list) and value else f"no other {what}s"


def _property_names(value: Any) -> str:
    inner = isinstance(value, jsonschema_rs.ValidationError)
    return f"names with {demand(value.kind.name, value.kind.value) if inner else written(value)}"


DEMANDS: Mapping[str, Callable[[Any], str]] = {
    "additionalProperties": _no_more("member"),
    "additionalItems": lambda _: "no more items",
    "anyOf": _branches("at least one of"),
    "const": lambda value: f"exactly {written(value)}",
    "contains": lambda _: "an item that fits `contains`",
    "enum": lambda value: f"one of {listing([written(option) for option in _listed(value)[: OPTIONS + 1]], OPTIONS)}",
    "exclusiveMaximum": lambda value: f"less than {value}",
    "exclusiveMinimum": lambda value: f"more than {value}",
    "falseSchema": lambda _: "no value here",
    "maxContains": lambda _: "no more items that fit `contains` than `maxContains` allows",
    "maxItems": _count("at most {} item"),
    "maxLength": _count("at most {} character"),
    "maxProperties": _count("at most {} member"),
    "maximum": lambda value: f"at most {value}",
    "minContains": lambda _: "as many items that fit `contains` as `minContains` wants",
    "minItems": _count("at least {} item"),
    "minLength": _count("at least {} character"),
    "minProperties": _count("at least {} member"),
    "minimum": lambda value: f"at least {value}",
    "multipleOf": lambda value: f"a multiple of {value}",
    "not": lambda value: f"not: {written(value)}",
    "oneOf": _branches("exactly one of"),
    "propertyNames": _property_names,
    "required": lambda value: f"{REQUIRED}{_names(_listed(value))}",
    "type": lambda value: f"type: {' or '.join(sorted(map(str, _listed(value))))}",
    "unevaluatedItems": lambda _: "no more items",
    "unevaluatedProperties": _no_more("member"),
    "uniqueItems": lambda _: "no two equal items",
}
"""By keyword; one that is not here is told as it is written: `pattern: ^a+$`, `format: email`."""
