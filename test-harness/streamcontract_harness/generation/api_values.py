"""What Schemathesis' own checks wanted, and what came: by the classes of its failures."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from schemathesis.core.failures import (
    AcceptedNegativeData,
    ContentTypeServerError,
    Failure,
    MalformedJson,
    ResponseTimeExceeded,
    ServerError,
)
from schemathesis.openapi.checks import (
    AllowHeaderMismatch,
    ContentDeserializationError,
    DiscriminatorMismatch,
    EnsureResourceAvailability,
    IgnoredAuth,
    JsonSchemaError,
    MissingContentType,
    MissingHeaderNotRejected,
    ObjectLevelAuthorizationViolation,
    RejectedPositiveData,
    UnsupportedMethodResponse,
    UseAfterFree,
)

from streamcontract.contract.demands import NO_MEMBERS, demand
from streamcontract.contract.written import beginning, listing, names_of, path_of, written

__all__ = ["fault_of", "one_line", "values_of"]

FALSE = "False schema does not allow "
"""How the validator's message of a schema begins that is `false`; behind it stands the value."""
DISCRIMINATED = re.compile(
    r"property '(?P<name>.*?)' with value (?P<value>.*),\n.*known schema values: (?P<known>.*)", re.DOTALL
)
LONGEST, LONGEST_VALUE = 600, 80
"""Characters of Schemathesis' text, which has paragraphs, and of a value in it, which may be a whole body."""


def values_of(check: str, failure: Failure, status: int | None) -> tuple[str, str]:
    """What was expected and what came; never empty, whatever class a failure has."""
    for class_ in type(failure).__mro__:
        if told := VALUES.get(class_):
            return told(failure, _answer(status))
    return f"an answer that `{check}` finds right", _answer(status)


def fault_of(failure: Failure) -> str:
    """What is wrong, in a sentence. The schema and the value of a failure stand beside it."""
    if isinstance(failure, JsonSchemaError):
        return f"{failure.title}: {_of_schema(failure)}"
    return f"{failure.title}: {one_line(failure.message)}" if failure.message else failure.title


def one_line(text: Any) -> str:
    """One line of a text of several paragraphs."""
    return beginning(" ".join(str(text).split()), LONGEST)


def _of_schema(failure: Any) -> str:
    """What is wrong with a place in the body; Schemathesis says it of the value, which may be a secret."""
    name, said = _name(failure), failure.validation_message
    if _allows_no_members(failure):
        return f"{name} may have no members"
    if said.startswith(FALSE):
        return f"{name} may have no value"
    value = json.dumps(failure.instance, separators=(",", ":"), ensure_ascii=False, default=str)
    if len(value) > LONGEST_VALUE:
        return f"{name} does not fit `{_keyword(failure)}`"
    return beginning(said.replace(value, name, 1) if value in said else f"{name}: {said}", LONGEST)


def _answer(status: int | None) -> str:
    return "no answer" if status is None else f"status {status}"


def _allows_no_members(failure: Any) -> bool:
    """Whether `additionalProperties: false` alone was broken: the instance is a member then, and its name not told."""
    of_keyword = failure.schema_path[-1:] == ["additionalProperties"] != failure.instance_path[-1:]
    return of_keyword and str(failure.validation_message).startswith(FALSE)


def _schema(failure: Any, answer: str) -> tuple[str, str]:
    if _allows_no_members(failure):
        return NO_MEMBERS, f"{_name(failure)} has members"
    keyword, schema = _keyword(failure), failure.schema
    if str(failure.validation_message).startswith(FALSE):
        return demand("falseSchema", None), _came(failure, "")
    wanted = demand(keyword, schema[keyword]) if keyword in schema else "a value that fits its schema"
    return beginning(wanted, LONGEST), _came(failure, keyword)


def _keyword(failure: Any) -> str:
    """The end of the path into the schema; an index stands behind a keyword that has a list."""
    return next((str(key) for key in reversed(failure.schema_path) if isinstance(key, str)), "")


def _name(failure: Any) -> str:
    return path_of("body", failure.instance_path)


def _came(failure: Any, keyword: str) -> str:
    """The value; of an object in which a member is missing only the names, as for events."""
    value, name = failure.instance, _name(failure)
    if keyword == "required" and isinstance(value, Mapping):
        return f"{name} = {names_of(value)}"
    return f"{name} = {written(value)}"


def _discriminator(failure: Any, answer: str) -> tuple[str, str]:
    """The property's value, which the message alone has."""
    told = DISCRIMINATED.search(str(failure.message))
    if told is None:
        return "a value that the discriminator maps", answer
    return f"one of {one_line(told['known'])}", f"{one_line(told['name'])} = {beginning(told['value'], LONGEST_VALUE)}"


def _unsupported(failure: Any, answer: str) -> tuple[str, str]:
    if failure.failure_reason == "missing_allow_header":
        return "405 with an `Allow` header", f"405 without one, to {failure.method}"
    return "405", f"{answer}, to {failure.method}"


def _allow(failure: Any, answer: str) -> tuple[str, str]:
    wanted = [f"with {', '.join(failure.missing_methods)}"] if failure.missing_methods else []
    wanted += [f"without {', '.join(failure.undocumented_methods)}"] if failure.undocumented_methods else []
    return f"an `Allow` header {' and '.join(wanted)}", f"Allow: {beginning(failure.allow_header, LONGEST)}"


CREDENTIALS = {
    "no_auth": "without credentials",
    "invalid_auth": "with wrong credentials",
    "generated_auth": "with made-up credentials",
}
VALUES: Mapping[type[Failure], Callable[[Any, str], tuple[str, str]]] = {
    ServerError: lambda f, answer: ("a status below 500", f"status {f.status_code}"),
    ContentTypeServerError: lambda f, answer: ("415, or 400", f"status {f.status_code}"),
    MalformedJson: lambda f, answer: ("JSON", beginning(f.document, 120) or "an empty body"),
    AcceptedNegativeData: lambda f, answer: (listing(list(f.expected_statuses)), f"status {f.status_code}"),
    RejectedPositiveData: lambda f, answer: (listing(list(f.allowed_statuses)), f"status {f.status_code}"),
    MissingHeaderNotRejected: lambda f, answer: (
        listing([str(status) for status in f.expected_statuses]),
        f"status {f.status_code} without the header {f.header_name}",
    ),
    ResponseTimeExceeded: lambda f, answer: (f"at most {f.deadline:.1f} s", f"{f.elapsed:.1f} s"),
    JsonSchemaError: _schema,
    MissingContentType: lambda f, answer: (f"a Content-Type: {listing(list(f.media_types))}", "none"),
    ContentDeserializationError: lambda f, answer: ("a body of its media type", one_line(f.message)),
    DiscriminatorMismatch: _discriminator,
    UseAfterFree: lambda f, answer: (f"404 or 410 to {f.usage}, after {f.free}", answer),
    EnsureResourceAvailability: lambda f, answer: (
        f"{f.not_available_with} finds what {f.created_with} has made",
        answer,
    ),
    IgnoredAuth: lambda f, answer: ("401 or 403", f"{answer}, {CREDENTIALS[f.scenario.value]}"),
    ObjectLevelAuthorizationViolation: lambda f, answer: (f"what {f.owner} has made is not {f.peer}'s to see", answer),
    UnsupportedMethodResponse: _unsupported,
    AllowHeaderMismatch: _allow,
}
