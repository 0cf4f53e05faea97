"""The documentation does not rot: its YAML loads, its links lead somewhere, its diagrams are those of the tables."""

import ast
import importlib.util
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from architecture.pages import ROOT, Block, blocks, pages

from streamcontract.contract.grammar import parse, symbols
from streamcontract.contract.lint import lint
from streamcontract.contract.problems import Problem, Severity
from streamcontract_harness.commands.check import check

EXTENSION = json.loads((ROOT / "src/streamcontract/contract/extension.schema.json").read_text(encoding="utf-8"))
STREAM_KEYS = frozenset(EXTENSION["$defs"]["stream"]["properties"])
ALL_YAML = [block for page in pages() for block in blocks(page, "yaml")]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)|!\[[^\]]*\]\((?P<image>[^)\s]+)\)|src=\"(?P<src>[^\"]+)\"")


def test_there_are_blocks_to_look_at() -> None:
    assert sum(block.page == "docs/contract-language.md" for block in ALL_YAML) >= 10


@pytest.mark.parametrize("block", ALL_YAML, ids=str)
def test_every_yaml_block_is_part_of_a_right_contract(block: Block, tmp_path: Path) -> None:
    tree = yaml.safe_load(block.text)
    text = block.text if "openapi" in tree else whole_around(block.text, tree)
    path = tmp_path / "contract.yaml"
    path.write_text(text, encoding="utf-8")

    _, problems = lint(path)

    assert [str(problem) for problem in serious(problems)] == []


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("sequence: a (b\n", "sequence.syntax"),
        ("sequence: a\nrules: [{id: r, at: a, assert: data.x ==}]\n", "expression.invalid"),
        ("sequence: a\noutcome: {succes: [a]}\n", "unknown-key"),
    ],
)
def test_a_wrong_block_would_be_found(text: str, id_: str, tmp_path: Path) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text(whole_around(text, yaml.safe_load(text)), encoding="utf-8")
    assert any(id_ in problem.id for problem in serious(lint(path)[1]))


def serious(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity is not Severity.NOTE]


def whole_around(text: str, tree: dict[str, Any]) -> str:
    """A whole contract around the content of an `x-stream`, or around event schemas."""
    if not set(tree) <= STREAM_KEYS:
        assert all("properties" in schema for schema in tree.values()), "neither an x-stream nor event schemas"
        return document({"sequence": f"({' | '.join(symbols_of(tree))})*"}, tree)
    named = sorted(set(names_in(tree)) - set(tree.get("where", {}))) or ["anything"]
    schemas = {f"Event{number}": event_schema(name, tree) for number, name in enumerate(named)}
    sequence = {} if "sequence" in tree else {"sequence": f"({' | '.join(map(repr, named))})*"}
    return document({**yaml.safe_load(text), **sequence}, schemas)


def symbols_of(schemas: dict[str, Any]) -> list[str]:
    return [schema.get("x-symbol") or schema["properties"]["event"]["const"] for schema in schemas.values()]


def event_schema(name: str, tree: dict[str, Any]) -> dict[str, Any]:
    """An event of that name, which says it inside the payload where `symbol: data.type` looks for it."""
    content = {"type": "object", "properties": {"type": {"const": name}}}
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": content}
    event = {} if "symbol" in tree else {"event": {"const": name}}
    return {"type": "object", "properties": {**event, "data": data}}


def names_in(tree: dict[str, Any]) -> Iterator[str]:
    """All symbols that the content of an `x-stream` names."""
    given = tree.get("sequence", "")
    texts = [given] if isinstance(given, str) else [entry["sequence"] for entry in given]
    for text in [*texts, *tree.get("where", {}).values()]:
        yield from grammar_names(text)
    for key in ("anywhere", "interruptedBy"):
        yield from names(tree.get(key))
    for value in tree.get("outcome", {}).values():
        yield from names(value)
    for part in tree.get("slices", ()):
        yield from (*names(part["events"]), *names(part.get("completeBefore")))
    for rule in (*tree.get("rules", ()), *tree.get("afterwards", ())):
        yield from names(rule.get("at"), but="end")
        yield from names(rule.get("after"), but="any")
        for collector in rule.get("collect", {}).values():
            yield from names(collector.get("count") or collector.get("from"))


def grammar_names(text: str) -> Iterator[str]:
    try:
        yield from (symbol.name for symbol in symbols(parse(text)))
    except ValueError:
        return  # lint is to say what is wrong with it


def names(value: Any, but: str = "") -> list[str]:
    listed = [value] if isinstance(value, str) else value or []
    return [name for name in listed if name != but]


def document(x_stream: dict[str, Any], schemas: dict[str, Any]) -> str:
    references = [{"$ref": f"#/components/schemas/{name}"} for name in schemas]
    media = {"itemSchema": {"oneOf": references}, "x-stream": x_stream}
    answer = {"200": {"description": "events", "content": {"text/event-stream": media}}}
    follow_ups = {entry["operation"]: entry.get("parameters", {}) for entry in x_stream.get("afterwards", ())}
    paths: dict[str, Any] = {"/stream": {"post": {"operationId": "watch", "responses": answer}}}
    for name in sorted(follow_ups):
        asked = [{"name": key, "in": "query", "schema": {}} for key in follow_ups[name]]
        answer = {"200": {"description": "an answer"}}
        paths[f"/{name}"] = {"post": {"operationId": name, "parameters": asked, "responses": answer}}
    return json.dumps(
        {
            "openapi": "3.2.0",
            "info": {"title": "Around a part", "version": "1"},
            "paths": paths,
            "components": {"schemas": schemas},
        },
        indent=1,
    )


@pytest.mark.parametrize("block", [block for page in pages() for block in blocks(page, "python")], ids=str)
def test_every_python_block_compiles_and_imports_what_there_is(block: Block) -> None:
    tree = ast.parse(block.text)
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    exec(compile(ast.Module(imports, []), str(block), "exec"), {})  # noqa: S102 - our own page


@pytest.mark.parametrize("page", ["docs/harness.md", "test-harness/README.md"])
def test_the_options_of_check_are_those_that_it_has(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8").split("## Options")[1].split("\n## ")[0]
    told = set(re.findall(r"^\| .*", text, re.MULTILINE))
    named = {name for row in told for name in re.findall(r"`--([a-z-]+)", row.split(" | ")[0])}
    parameters = set(inspect.signature(check).parameters) - {"contract", "context"}
    assert named == {parameter.replace("_", "-") for parameter in parameters}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_inside_the_project_leads_somewhere(page: Path) -> None:
    text = without_code(page.read_text(encoding="utf-8"))
    assert list(dead_links(page, text)) == []


def test_a_dead_link_would_be_found() -> None:
    page = ROOT / "README.md"
    text = '[a](docs/none.md) [b](#no-such-heading) [c](https://example.org) <img src="none.svg">'
    assert list(dead_links(page, text)) == ["docs/none.md", "#no-such-heading", "none.svg"]


def dead_links(page: Path, text: str) -> Iterator[str]:
    for match in LINK.finditer(text):
        target = match["target"] or match["image"] or match["src"]
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = page.parent / path if path else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            yield target


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.*)$", without_code(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def making() -> ModuleType:
    """The tool that writes the made parts of the pages; tools/ is no package."""
    specification = importlib.util.spec_from_file_location("making", ROOT / "tools" / "pages.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_what_is_made_from_the_code_is_up_to_date(page: Path, making: ModuleType) -> None:
    text = page.read_text(encoding="utf-8")
    assert making.made_anew(text) == text, "run make generate"


def test_a_stale_part_would_be_found(making: ModuleType) -> None:
    language = (ROOT / "docs" / "contract-language.md").read_text(encoding="utf-8")
    assert "s0 --> s1: meta" in language
    assert making.made_anew(language.replace("sequence: meta delta*", "sequence: meta delta+")) != language
    findings = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    assert "[`wire.cut`](checks/wire.cut.md)" in findings
    assert making.made_anew(findings.replace("[`wire.cut`]", "[`wire.cot`]")) == findings


def test_the_pages_of_the_checks_are_up_to_date(making: ModuleType) -> None:
    wanted = making.check_pages()
    assert len(wanted) > 30
    there = {path: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "checks").iterdir()}
    assert there == wanted, "run make generate"
