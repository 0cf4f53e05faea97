"""Every mistake of a document is told with its place and a remedy, all of them in one go."""

import json
from pathlib import Path

import jsonschema_rs
import pytest
from contract.broken import MISTAKES, RIGHT, Mistake
from reading import write

from streamcontract import Contract, ContractError
from streamcontract.contract.lint import lint
from streamcontract.contract.problems import Problem, Severity


def problems_of(text: str) -> list[Problem]:
    write("contract.yaml", text)
    return lint("contract.yaml")[1]


def wrong(mistake: Mistake) -> str:
    assert RIGHT.count(mistake.right) == 1, mistake.right
    return RIGHT.replace(mistake.right, mistake.wrong)


def place_of(mistake: Mistake, text: str) -> tuple[int, int]:
    """The line and the column where the mistake stands: counted from 1."""
    start = RIGHT.index(mistake.right)
    mark = mistake.at or mistake.wrong.lstrip(" ")
    found = text.find(mark, max(0, start - len(mark) - 2))
    index = found if found >= 0 else text.rfind(mark, 0, start)
    index += len(mark) - len(mark.lstrip(" -"))
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def test_the_right_contract_has_no_problem(folder: Path) -> None:
    write("contract.yaml", RIGHT)
    contract, problems = lint("contract.yaml")
    assert problems == []
    assert contract is not None
    assert list(contract.streams) == ["streamChat"]


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_has_its_place_and_a_remedy(folder: Path, mistake: Mistake) -> None:
    text = wrong(mistake)
    problems = [problem for problem in problems_of(text) if problem.id == mistake.id]
    assert len(problems) == 1, [str(problem) for problem in problems_of(text)]
    problem = problems[0]
    assert mistake.remedy in problem.remedy
    assert problem.severity.value == mistake.severity
    assert (problem.location.line, problem.location.column) == place_of(mistake, text)
    assert "\n" not in problem.message + problem.remedy
    assert 0 < len(problem.message) < 300


FOLLOWING = {
    # The mistake makes an operation nameless or vanish, which others name.
    "duplicate key": {"link.unknown-operation", "afterwards.unknown-operation"},
    "unknown key": {"operation.no-id", "link.unknown-operation", "afterwards.unknown-operation"},
    "operationId twice": {"link.unknown-operation", "afterwards.unknown-operation"},
    "no operationId": {"link.unknown-operation", "afterwards.unknown-operation"},
    # Two sides of it: which of the two is right cannot be told.
    "path parameter": {"operation.unused-parameter"},
    "rule with on": {"x-stream.missing-key"},
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_has_no_echoes(folder: Path, name: str) -> None:
    told = {problem.id for problem in problems_of(wrong(MISTAKES[name]))}
    assert told - {MISTAKES[name].id} == FOLLOWING.get(name, set())


@pytest.mark.parametrize("beside", ["timng: {firstEventMs: 1}", "order: 1", "level: must"])
def test_a_key_that_says_nothing_of_symbols_hides_no_mistake_in_them(folder: Path, beside: str) -> None:
    text = wrong(MISTAKES["unknown symbol"]).replace("retry: 3000", beside)
    assert {problem.id for problem in problems_of(text)} == {"symbols.unknown", "x-stream.unknown-key"}


@pytest.mark.parametrize("key", ["anywhere", "interruptedBy", "where", "sequence"])
def test_a_misspelt_key_of_symbols_has_no_echoes(folder: Path, key: str) -> None:
    x_stream = {"sequence": "meta piece* done", "where": "{piece: delta}", "interruptedBy": "[error]"}
    name = key if key in x_stream else "interruptedBy"
    text = RIGHT.replace(f"{name}: {x_stream[name]}", f"{key[:-1]}: {x_stream[name]}")
    assert {problem.id for problem in problems_of(text)} == {"x-stream.unknown-key"}


def test_all_mistakes_are_told_at_once_in_their_order(folder: Path) -> None:
    text = RIGHT
    together = [
        *["wrong type", "reference", "half a path parameter", "default", "security", "schema keyword's type", "level"],
        *["x-stream at the response", "expression", "milliseconds", "link", "number as a key"],
    ]
    for name in together:
        text = text.replace(MISTAKES[name].right, MISTAKES[name].wrong)
    problems = problems_of(text)
    assert {problem.id for problem in problems} >= {MISTAKES[name].id for name in together}
    lines = [problem.location.line for problem in problems]
    assert lines == sorted(lines)


def test_a_mistake_in_another_file_is_told_there(folder: Path) -> None:
    write(
        "parts.yaml",
        "Limit: {name: limit, in: qery, schema: {type: integer}}\n"
        "Question: {type: objct, properties: {a: {$ref: '#/Text'}}}\n"
        "Text: {type: string, minLenght: 1}\n"
        "Answer:\n"
        "  descripton: ok\n",
    )
    text = RIGHT.replace(
        "- {name: limit, in: query, schema: {type: integer, default: 3}}", "- {$ref: 'parts.yaml#/Limit'}"
    )
    text = text.replace("schema: {$ref: '#/components/schemas/Question'}", "schema: {$ref: 'parts.yaml#/Question'}")
    answers = "      responses:\n        '200':\n          description: The chat"
    text = text.replace(answers, answers.replace(":\n", ":\n        '404': {$ref: 'parts.yaml#/Answer'}\n", 1))
    found = [
        (problem.id, str(problem.location)) for problem in problems_of(text) if problem.location.file == "parts.yaml"
    ]
    assert found == [
        ("openapi.wrong-value", "parts.yaml:1:22"),
        ("schema.wrong-value", "parts.yaml:2:12"),
        ("schema.unknown-keyword", "parts.yaml:3:22"),
        ("openapi.unknown-key", "parts.yaml:5:3"),
    ]


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_older_versions_are_held_to_their_own_rules(folder: Path, version: str) -> None:
    text = RIGHT.replace("3.2.0", version).replace("itemSchema:", "schema:")
    ids = {problem.id for problem in problems_of(text) if problem.severity is Severity.ERROR}
    assert ids == set()
    text = text.replace("in: query", "in: querystring")
    ids = {problem.id for problem in problems_of(text) if problem.severity is Severity.ERROR}
    assert ids == {"openapi.wrong-value"}


def test_warnings_and_notes_do_not_stop_a_contract(folder: Path) -> None:
    write("contract.yaml", wrong(MISTAKES["schema keyword"]))
    contract = Contract.load("contract.yaml")
    assert [problem.id for problem in contract.problems] == ["schema.unknown-keyword"]
    write("contract.yaml", wrong(MISTAKES["unknown symbol"]))
    with pytest.raises(ContractError) as caught:
        Contract.load("contract.yaml")
    assert [problem.id for problem in caught.value] == ["symbols.unknown"]


# A schema that an editor can use.

EXTENSION = Path(__file__).parents[2] / "src/streamcontract/contract/extension.schema.json"


def test_the_schema_explains_every_key() -> None:
    schema = json.loads(EXTENSION.read_text(encoding="utf-8"))
    jsonschema_rs.meta.validate(schema)
    silent = []
    for name, definition in schema["$defs"].items():
        if definition.get("additionalProperties") is not False:
            continue
        for key, value in definition["properties"].items():
            told = {**schema["$defs"].get(value.get("$ref", "").rpartition("/")[2], {}), **value}
            if not (told.get("title") and told.get("description")):
                silent.append(f"{name}.{key}")
    assert silent == []


def test_an_editor_sees_mistakes_inside_the_whole_document() -> None:
    schema = json.loads(EXTENSION.read_text(encoding="utf-8"))
    validator = jsonschema_rs.validator_for(schema)
    media = {"content": {"text/event-stream": {"x-stream": {"sequense": "a"}}}}
    for document in (
        {"paths": {"/a": {"get": {"responses": {"200": media}}}}},
        {"components": {"responses": {"A": media}}},
        {"components": {"pathItems": {"A": {"post": {"responses": {"default": media}}}}}},
        {"components": {"mediaTypes": media["content"]}},
    ):
        assert [error.kind.name for error in validator.iter_errors(document)] == ["additionalProperties"]
