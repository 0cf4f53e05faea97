"""References are settled: inside the document, in neighbouring files, and in remote ones when that is allowed."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from reading import HEAD, read, refused, write

from streamcontract.contract.document import read_document
from streamcontract.contract.files import MAX_BYTES

# References.


def test_references_inside_the_document(folder: Path) -> None:
    document = read(
        f"""{HEAD}
components:
  schemas:
    a/b~c d: {{type: string, $anchor: text}}
    Alias: {{$ref: '#/components/schemas/a~1b~0c%20d'}}
    Chain: {{$ref: '#/components/schemas/Alias'}}
    ByAnchor: {{$ref: '#text'}}
    Named: {{$id: 'https://example.com/named', type: integer}}
    ById: {{$ref: 'https://example.com/named'}}
    Recursive: {{properties: {{child: {{$ref: '#/components/schemas/Recursive'}}}}}}
    List: [{{$ref: '#/components/schemas/List/1'}}, {{type: boolean}}]
"""
    )
    schemas = ("components", "schemas")
    assert document.resolve((*schemas, "Chain")) == ((*schemas, "a/b~c d"), {"type": "string", "$anchor": "text"})
    assert document.resolve((*schemas, "ByAnchor"))[0] == (*schemas, "a/b~c d")
    assert document.resolve((*schemas, "ById")) == ((*schemas, "Named"), {"type": "integer"})
    assert document.resolve((*schemas, "Recursive", "properties", "child"))[0] == (*schemas, "Recursive")
    assert document.resolve((*schemas, "List", 0)) == ((*schemas, "List", 1), {"type": "boolean"})
    assert document.locate((*schemas, "Chain", "type")).line == 5


def test_what_looks_like_a_reference_and_is_data(folder: Path) -> None:
    text = f"""{HEAD}
content: {{a: {{example: {{$ref: nowhere}}, examples: {{x: {{value: {{$ref: nowhere}}}}}}}}}}
components:
  schemas:
    A:
      default: {{$ref: nowhere}}
      const: {{$ref: nowhere}}
      enum: [{{$ref: nowhere}}]
      examples: [{{$ref: nowhere}}]
      properties: {{$ref: {{type: string}}, default: {{$ref: '#/components/schemas/A'}}}}
"""
    assert read(text).tree["components"]["schemas"]["A"]["default"] == {"$ref": "nowhere"}


@pytest.mark.parametrize(
    "text",
    [
        "responses: {default: {$ref: nowhere.yaml}}",
        "properties: {enum: {$ref: nowhere.yaml}}",
        "components: {schemas: {const: {$ref: nowhere.yaml}}}",
        "components: {examples: {value: {$ref: nowhere.yaml}}}",
    ],
)
def test_a_name_that_looks_like_a_keyword_is_a_name(folder: Path, text: str) -> None:
    assert refused(f"{HEAD}{text}\n").id == "file.missing"


def test_neighbouring_files_are_brought_in(folder: Path) -> None:
    write(
        "api/schemas/event.yaml",
        "Meta: {properties: {d: {$ref: '#/default'}, e: {$ref: '../api.yaml#/components/schemas/E'}}}\n"
        "default: {$ref: more/text.json}\n",
    )
    write("api/schemas/more/text.json", '{"type":\n "string"}')
    text = f"{HEAD}components:\n  schemas:\n    M: {{$ref: 'schemas/event.yaml#/Meta'}}\n    E: {{type: number}}\n"
    document = read(text, path="api/api.yaml")
    where, meta = document.resolve(("components", "schemas", "M"))
    assert where == ("x-external", "schemas/event.yaml", "Meta")
    assert document.resolve((*where, "properties", "d"))[1] == {"type": "string"}
    assert document.resolve((*where, "properties", "e"))[0] == ("components", "schemas", "E")
    assert meta["properties"]["e"] == {"$ref": "#/components/schemas/E"}
    assert str(document.locate((*where, "properties"))) == "api/schemas/event.yaml:1:8"
    assert str(document.locate((*where, "properties", "d", "type"))) == "api/schemas/more/text.json:1:2"


def test_a_mistake_in_a_neighbouring_file_is_told_there_once(folder: Path) -> None:
    write("other.yaml", "A: {b: 1, b: 2}\nC: {$ref: '#/nowhere'}\n")
    write("contract.yaml", f"{HEAD}a: {{$ref: 'other.yaml#/A'}}\nb: {{$ref: 'other.yaml#/A'}}\n")
    document, problems = read_document("contract.yaml")
    assert document is not None
    assert [(problem.id, str(problem.location)) for problem in problems] == [
        ("yaml.duplicate-key", "other.yaml:1:11"),
        ("ref.unresolvable", "other.yaml:2:5"),
    ]


@pytest.mark.parametrize(
    ("reference", "id_", "remedy"),
    [
        ("'#/components/schemas/Dela'", "ref.unresolvable", "did you mean 'Delta'?"),
        ("'#/components/schemes/Delta'", "ref.unresolvable", "did you mean 'schemas'?"),
        ("'#/components/schemas/Delta/oneOf/7'", "ref.unresolvable", "correct"),
        ("'#dela'", "ref.unresolvable", "did you mean 'delta'?"),
        ("''", "ref.cyclic", "describe something itself"),
        ("4", "ref.not-text", "#/components/schemas/NAME"),
        ("[a]", "ref.not-text", "#/components/schemas/NAME"),
        ("missing.yaml", "file.missing", "path"),
        ("directory", "file.unreadable", "file in it"),
        ("empty.yaml", "ref.unresolvable", "content"),
        ("../outside.yaml", "ref.outside", "beside"),
        ("/etc/passwd", "ref.outside", "beside"),
        ("link.yaml", "ref.outside", "beside"),
        ("'%2e%2e/outside.yaml'", "ref.outside", "beside"),
        ("file:///etc/passwd", "ref.unresolvable", "by its path"),
        ("urn:x", "ref.unresolvable", "by its path"),
        ("'http://[/'", "ref.unresolvable", "correct"),
        ("http://127.0.0.1:9/x.yaml", "ref.remote", "--allow-remote"),
        ("//127.0.0.1/x.yaml", "ref.outside", "beside"),
        ("'%00'", "ref.unresolvable", "correct"),
        ("pipe", "file.unreadable", "permissions"),
    ],
)
def test_a_reference_that_leads_nowhere(folder: Path, reference: str, id_: str, remedy: str) -> None:
    write("outside.yaml", "{}")
    os.chdir("..")
    base = folder.name
    write(f"{base}/api/directory/x.yaml", "{}")
    write(f"{base}/api/empty.yaml", "# nothing\n")
    Path(f"{base}/api/link.yaml").symlink_to("../outside.yaml")
    os.mkfifo(f"{base}/api/pipe")
    os.chdir(f"{base}/api")
    schemas = f"    Delta: {{$anchor: delta, oneOf: [{{}}]}}\n    A:\n      $ref: {reference}\n"
    text = f"{HEAD}components:\n  schemas:\n{schemas}"
    if id_ == "ref.cyclic":
        text = f"{HEAD}$ref: ''\n"
    problem = refused(text)
    assert (problem.id, problem.location.line) == (id_, 2 if id_ == "ref.cyclic" else 6)
    assert remedy in problem.remedy


def test_references_that_go_round_in_a_circle(folder: Path) -> None:
    text = f"""{HEAD}
a: {{$ref: '#/b'}}
b: {{$ref: '#/c'}}
c: {{$ref: '#/b'}}
d: {{$ref: '#/d'}}
e: {{$ref: '#/a'}}
"""
    write("contract.yaml", text)
    document, problems = read_document("contract.yaml")
    assert [(problem.id, problem.location.line) for problem in problems] == [("ref.cyclic", 4), ("ref.cyclic", 6)]
    assert "#/c → #/b → #/c" in problems[0].message
    assert document is not None
    assert document.broken == {("b",), ("c",), ("d",)}
    assert document.resolve(("e",)) == (("b",), {})


def test_too_many_files(folder: Path) -> None:
    for number in range(200):
        write(f"{number}.yaml", f"{{$ref: {number + 1}.yaml}}")
    write("200.yaml", "{}")
    problem = refused(f"{HEAD}a: {{$ref: 0.yaml}}\n")
    assert problem.id == "ref.too-many-files"


# Remote documents.


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[str]:
    """A web server with these files; the URL of its root."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = files.get(self.path)
            self.send_response(200 if body is not None else 404)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_remote_documents_are_fetched_when_that_is_allowed(folder: Path) -> None:
    with serving({"/a/one.yaml": b"A: {$ref: 'two.yaml'}\n", "/a/two.yaml": b"type: string\n"}) as url:
        document = read(f"{HEAD}x: {{$ref: '{url}/a/one.yaml#/A'}}\n", allow_remote=True)
    where, value = document.resolve(("x",))
    assert value == {"type": "string"}
    assert str(document.locate(where)) == f"{url}/a/two.yaml:1:1"


@pytest.mark.parametrize(
    ("path", "id_"),
    [("/missing.yaml", "file.unreadable"), ("/large.yaml", "file.too-large"), ("/binary.yaml", "file.not-utf8"),
     ("/local.yaml", "ref.unresolvable")],
)  # fmt: skip
def test_remote_documents_that_cannot_be_had(folder: Path, path: str, id_: str) -> None:
    files = {
        "/large.yaml": b"x" * (MAX_BYTES + 1),
        "/binary.yaml": b"\xff",
        "/local.yaml": b"{$ref: 'file:///etc/passwd'}",
    }
    with serving(files) as url:
        write("contract.yaml", f"{HEAD}x: {{$ref: '{url}{path}'}}\n")
        _, problems = read_document("contract.yaml", allow_remote=True)
    assert [problem.id for problem in problems] == [id_]


def test_nobody_answers(folder: Path) -> None:
    with serving({}) as url:
        pass
    write("contract.yaml", f"{HEAD}x: {{$ref: '{url}/x.yaml'}}\n")
    _, problems = read_document("contract.yaml", allow_remote=True)
    assert [problem.id for problem in problems] == ["file.unreadable"]
