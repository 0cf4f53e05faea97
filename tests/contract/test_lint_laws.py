"""Whatever a document holds, lint gives problems, in bounded time, and never an exception."""

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from contract.broken import RIGHT
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reading import write

from streamcontract.contract.lint import lint
from streamcontract.contract.problems import Problem, Severity

LINES = RIGHT.splitlines(keepends=True)
TREE = yaml.safe_load(RIGHT)

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
names = st.sampled_from(
    ["$ref", "$id", "type", "properties", "oneOf", "paths", "/a", "get", "x-stream", "sequence", "where", "rules", "at",
     "schema", "content", "default", "examples", "example", "parameters", "in", "path", "name", "200", "{x}"]
)  # fmt: skip
values = st.sampled_from(
    ["#", "#/paths", "#/components/schemas/Meta", "a.yaml", "string", "path", "meta (", "a{9999}", "data.", "^("]
)
trees = st.recursive(
    scalars | values | names,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def linted(text: str) -> list[Problem]:
    """The problems of a document: each is complete, they are in order, and errors and a contract exclude each other."""
    write("contract.yaml", text.encode(errors="surrogatepass"))
    contract, problems = lint("contract.yaml")
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    assert (contract is None) == bool(errors)
    assert [problem.location for problem in problems] == sorted(problem.location for problem in problems)
    assert len(set(problems)) == len(problems)
    for problem in problems:
        assert problem.id
        assert problem.message
        assert problem.remedy
        assert (problem.message + problem.remedy).isprintable(), problem
        assert len(problem.message) < 2000, problem
    return problems


@pytest.fixture(scope="module", autouse=True)
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("laws"))
        yield


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(LINES) - 1),
            st.sampled_from(["delete", "repeat", "indent", "outdent", "replace"]),
            st.integers(0, len(LINES) - 1),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_lines_deleted_moved_and_repeated(changes: list[tuple[int, str, int]]) -> None:
    lines = list(LINES)
    for at, change, other in changes:
        lines[at] = {
            "delete": "",
            "repeat": lines[at] * 2,
            "indent": "  " + lines[at],
            "outdent": lines[at].removeprefix("  "),
            "replace": LINES[other],
        }[change]
    linted("".join(lines))


@settings(max_examples=150)
@given(
    st.integers(0, len(RIGHT)),
    st.integers(0, 12),
    st.text(max_size=6) | st.sampled_from(list("{}[]:#&*!|>'\"%@`,?-\t\n")),
)
def test_characters_replaced(at: int, length: int, text: str) -> None:
    linted(RIGHT[:at] + text + RIGHT[at + length :])


def pointers(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [at, *(pointer for key, value in items for pointer in pointers(value, (*at, key)))]


def grafted(node: Any, pointer: tuple[Any, ...], value: Any) -> Any:
    if not pointer:
        return value
    key, *rest = pointer
    if isinstance(node, dict):
        return {**node, key: grafted(node[key], tuple(rest), value)}
    return [*node[:key], grafted(node[key], tuple(rest), value), *node[key + 1 :]]


@settings(max_examples=200)
@given(st.sampled_from(pointers(TREE)), trees)
@example(("components", "schemas", "Meta"), {"$ref": "#/components/schemas/Meta/properties"})
@example(("paths", "/chats/{chatId}"), {"$ref": "#"})
@example(("components", "schemas", "Meta"), {"allOf": [{"$ref": "#/components/schemas/Meta"}]})
@example(
    ("components", "schemas", "Meta"),
    {"oneOf": [{"$ref": "#/components/schemas/Meta"}, {"$ref": "#/components/schemas/Done"}]},
)
@example(
    ("components", "schemas", "Delta", "properties", "data", "contentSchema"), {"$ref": "#/components/schemas/Delta"}
)
@example(("components", "schemas", "Meta", "properties", "data"), {"$dynamicRef": "http://127.0.0.1:9/x"})
@example(("components", "schemas", "Meta", "properties", "data"), {"$schema": "http://127.0.0.1:9/x"})
@example(("components", "schemas", "Meta", "properties", "event"), {"pattern": "(a+)+$", "default": "a" * 40 + "b"})
@example(("components", "schemas", "Meta", "properties", "data"), {"type": "integer", "default": 10**400})
def test_any_tree_in_any_place(pointer: tuple[Any, ...], value: Any) -> None:
    linted(yaml.safe_dump(grafted(TREE, pointer, value), allow_unicode=True))


@settings(max_examples=200)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes(content: bytes) -> None:
    write("contract.yaml", content)
    contract, problems = lint("contract.yaml")
    assert contract is None
    assert problems


NESTED = 40


def tower(keyword: str, name: str) -> str:
    """A schema that has two of the next, which has two of the next: short to write, and endless when it is unfolded."""
    next_floor = "{{$ref: '#/components/schemas/T{0}'}}"
    floors = [f"T{n}: {{{keyword}: [{next_floor.format(n + 1)}, {next_floor.format(n + 1)}]}}" for n in range(40)]
    floors[0] = floors[0].replace("T0", name)
    return "".join(f"    {floor}\n" for floor in [*floors, "T40: {properties: {event: {const: meta}}}"])


META = "    Meta:\n"
FIRST = "                  - $ref: '#/components/schemas/Meta'\n"
TIMING = "                timing:"
HOSTILE = {
    "deep schema": ("{const: meta}", "{not: " * NESTED + "{const: meta}" + "}" * NESTED),
    "wide oneOf": (META, "    W: {oneOf: [" + "{type: string}, " * 20_000 + "]}\n" + META),
    "many schemas": (META, "".join(f"    S{n}: {{type: strng}}\n" for n in range(3_000)) + META),
    "many references": (
        META,
        "".join(f"    S{n}: {{$ref: '#/components/schemas/S{n + 1}'}}\n" for n in range(3_000))
        + f"    S3000: {{}}\n{META}",
    ),
    "many defaults": (
        META,
        "".join(f"    S{n}: {{default: 1, items: {{$ref: '#/components/schemas/S{n + 1}'}}}}\n" for n in range(3_000))
        + "    S3000: {}\n"
        + META,
    ),
    "many keys": ("retry: 3000", "\n                ".join(f"k{n}: 1" for n in range(3_000))),
    "many rules": (
        TIMING,
        "".join(f"                  - {{id: r{n}, at: done, assert: data.text ==}}\n" for n in range(3_000)) + TIMING,
    ),
    "many events": (
        FIRST,
        FIRST + "".join(f"                  - {{properties: {{event: {{const: e{n}}}}}}}\n" for n in range(1_000)),
    ),
    "very many events": (
        FIRST,
        FIRST + "".join(f"                  - {{properties: {{event: {{const: e{n}}}}}}}\n" for n in range(30_000)),
    ),
    "a tower of allOf": (META, tower("allOf", "Meta") + "    Old:\n"),
    "a tower of oneOf": (META, tower("oneOf", "Meta") + "    Old:\n"),
    "a tower with a default": (
        META,
        tower("anyOf", "T0") + "    Tower: {default: {event: x}, $ref: '#/components/schemas/T0'}\n" + META,
    ),
    "long sequence": ("meta piece* done", "meta piece* done " + "( meta | done )* " * 3_000),
    "long name": ("operationId: getChat\n", f"operationId: {'x' * 100_000}\n"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_large_documents_take_bounded_time(name: str) -> None:
    began = time.process_time()
    linted(RIGHT.replace(*HOSTILE[name]))
    assert time.process_time() - began < 10


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
def test_a_schema_that_never_ends_is_refused(keyword: str) -> None:
    """Held to it, one value would take 2 to the power of 40 steps."""
    text = RIGHT.replace(META, tower(keyword, "T0") + META)
    problems = [problem for problem in linted(text) if problem.severity is Severity.ERROR]
    assert [problem.id for problem in problems] == ["schema.too-large"]


def test_the_deepest_document_that_can_be_read(tmp_path: Path) -> None:
    for key in ("not", "properties", "items", "allOf"):
        inner, depth = "{}", 1
        while depth < 90:
            inner, depth = {
                "not": (f"{{not: {inner}}}", depth + 1),
                "items": (f"{{items: {inner}}}", depth + 1),
                "properties": (f"{{properties: {{a: {inner}}}}}", depth + 2),
                "allOf": (f"{{allOf: [{inner}]}}", depth + 2),
            }[key]
        ids = {problem.id for problem in linted(RIGHT.replace("    Meta:\n", f"    Deep: {inner}\n    Meta:\n"))}
        assert ids == set(), key
