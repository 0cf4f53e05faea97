"""What is an OpenAPI document, and where in it everything stands."""

from pathlib import Path

import pytest
from reading import HEAD, read, refused

from streamcontract.contract.document import read_document


@pytest.mark.parametrize(
    ("text", "id_", "line"),
    [
        ("", "document.empty", 0),
        ("# nothing\n", "document.empty", 0),
        ("null\n", "document.empty", 1),
        ("- a\n", "document.not-openapi", 1),
        ("a\n", "document.not-openapi", 1),
        ("a: 1\n", "openapi.version", 1),
        ("swagger: '2.0'\n", "openapi.version", 1),
        ("x: 1\nopenapi: 4.0.0\n", "openapi.version", 2),
        ("openapi: 3.2\n", "openapi.version", 1),
        ("openapi: '3.3.0'\n", "openapi.version", 1),
        ("openapi: [3]\n", "openapi.version", 1),
        (b"openapi: 3.2.0\nx: '\xe4'\n", "file.not-utf8", 2),
        ("a: b\n".encode("utf-16"), "file.not-utf8", 1),
    ],
)
def test_what_is_no_openapi_document(folder: Path, text: str | bytes, id_: str, line: int) -> None:
    problem = refused(text)
    assert (problem.id, problem.location.line) == (id_, line)
    assert problem.remedy


@pytest.mark.parametrize(("text", "version"), [("3.0.4", (3, 0)), ("3.1.1", (3, 1)), ("3.2.0", (3, 2))])
def test_three_versions_are_read(folder: Path, text: str, version: tuple[int, int]) -> None:
    assert read(f"openapi: {text}\n").version == version


@pytest.mark.parametrize(
    ("path", "id_"),
    [
        ("missing.yaml", "file.missing"),
        (".", "file.unreadable"),
        ("a\0b", "file.unreadable"),
        ("x" * 5000, "file.unreadable"),
    ],
)
def test_a_file_that_cannot_be_read(folder: Path, path: str, id_: str) -> None:
    document, problems = read_document(path)
    assert document is None
    assert [problem.id for problem in problems] == [id_]


def test_a_reserved_key(folder: Path) -> None:
    problem = refused(f"{HEAD}x-external: {{}}\n")
    assert (problem.id, problem.location.line) == ("document.reserved-key", 2)


# Places.


def test_every_node_has_a_place(folder: Path) -> None:
    document = read(f"{HEAD}paths:\n  /a~b:\n    - x\n    - y: 1\n")
    places = {
        (): (1, 1),
        ("openapi",): (1, 1),
        ("paths", "/a~b"): (3, 3),
        ("paths", "/a~b", 0): (4, 7),
        ("paths", "/a~b", 1): (5, 7),
        ("paths", "/a~b", "1"): (5, 7),
        ("paths", "/a~b", 1, "y"): (5, 7),
        ("paths", "/a~b", 1, "nothing", "there"): (5, 7),
    }
    for pointer, place in places.items():
        location = document.locate(pointer)
        assert (location.line, location.column) == place, pointer
