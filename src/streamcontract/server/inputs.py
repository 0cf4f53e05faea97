"""What an operation takes in, read from the original contract: parameters and the request's body."""

from collections.abc import Iterator, Mapping
from typing import Any

from streamcontract.contract.alternatives import conjuncts
from streamcontract.contract.document import Document
from streamcontract.contract.model import Operation
from streamcontract.contract.problems import Pointer
from streamcontract.contract.report import Report
from streamcontract.contract.schemas import SchemaError, Schemas, Validator
from streamcontract.server.bodies import Body, Content, is_json
from streamcontract.server.parameters import MISSING, SCALARS, Parameter, Shape, python_name, shape_of

__all__ = ["InputReader"]

IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})
"""https://spec.openapis.org/oas/v3.2.0#parameter-object: their definitions shall be ignored"""
STYLES: Mapping[str, tuple[str, ...]] = {
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "path": ("simple",),
    "header": ("simple",),
    "cookie": ("form", "cookie"),
}
"""The styles that are read, the default first."""
FORMS = ("application/x-www-form-urlencoded", "multipart/")


class InputReader:
    """Reads the inputs of one contract's operations; what cannot be served goes to the report."""

    def __init__(self, document: Document, schemas: Schemas, report: Report) -> None:
        self.document, self.schemas, self.report = document, schemas, report

    def parameters(self, operation: Operation) -> Iterator[Parameter]:
        """The parameters of an operation, and those of its path that it does not redefine."""
        found: dict[tuple[str, str], Pointer] = {}
        for owner in (operation.pointer[:-1], operation.pointer):
            listed = self.document.get(owner).get("parameters")
            for index in range(len(listed) if isinstance(listed, list) else 0):
                at, node = self.document.resolve((*owner, "parameters", index))
                found[str(node.get("in")), str(node.get("name"))] = at
        names: dict[str, str] = {}
        for (location, name), at in found.items():
            if location == "header" and name.lower() in IGNORED_HEADERS:
                continue
            parameter = self._parameter(at, location, name)
            if parameter is None:
                continue
            if parameter.argument in names:
                message = f"{name} and {names[parameter.argument]} are both called {parameter.argument} in Python"
                self._error(at, message, "rename one of them")
            names[parameter.argument] = name
            yield parameter

    def body(self, operation: Operation) -> Body | None:
        """The request body of an operation, if it takes one."""
        if "requestBody" not in operation.definition:
            return None
        at, node = self.document.resolve((*operation.pointer, "requestBody"))
        contents: dict[str, Content] = {}
        for media_type in node.get("content", {}):
            content = self._content((*at, "content", media_type), str(media_type).lower())
            if content is not None:
                contents[content.media_type] = content
        if not contents:
            return None
        first = (*at, "content", next(iter(node["content"])), "schema")
        default = self._default(first) if self._stands(first) else MISSING
        argument = python_name(str(node.get("x-body-name", "body")))
        return Body(argument, node.get("required") is True, contents, default)

    def _parameter(self, at: Pointer, location: str, name: str) -> Parameter | None:
        node = self.document.get(at)
        if location not in STYLES:
            self._error(at, f"parameters in {location!r} cannot be served", f"use one of {', '.join(STYLES)}")
            return None
        if "content" in node:
            return self._json_parameter(at, location, name)
        schema = (*at, "schema")
        shape = shape_of(self.document, schema) if self._stands(schema) else Shape()
        style = str(node.get("style", STYLES[location][0]))
        if not self._readable(at, name, location, style, shape):
            return None
        return Parameter(
            name=name,
            argument=python_name(name),
            location=location,
            required=node.get("required") is True,
            shape=shape,
            validator=self._validator(schema),
            default=self._default(schema) if self._stands(schema) else MISSING,
            style=style,
            explode=node.get("explode", style == "form") is True,
        )

    def _json_parameter(self, at: Pointer, location: str, name: str) -> Parameter | None:
        node = self.document.get(at)
        media_type = str(next(iter(node["content"]), ""))
        if not is_json(media_type.lower()):
            message = f"the parameter {name} is {media_type or 'of no media type'}, which cannot be read"
            self._error(at, message, "give it a schema, or application/json")
            return None
        schema = (*at, "content", media_type, "schema")
        validator = self._validator(schema)
        required = node.get("required") is True
        return Parameter(name, python_name(name), location, required, Shape(), validator, is_json=True, style="form")

    def _readable(self, at: Pointer, name: str, location: str, style: str, shape: Shape) -> bool:
        if style not in STYLES[location]:
            known = ", ".join(STYLES[location])
            self._error(at, f"the style {style!r} of {name} cannot be read", f"{location} parameters have {known}")
        elif "object" in shape.types and style != "deepObject":
            remedy = "use style: deepObject in the query, or content: {application/json: …}"
            self._error(at, f"{name} is an object, which style {style!r} cannot be read back to", remedy)
        elif {"array", "object"} & set(shape.types) and set(SCALARS) & set(shape.types):
            remedy = "settle for one: an array of one item serves for both"
            self._error(at, f"{name} may be a single value and a structure, which cannot be told apart", remedy)
        else:
            return True
        return False

    def _content(self, at: Pointer, media_type: str) -> Content | None:
        _, node = self.document.resolve(at)
        at = self.document.resolve(at)[0]
        if media_type.startswith(FORMS):
            self._error(at, f"bodies of {media_type} cannot be read", "take application/json, or the bytes as they are")
        elif "itemSchema" in node:
            self._error(at, "a body that is a sequence of items cannot be read", "take an array of them")
        elif not is_json(media_type) and not media_type.startswith("text/") and node.get("schema") not in (None, {}):
            remedy = "leave the schema out: the bytes are handed over as they are"
            self._error(at, f"a schema cannot be asserted of {media_type}", remedy)
        else:
            return Content(media_type, self._validator((*at, "schema")))
        return None

    def _validator(self, at: Pointer) -> Validator | None:
        if not self._stands(at):
            return None
        try:
            return self.schemas.at(at)
        except SchemaError as error:
            self._error(at, f"the schema cannot be used: {error}", "mend the schema")
            return None

    def _default(self, at: Pointer) -> Any:
        return next((node["default"] for _, node in conjuncts(self.document, at) if "default" in node), MISSING)

    def _stands(self, at: Pointer) -> bool:
        try:
            self.document.get(at)
        except KeyError:
            return False
        return True

    def _error(self, at: Pointer, message: str, remedy: str) -> None:
        self.report.error("serve.unsupported", at, message, remedy)
