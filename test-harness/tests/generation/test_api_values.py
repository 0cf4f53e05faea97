"""What Schemathesis' checks wanted and what came, by literals for each class of failure."""

from json import JSONDecodeError
from typing import Any

import jsonschema_rs
import pytest
from schemathesis.core import failures
from schemathesis.core.failures import Failure
from schemathesis.openapi import checks
from schemathesis.openapi.checks import AuthScenario, JsonSchemaError

from streamcontract_harness.generation.api_run import finding_of
from streamcontract_harness.generation.api_values import VALUES
from streamcontract_harness.generation.schema import OURS

SAID = {"operation": "GET /x", "message": "Schemathesis' own words"}
REPLACED = {"UndefinedStatusCode", "UndefinedContentType", "MalformedMediaType", "MissingHeaders"}
"""What the checks say that the family `http` replaces."""


@pytest.mark.parametrize(
    ("failure", "expected", "got"),
    [
        (failures.ServerError(operation="GET /x", status_code=502), "a status below 500", "status 502"),
        (failures.ContentTypeServerError(**SAID, status_code=500), "415, or 400", "status 500"),
        (
            failures.MalformedJson.from_exception(operation="GET /x", exc=JSONDecodeError("no", "<html>", 0)),
            "JSON",
            "<html>",
        ),
        (
            failures.AcceptedNegativeData(**SAID, status_code=200, expected_statuses=["400", "422"]),
            "400 or 422",
            "status 200",
        ),
        (checks.RejectedPositiveData(**SAID, status_code=400, allowed_statuses=["2xx"]), "2xx", "status 400"),
        (
            checks.MissingHeaderNotRejected(**SAID, header_name="X-K", status_code=200, expected_statuses=[400, 406]),
            "400 or 406",
            "status 200 without the header X-K",
        ),
        (failures.ResponseTimeExceeded(**SAID, elapsed=2.5, deadline=1), "at most 1.0 s", "2.5 s"),
        (checks.MissingContentType(**SAID, media_types=["a/b"]), "a Content-Type: a/b", "none"),
        (checks.ContentDeserializationError(**SAID), "a body of its media type", SAID["message"]),
        (checks.DiscriminatorMismatch(**SAID), "a value that the discriminator maps", "status 200"),
        (
            checks.DiscriminatorMismatch(
                operation="GET /x",
                message="Response contains discriminator property 'kind' with value 'C',\n"
                "which does not match any of the known schema values: 'A', 'B'",
            ),
            "one of 'A', 'B'",
            "kind = 'C'",
        ),
        (
            checks.UseAfterFree(**SAID, free="DELETE /x", usage="GET /x"),
            "404 or 410 to GET /x, after DELETE /x",
            "status 200",
        ),
        (
            checks.EnsureResourceAvailability(**SAID, created_with="POST /x", not_available_with="GET /x"),
            "GET /x finds what POST /x has made",
            "status 200",
        ),
        (
            checks.IgnoredAuth(**SAID, scenario=AuthScenario.NO_AUTH),
            "401 or 403",
            "status 200, without credentials",
        ),
        (
            checks.ObjectLevelAuthorizationViolation(**SAID, owner="ann", peer="bob", owner_case_id="1"),
            "what ann has made is not bob's to see",
            "status 200",
        ),
        (
            checks.UnsupportedMethodResponse(**SAID, method="TRACE", status_code=200, failure_reason="wrong_status"),
            "405",
            "status 200, to TRACE",
        ),
        (
            checks.UnsupportedMethodResponse(
                **SAID, method="TRACE", status_code=405, failure_reason="missing_allow_header"
            ),
            "405 with an `Allow` header",
            "405 without one, to TRACE",
        ),
        (
            checks.AllowHeaderMismatch(
                **SAID, allow_header="GET, PUT", missing_methods=["POST"], undocumented_methods=["PUT"]
            ),
            "an `Allow` header with POST and without PUT",
            "Allow: GET, PUT",
        ),
        (Failure(**SAID), "an answer that `name` finds right", "status 200"),
        (Failure(operation=None, message=""), "an answer that `name` finds right", "status 200"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Failure) else None,
)
def test_failure_has_what_was_wanted_and_what_came(failure: Failure, expected: str, got: str) -> None:
    finding = finding_of("name", "x", failure, 200)
    assert (finding.id, finding.expected, finding.got) == ("api.name", expected, got)


@pytest.mark.parametrize(
    ("schema", "value", "said", "expected", "got"),
    [
        (
            {"properties": {"password": {"type": "integer"}}},
            {"password": "hunter2"},
            'body.password is not of type "integer"',
            "type: integer",
            'body.password = "hunter2"',
        ),
        ({"required": ["id"]}, {"n": 1}, 'body: "id" is a required property', 'required: "id"', 'body = {"n": …}'),
        ({"additionalProperties": False}, {"token": "x"}, "body may have no members", "no members", "body has members"),
        ({"properties": {"a": False}}, {"a": 1}, "body.a may have no value", "no value here", "body.a = 1"),
        ({"items": False}, ["x" * 99], "body[0] may have no value", "no value here", None),
        (False, {"token": 1}, "body may have no value", "no value here", 'body = {"token":1}'),
        ({"maxLength": 3}, "x" * 10_000, "body does not fit `maxLength`", "at most 3 characters", None),
        ({"oneOf": [{"type": "null"}, False]}, "x", "body is not valid under", "exactly one of 2 alternatives", None),
    ],
)
def test_schema_s_failure_names_the_place_and_the_value_stands_beside_it(
    schema: Any, value: Any, said: str, expected: str, got: str | None
) -> None:
    (error,) = jsonschema_rs.Draft202012Validator(schema).iter_errors(value)
    failure = JsonSchemaError.from_exception(operation="GET /x", exc=error, root_schema=schema)
    finding = finding_of("response_schema_conformance", "x", failure, 200)
    assert finding.message.startswith(f"Response violates schema: {said}")
    assert finding.expected == expected
    assert finding.got == got if got else finding.got.startswith(('body = "x', 'body[0] = "x'))
    assert len(finding.message + finding.got) < 300


def test_each_class_of_failure_that_its_checks_report_is_in_the_table() -> None:
    classes = {class_ for module in (failures, checks) for class_ in vars(module).values() if isinstance(class_, type)}
    reported = {class_ for class_ in classes if issubclass(class_, Failure) and class_.checks and class_ is not Failure}
    assert {class_.__name__ for class_ in reported - set(VALUES)} == REPLACED
    assert {name for class_ in reported if class_.__name__ in REPLACED for name in class_.checks} == set(OURS)
