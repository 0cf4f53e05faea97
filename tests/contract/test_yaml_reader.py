"""Text is read by YAML 1.2, within bounds; what is wrong has a place and a remedy."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from reading import HEAD, read, refused

from streamcontract.contract.document import read_document
from streamcontract.contract.files import MAX_BYTES
from streamcontract.contract.yaml_reader import MAX_DEPTH

# What the text means.


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((word, word) for word in ("on", "off", "yes", "no", "y", "On", "nO", "tRUE", "=")),
        *((word, word) for word in ("2026-01-01", "1:30", "0b1", "1_000")),
        *((word, True) for word in ("true", "True", "TRUE")),
        *((word, None) for word in ("null", "~", "", "NULL", "Null")),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("+1", 1),
        ("-0", 0),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("1.5E-3", 0.0015),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 1", "1"),
        ("! 1", "1"),
        ("!!int '1'", 1),
        ("123456789012345678901234567890", 123456789012345678901234567890),
    ],
)  # fmt: skip
def test_scalars_mean_what_yaml_1_2_says(folder: Path, text: str, value: Any) -> None:
    got = read(f"{HEAD}x: {text}\n").tree["x"]
    assert (type(got), got) == (type(value), value)


def test_json_is_read_by_the_same_rules(folder: Path) -> None:
    text = '{\n\t"openapi": "3.2.0",\n\t"a": ["\\ud83d\\ude00", "\\\\ud83d", "a\\/b", 1e2, true, null]\n}'
    document = read(text, path="contract.json")
    assert document.tree["a"] == ["😀", "\\ud83d", "a/b", 100.0, True, None]
    assert document.locate(("a", 0)).line == 3


def test_a_byte_order_mark_is_left_out(folder: Path) -> None:
    assert read("\ufeff" + HEAD).tree == {"openapi": "3.2.0"}


def test_status_codes_need_no_quotes(folder: Path) -> None:
    tree = read(f"{HEAD}responses: {{200: a, '404': b, default: c}}\n").tree
    assert tree["responses"] == {"200": "a", "404": "b", "default": "c"}


def test_aliases_repeat_a_node(folder: Path) -> None:
    document = read(f"{HEAD}a: &one\n  b: 1\nc: *one\n")
    assert document.tree["c"] == {"b": 1}
    assert (document.locate(("c",)).line, document.locate(("c", "b")).line) == (4, 3)


@pytest.mark.parametrize(
    ("text", "id_", "line", "column", "remedy"),
    [
        ("a: b: c\n", "yaml.syntax", 2, 5, "quote"),
        ("a: 'x\nb: c\n", "yaml.syntax", 2, 4, "close the quotes"),
        ("a: [1, 2\n", "yaml.syntax", 3, 1, "close the list"),
        ("\ta: 1\n", "yaml.syntax", 2, 1, "spaces"),
        ("a: \x01\n", "yaml.syntax", 2, 4, "remove"),
        ("é: \x01\n", "yaml.syntax", 2, 4, "remove"),
        ("a: 1\nb: 2\na: 3\n", "yaml.duplicate-key", 4, 1, "keep one"),
        ("x: {responses: {200: a, '200': b}}\n", "yaml.duplicate-key", 2, 25, "keep one"),
        ("x: {1: a}\n", "yaml.key", 2, 5, "'1'"),
        ("x: {true: a}\n", "yaml.key", 2, 5, "'true'"),
        ("x: {[a]: b}\n", "yaml.key", 2, 5, "string"),
        ("x:\n  <<: {a: 1}\n", "yaml.merge-key", 3, 3, "$ref"),
        ("x: *nowhere\n", "yaml.alias", 2, 4, "$ref"),
        ("x: &x [*x]\n", "yaml.alias", 2, 8, "$ref"),
        ("x: !!timestamp 2026-01-01\n", "yaml.tag", 2, 4, "leave the tag out"),
        ("x: !python/object:os.system {}\n", "yaml.tag", 2, 4, "leave the tag out"),
        ("x: .inf\n", "yaml.number", 2, 4, "finite"),
        ("x: [.nan]\n", "yaml.number", 2, 5, "finite"),
        ("x: 1e999\n", "yaml.number", 2, 4, "finite"),
        (f"x: {'9' * 5000}\n", "yaml.number", 2, 4, "19 digits"),
        ("---\nx: 1\n", "yaml.several-documents", 2, 1, "one document"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_what_yaml_forbids_has_a_place(folder: Path, text: str, id_: str, line: int, column: int, remedy: str) -> None:
    problem = refused(HEAD + text)
    assert (problem.id, problem.location.line, problem.location.column) == (id_, line, column)
    assert problem.location.file == "contract.yaml"
    assert remedy in problem.remedy


# Hostile documents end soon, with one problem.


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("x: " + "[" * 100_000, "yaml.too-deep"),
        ("x: " + "{a: " * 100_000, "yaml.too-deep"),
        ("- " * 100_000, "yaml.too-deep"),
        ("? " * 100_000, "yaml.too-deep"),
        ("x: " + "a" * (MAX_BYTES + 1), "file.too-large"),
        ("x: [" + "a," * 1_100_000 + "]", "yaml.too-large"),
        (
            "a0: &a0 [1,2,3,4,5,6,7,8,9]\n"
            + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 20)),
            "yaml.too-large",
        ),
        (
            "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 200)),
            "yaml.too-deep",
        ),
    ],
    ids=["lists", "mappings", "items", "keys", "bytes", "nodes", "alias bomb", "alias tower"],
)
def test_hostile_documents_are_refused_soon(folder: Path, text: str, id_: str) -> None:
    began = time.process_time()
    assert refused(text).id == id_
    assert time.process_time() - began < 15


def test_a_document_may_be_deep(folder: Path) -> None:
    depth = MAX_DEPTH - 2
    assert read(f"{HEAD}x: {'[' * depth}{']' * depth}\n").tree["x"]


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo("pipe.yaml")
    _, problems = read_document("pipe.yaml")
    assert [problem.id for problem in problems] == ["file.unreadable"]
