"""Each feature of OpenAPI 3.1 and 3.2 is served, or refused at the start with its place."""

from typing import Any

import pytest
from connexion.spec import Specification
from documents import contract_of, document, text_event
from served import answering, openapi

from streamcontract import Contract, ContractError
from streamcontract.server.lowering import Lowered, lower

Tree = dict[str, Any]


def lowered(tree: Tree, *more: Tree) -> Lowered:
    """The lowered documents; connexion must take them."""
    made = lower([contract_of(tree), *(contract_of(other) for other in more)])
    Specification.load(made.document)
    return made


def with_parameter(**parameter: Any) -> Tree:
    made = {"name": "p", "in": "query", "schema": {"type": "string"}, **parameter}
    return openapi({"/a": {"get": answering(parameters=[made])}})


def with_body(content: Tree, **body: Any) -> Tree:
    return openapi({"/a": {"post": answering(requestBody={"content": content, **body})}})


JSON = "application/json"

SERVED: dict[str, Tree] = {
    "3.2 itemSchema and x-stream": document({"sequence": "tick*"}, {"tick": text_event("tick")}),
    "3.1 webhooks without paths of their own": openapi({"/a": {"get": answering()}}, webhooks={"w": {}}),
    "3.2 tag kinds": openapi(
        {"/a": {"get": answering()}}, tags=[{"name": "t", "kind": "nav", "parent": "u"}, {"name": "u"}]
    ),
    "3.2 $self": openapi({"/a": {"get": answering()}}, **{"$self": "https://example.com/a"}),
    "3.1 license identifier": {
        **openapi({"/a": {"get": answering()}}),
        "info": {"title": "t", "version": "1", "license": {"name": "x", "identifier": "MIT"}},
    },
    "3.1 jsonSchemaDialect": openapi(
        {"/a": {"get": answering()}}, jsonSchemaDialect="https://json-schema.org/draft/2020-12/schema"
    ),
    "3.1 path items in components": openapi(
        {"/a": {"$ref": "#/components/pathItems/A"}}, components={"pathItems": {"A": {"get": answering()}}}
    ),
    "3.1 type lists": with_parameter(schema={"type": ["integer", "null"]}),
    "3.1 const": with_parameter(schema={"const": 3}),
    "3.1 exclusiveMinimum as a number": with_parameter(schema={"type": "integer", "exclusiveMinimum": 3}),
    "3.1 $ref with siblings": openapi(
        {
            "/a": {
                "get": answering(
                    parameters=[
                        {"name": "p", "in": "query", "schema": {"$ref": "#/components/schemas/S", "maxLength": 3}}
                    ]
                )
            }
        },
        components={"schemas": {"S": {"type": "string"}}},
    ),
    "2020-12 prefixItems and if": with_body(
        {JSON: {"schema": {"prefixItems": [{"type": "string"}], "if": {}, "then": {}}}}
    ),
    "2020-12 boolean schema": with_body({JSON: {"schema": True}}),
    "recursive schema": openapi(
        {"/a": {"post": answering(requestBody={"content": {JSON: {"schema": {"$ref": "#/components/schemas/T"}}}})}},
        components={"schemas": {"T": {"type": "object", "properties": {"t": {"$ref": "#/components/schemas/T"}}}}},
    ),
    "3.2 streamed answer of another kind": openapi(
        {"/a": {"get": answering({"application/jsonl": {"itemSchema": {"type": "object"}}})}}
    ),
    "3.2 media types in components": openapi(
        {"/a": {"post": answering(requestBody={"content": {JSON: {"$ref": "#/components/mediaTypes/M"}}})}},
        components={"mediaTypes": {"M": {"schema": {"type": "object"}}}},
    ),
    "callbacks and links": openapi(
        {
            "/a": {
                "get": {
                    **answering(callbacks={"c": {"{$request.query.u}": {"post": answering(operationId="called")}}}),
                    "responses": {"200": {"description": "ok", "links": {"l": {"operationId": "answer"}}}},
                }
            }
        }
    ),
    "query array by commas": with_parameter(schema={"type": "array", "items": {"type": "integer"}}, explode=False),
    "deep object": with_parameter(schema={"type": "object"}, style="deepObject", explode=True),
    "json parameter": {
        **openapi(
            {
                "/a": {
                    "get": answering(
                        parameters=[{"name": "p", "in": "query", "content": {JSON: {"schema": {"type": "object"}}}}]
                    )
                }
            }
        )
    },
    "3.2 cookie style": with_parameter(**{"in": "cookie", "style": "cookie"}),
    "text body": with_body({"text/plain": {"schema": {"type": "string", "maxLength": 3}}}),
    "any bytes": with_body({"application/octet-stream": {}}),
    "json by suffix": with_body({"application/merge-patch+json": {"schema": {"type": "object"}}}),
    "security": openapi(
        {"/a": {"get": answering(security=[{"b": []}, {"k": [], "o": ["read"]}, {}])}},
        components={
            "securitySchemes": {
                "b": {"type": "http", "scheme": "Bearer", "bearerFormat": "JWT"},
                "k": {"type": "apiKey", "in": "header", "name": "X-Key"},
                "o": {
                    "type": "oauth2",
                    "oauth2MetadataUrl": "https://example.com/m",
                    "flows": {
                        "deviceAuthorization": {
                            "deviceAuthorizationUrl": "https://e.com",
                            "tokenUrl": "https://e.com",
                            "scopes": {},
                        }
                    },
                },
            }
        },
    ),
}


@pytest.mark.parametrize("name", SERVED)
def test_what_can_be_served_is_taken_by_connexion(name: str) -> None:
    assert lowered(SERVED[name]).operations


REFUSED: dict[str, tuple[Tree, str]] = {
    "3.2 QUERY method": (openapi({"/a": {"query": answering()}}), "the method QUERY cannot be served"),
    "3.2 additionalOperations": (
        openapi({"/a": {"get": answering(), "additionalOperations": {"COPY": answering(operationId="copy")}}}),
        "additionalOperations cannot be served",
    ),
    "3.2 querystring": (
        openapi({"/a": {"get": answering(parameters=[{"name": "p", "in": "querystring", "content": {JSON: {}}}])}}),
        "parameters in 'querystring' cannot be served",
    ),
    "3.2 body of items": (with_body({"application/jsonl": {"itemSchema": {}}}), "a sequence of items cannot be read"),
    "no operationId": (
        openapi({"/a": {"get": {"responses": {"200": {"description": "ok"}}}}}),
        "an operation without operationId has no handler",
    ),
    "form body": (with_body({"multipart/form-data": {"schema": {}}}), "bodies of multipart/form-data cannot be read"),
    "schema on bytes": (
        with_body({"application/pdf": {"schema": {"type": "string", "maxLength": 3}}}),
        "a schema cannot be asserted of application/pdf",
    ),
    "matrix style": (
        openapi(
            {
                "/{p}": {
                    "get": answering(
                        parameters=[{"name": "p", "in": "path", "required": True, "style": "matrix", "schema": {}}]
                    )
                }
            }
        ),
        "the style 'matrix' of p cannot be read",
    ),
    "object in the query": (with_parameter(schema={"type": "object"}), "p is an object"),
    "value or list": (
        with_parameter(schema={"type": ["integer", "array"], "items": {"type": "integer"}}),
        "p may be a single value and a structure",
    ),
    "xml parameter": (
        openapi(
            {"/a": {"get": answering(parameters=[{"name": "p", "in": "query", "content": {"application/xml": {}}}])}}
        ),
        "the parameter p is application/xml",
    ),
    "same name in Python": (
        openapi(
            {"/a": {"get": answering(parameters=[{"name": n, "in": "query", "schema": {}} for n in ("aB", "a-b")])}}
        ),
        "a-b and aB are both called a_b in Python",
    ),
    "path parameter that cannot be routed": (
        openapi(
            {"/{p.q}": {"get": answering(parameters=[{"name": "p.q", "in": "path", "required": True, "schema": {}}])}}
        ),
        "the path parameter 'p.q' cannot be routed",
    ),
    "mutual TLS": (
        openapi(
            {"/a": {"get": answering(security=[{"m": []}])}},
            components={"securitySchemes": {"m": {"type": "mutualTLS"}}},
        ),
        "the security scheme 'm' (mutualTLS) cannot be checked here",
    ),
    "digest": (
        openapi(
            {"/a": {"get": answering(security=[{"d": []}])}},
            components={"securitySchemes": {"d": {"type": "http", "scheme": "digest"}}},
        ),
        "the security scheme 'd' (digest) cannot be checked here",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_served_is_an_error_with_its_place(name: str) -> None:
    tree, message = REFUSED[name]
    with pytest.raises(ContractError, match=r"serve\.unsupported") as caught:
        lower([contract_of(tree)])
    problem = caught.value.problems[0]
    assert message in problem.message
    assert problem.location.line > 1
    assert problem.remedy


def test_all_that_cannot_be_served_is_told_at_once() -> None:
    tree = openapi({"/a": {"query": answering()}, "/b": {"get": {"responses": {"200": {"description": "ok"}}}}})
    with pytest.raises(ContractError) as caught:
        lower([contract_of(tree)])
    assert len(caught.value.problems) == 2


def test_paths_begin_with_the_path_of_their_server() -> None:
    tree = openapi(
        {
            "/own": {"get": answering(operationId="own", servers=[{"url": "https://example.com/op/"}])},
            "/item": {"get": answering(operationId="item"), "servers": [{"url": "/item"}]},
            "/root": {"get": answering(operationId="root")},
        },
        servers=[{"url": "https://{host}/{v}", "variables": {"host": {"default": "h"}, "v": {"default": "v2"}}}],
    )
    assert [operation.path for operation in lowered(tree).operations] == ["/op/own", "/item/item", "/v2/root"]


def test_concrete_paths_come_before_templated_ones() -> None:
    parameter = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    tree = openapi(
        {
            "/users/{id}": {"get": answering(operationId="one", parameters=[parameter])},
            "/users/me": {"get": answering(operationId="me")},
        }
    )
    assert list(lowered(tree).document["paths"]) == ["/users/me", "/users/{id}"]


def test_several_contracts_become_one_document() -> None:
    made = lowered(
        openapi({"/a": {"get": answering()}}),
        openapi({"/a": {"post": answering()}, "/b": {"get": answering(operationId="b")}}),
    )
    assert {(path, *methods) for path, methods in made.document["paths"].items()} == {
        ("/a", "get", "post"),
        ("/b", "get"),
    }
    assert [operation.number for operation in made.operations] == [0, 1, 1]


def test_two_contracts_cannot_answer_the_same_request() -> None:
    def one(name: str) -> Contract:
        parameter = {"name": name, "in": "path", "required": True, "schema": {}}
        return contract_of(openapi({f"/a/{{{name}}}": {"get": answering(parameters=[parameter])}}))

    with pytest.raises(ContractError, match="is served already"):
        lower([one("x"), one("y")])


def test_functions_named_by_a_contract_are_not_passed_on() -> None:
    schemes = {"b": {"type": "http", "scheme": "bearer", "x-bearerInfoFunc": "os.system"}}
    tree = openapi({"/a": {"get": answering(security=[{"b": []}])}}, components={"securitySchemes": schemes})
    assert "os.system" not in str(lowered(tree).document)


def test_an_operation_redefines_the_parameters_of_its_path() -> None:
    on_path = {"name": "p", "in": "query", "schema": {"type": "string"}}
    own = {"name": "p", "in": "query", "required": True, "schema": {"type": "integer"}}
    tree = openapi({"/a": {"get": answering(parameters=[own]), "parameters": [on_path]}})
    (operation,) = lowered(tree).operations
    assert [(p.name, p.required, p.shape.types) for p in operation.parameters] == [("p", True, ("integer",))]
