"""A contract document as it was read: one tree, in which every reference is internal, and the place of every node."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamcontract.contract.files import read_text
from streamcontract.contract.problems import Location, Pointer, Problem
from streamcontract.contract.references import EXTERNAL, bundle
from streamcontract.contract.tree import get, pointer_of, step
from streamcontract.contract.yaml_reader import Place, Source, read_yaml

__all__ = ["Document", "read_document"]

_VERSION = re.compile(r"3\.([012])(\.\d+(-\S+)?)?")


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A contract document.

    `tree` holds the parsed YAML 1.2 or JSON, with the trees of other files under `x-external`; every `$ref` in it is of
    the form `#/…` and leads somewhere. `broken` are the pointers of the nodes that lost a `$ref` that did not.
    """

    path: str
    tree: dict[str, Any]
    place: Place
    broken: frozenset[Pointer] = frozenset()

    @property
    def version(self) -> tuple[int, int]:
        """The OpenAPI version without its patch number: (3, 0), (3, 1) or (3, 2)."""
        match = _VERSION.match(str(self.tree.get("openapi")))
        return (3, int(match[1])) if match else (3, 2)

    def get(self, pointer: Pointer) -> Any:
        """What stands at a pointer. Raises KeyError when nothing does."""
        return get(self.tree, pointer)

    def resolve(self, pointer: Pointer) -> tuple[Pointer, Any]:
        """What stands at a pointer once the `$ref` there, and those that it leads to, are followed; and where that is.

        Keys beside a `$ref` are left to the caller. Raises KeyError when nothing stands at the pointer.
        """
        value = self.get(pointer)
        while isinstance(value, dict) and isinstance(reference := value.get("$ref"), str):
            pointer = self.target(reference)
            value = self.get(pointer)
        return pointer, value

    def target(self, reference: str) -> Pointer:
        """Where one of the document's references leads."""
        return pointer_of(reference.removeprefix("#"), self.tree)

    def locate(self, pointer: Pointer) -> Location:
        """Where a node stands: at its key in a mapping, at the item in a list.

        References on the way are followed; what has no place of its own has its parent's.
        """
        here: Pointer = ()
        for token in pointer:
            try:
                here = self._down(here, token)
            except KeyError:
                break
        return self.place.below(here).location

    def _down(self, pointer: Pointer, token: str | int) -> Pointer:
        """One step further, through a reference where the step is not beside it."""
        value = self.get(pointer)
        if isinstance(value, dict) and token not in value and "$ref" in value:
            pointer, value = self.resolve(pointer)
        step(value, token)
        return (*pointer, int(token) if isinstance(value, list) else token)


def read_document(source: str | Path, *, allow_remote: bool = False) -> tuple[Document | None, list[Problem]]:
    """Read a contract document and the files that it refers to.

    Returns the document, or None when there is nothing to go on with, and all problems met. The document is usable
    for further checks when there are problems.
    """
    problems: list[Problem] = []
    path, shown = Path(source), str(source)
    text = read_text(path, shown, Location(shown), problems)
    root = read_yaml(text, shown, problems) if text is not None else None
    if root is None:
        if not problems:
            problems.append(_empty(Location(shown)))
        return None, problems
    if not _is_openapi(root, problems):
        return None, problems
    broken = bundle(path, root, problems, allow_remote=allow_remote)
    return Document(shown, root.root, root.place, broken), problems


def _empty(at: Location) -> Problem:
    return Problem("document.empty", at, "the document is empty", "start it with openapi: 3.2.0")


def _is_openapi(root: Source, problems: list[Problem]) -> bool:
    """Whether this is a document of a version that can be read, or one that was meant to be."""
    at = root.place.location
    if root.root is None:
        problems.append(_empty(at))
        return False
    if not isinstance(root.root, dict):
        message = f"the document is a {'list' if isinstance(root.root, list) else 'single value'}, not a mapping"
        problems.append(Problem("document.not-openapi", at, message, "start it with openapi: 3.2.0"))
        return False
    if EXTERNAL in root.root:
        at = root.place.children[EXTERNAL].location
        problems.append(Problem("document.reserved-key", at, f"{EXTERNAL} is used for bundling", "choose another name"))
        del root.root[EXTERNAL], root.place.children[EXTERNAL]
    return _is_known_version(root, problems)


def _is_known_version(root: Source, problems: list[Problem]) -> bool:
    if "openapi" not in root.root:
        swagger = "swagger" in root.root
        message = "this is Swagger 2.0, not OpenAPI 3" if swagger else "no 'openapi' key: this is no OpenAPI document"
        remedy = "convert it to OpenAPI 3.2" if swagger else "add a first line: openapi: 3.2.0"
        problems.append(Problem("openapi.version", root.place.location, message, remedy))
        return False
    version = root.root["openapi"]
    match = _VERSION.fullmatch(str(version))
    if isinstance(version, str) and match and match[2]:
        return True
    at = root.place.children["openapi"].location
    remedy = f"write openapi: 3.{match[1] if match else 2}.0"
    message = "a version is written with three numbers" if match else "only OpenAPI 3.0, 3.1 and 3.2 are read"
    problems.append(Problem("openapi.version", at, f"openapi: {str(version)[:40]!r}; {message}", remedy))
    return match is not None
