"""From the document to the model: what is taken over, and what is refused, with its place."""

import copy
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from documents import OPERATION, contract_of, document, ids, json_event, stream_of, text_event, watched

from streamcontract import Contract, ContractError, Problem, Request

EVENTS = {
    "meta": json_event("meta", {"chatId": "string"}),
    "delta": json_event("delta", {"text": "string", "index": "integer"}),
    "done": json_event("done", {"text": "string"}),
    "error": json_event("error"),
}
X_STREAM: dict[str, Any] = {
    "sequence": "meta block* done",
    "where": {"block": "delta{1,3}"},
    "interruptedBy": ["error"],
    "outcome": {"success": ["done"], "failure": ["error"]},
    "slices": [
        {"id": "pieces", "by": "data.index", "events": ["delta"], "sequence": "delta+", "completeBefore": ["done"]}
    ],
    "rules": [
        {
            "id": "repeats",
            "collect": {"text": {"join": "data.text", "from": "delta", "where": "data.text != ''"}},
            "at": "done",
            "when": "has(data.text)",
            "by": "data.text",
            "assert": "data.text == text",
        }
    ],
    "timing": {"firstEventMs": 2000, "silenceMs": 30000, "totalMs": 120000},
    "retry": 3000,
    "afterwards": [
        {
            "id": "again",
            "after": "done",
            "operation": OPERATION,
            "body": "request.body",
            "collect": {"chat": {"first": "data.chatId", "from": "meta"}},
            "assert": "response.body.text == last.data.text && chat != ''",
        }
    ],
}
MEDIA = ("paths", "/watch", "post", "responses", "200", "content", "text/event-stream")


def example() -> dict[str, Any]:
    return document(copy.deepcopy(X_STREAM), copy.deepcopy(EVENTS))


def within(tree: Any, *keys: str | int) -> Any:
    for key in keys:
        tree = tree[key]
    return tree


# What is taken over.


def test_the_whole_extension_is_taken_over() -> None:
    contract = contract_of(example())
    operation = contract.operations[OPERATION]
    assert (operation.id, operation.method, operation.path) == (OPERATION, "POST", "/watch")
    assert operation.definition["operationId"] == OPERATION
    stream = contract.stream(OPERATION)
    assert (stream.operation, stream.status, stream.media_type) == (OPERATION, "200", "text/event-stream")
    assert stream.classifier.symbols == set(EVENTS)
    assert stream.interrupted_by == {"error"}
    assert (stream.outcome.success, set(stream.outcome.failure)) == ({"done"}, {"error"})
    assert (stream.timing.first_event, stream.timing.silence, stream.timing.total) == (2000, 30000, 120000)
    assert (stream.retry, stream.reject_unknown) == (3000, False)
    (slice_,) = stream.slices
    assert (slice_.id, slice_.events, slice_.complete_before, slice_.reopen) == ("pieces", {"delta"}, {"done"}, False)
    (rule,) = stream.rules
    assert (rule.id, rule.at, rule.at_end, rule.level) == ("repeats", {"done"}, False, "must")
    (collector,) = rule.collect
    assert (collector.name, collector.verb, collector.symbols) == ("text", "join", {"delta"})
    (afterwards,) = stream.afterwards
    assert (afterwards.id, afterwards.after, afterwards.operation) == ("again", {"done"}, OPERATION)


def test_places_in_the_file_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text(json.dumps(example(), indent=1), encoding="utf-8")
    stream = Contract.load(path).stream(OPERATION)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert stream.rules[0].location.file == str(path)
    start = stream.rules[0].location.line - 1
    assert any('"repeats"' in line for line in lines[start : start + 3])


def test_the_default_of_everything() -> None:
    stream = stream_of({"sequence": "(meta | delta | done | error)*"}, EVENTS)
    assert (stream.slices, stream.rules, stream.afterwards, stream.retry) == ((), (), (), None)
    assert (stream.interrupted_by, stream.reject_unknown) == (frozenset(), False)
    assert (stream.timing.first_event, stream.timing.silence, stream.timing.total) == (None, None, None)
    assert len(stream.orders) == 1


def test_without_a_sequence_events_are_judged_by_themselves() -> None:
    for x_stream in ({}, {"unknownEvents": "reject"}):
        stream = stream_of(x_stream, EVENTS)
        assert ids(watched(stream, [("done", {"text": "x"}), ("meta", {"chatId": "1"})])) == []
        assert ids(watched(stream, [("done", {})])) == ["schema.payload"]


def test_an_event_stream_without_the_extension_is_a_stream_of_its_schemas() -> None:
    tree = example()
    del within(tree, *MEDIA)["x-stream"]
    stream = contract_of(tree).stream(OPERATION)
    assert ids(watched(stream, [("done", {"text": "x"})])) == []
    assert ids(watched(stream, [("done", {})])) == ["schema.payload"]


def in_3_0(name: str) -> dict[str, Any]:
    """An event in the words of OpenAPI 3.0, whose schemas know no `const` and no `contentSchema`."""
    payload = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
    return {"type": "object", "required": ["event", "data"], "properties": {"event": {"enum": [name]}, "data": payload}}


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_before_3_2_the_schema_describes_one_event(version: str) -> None:
    tree = document({"sequence": "delta* done"}, {name: in_3_0(name) for name in ("delta", "done")})
    tree["openapi"] = version
    media = within(tree, *MEDIA)
    media["schema"] = media.pop("itemSchema")
    stream = contract_of(tree).stream(OPERATION)
    assert stream.classifier.symbols == {"delta", "done"}
    assert ids(watched(stream, [("delta", {"text": "x"}), ("done", {"text": "x"})])) == []
    assert ids(watched(stream, [("delta", {}), ("done", {"text": "x"})])) == ["schema.payload"]


def test_an_operation_that_does_not_stream_is_an_operation() -> None:
    tree = example()
    tree["paths"]["/plain"] = {"get": {"operationId": "plain", "responses": {"200": {"description": "ok"}}}}
    contract = contract_of(tree)
    assert contract.operations["plain"].stream is None
    assert set(contract.streams) == {OPERATION}
    with pytest.raises(KeyError, match="plain") as caught:
        contract.stream("plain")
    assert OPERATION in str(caught.value)


def test_parts_conditions_and_comments_of_the_sequence() -> None:
    x_stream = {
        "sequence": [
            {"when": "request.body.n == 1", "sequence": "meta one done  # as asked for"},
            {"sequence": "meta many\n(done | error)"},
        ],
        "where": {"one": "delta", "many": "(one one)+"},
        "anywhere": [],
    }
    stream = stream_of(x_stream, EVENTS)
    assert [order.when is None for order in stream.orders] == [False, True]
    assert stream.orders[0].automaton.accepts(["meta", "delta", "done"])
    assert not stream.orders[0].automaton.accepts(["meta", "done"])
    assert stream.orders[1].automaton.accepts(["meta", "delta", "delta", "delta", "delta", "error"])
    assert not stream.orders[1].automaton.accepts(["meta", "delta", "done"])
    monitor = stream.monitor(Request(body={"n": 1}))
    assert monitor.allowed() == ("meta",)


def test_yaml_1_2_words_are_symbols() -> None:
    events = {name: text_event(name) for name in ("on", "off", "yes")}
    text = document({"sequence": "on (yes | off)"}, events)
    yaml = (
        json.dumps(text)
        .replace('"sequence": "on (yes | off)"', '"sequence": on (yes | off)')
        .replace('"const": "on"', '"const": on')
    )
    stream = contract_of(yaml).stream(OPERATION)
    assert ids(watched(stream, [("on", "x"), ("off", "x")])) == []


def test_a_reference_to_the_media_type_s_schema_is_followed() -> None:
    tree = example()
    tree["components"]["schemas"]["AnyEvent"] = within(tree, *MEDIA)["itemSchema"]
    within(tree, *MEDIA)["itemSchema"] = {"$ref": "#/components/schemas/AnyEvent"}
    assert contract_of(tree).stream(OPERATION).classifier.symbols == set(EVENTS)


# What is refused.

Change = Callable[[dict[str, Any]], None]


def put(*path_and_value: Any) -> Change:
    """A change of one place in `x-stream`."""
    *path, key, value = path_and_value

    def change(x_stream: dict[str, Any]) -> None:
        within(x_stream, *path)[key] = value

    return change


def problems_of(tree: dict[str, Any]) -> tuple[list[Problem], list[str]]:
    """The document's errors, and its text's lines."""
    with pytest.raises(ContractError) as caught:
        contract_of(tree)
    return list(caught.value), json.dumps(tree, indent=1).splitlines()


REFUSED: dict[str, tuple[Change, str, list[str]]] = {
    "unknown symbol": (put("sequence", "meta dleta block* done"), "meta dleta", ["dleta", "delta"]),
    "syntax": (put("sequence", "meta (block* done"), "meta (block", ["("]),
    "unknown symbol in a part": (put("where", "block", "detla{2}"), "detla", ["detla", "delta"]),
    "part within itself": (put("where", "block", "delta block?"), '"block"', ["block"]),
    "state limit": (put("where", "block", "delta{99999}"), "", ["10,000", "states"]),
    "hostile": (put("sequence", "meta ((((block){1000}){1000}){1000}) done"), "meta ((((", ["states"]),
    "anywhere": (put("anywhere", ["pign"]), "pign", ["pign"]),
    "interruptedBy": (put("interruptedBy", ["eror"]), "eror", ["eror", "error"]),
    "outcome": (put("outcome", "success", ["dnoe"]), "dnoe", ["dnoe", "done"]),
    "outcome of both": (put("outcome", "failure", ["done"]), "", ["done"]),
    "slice event": (put("slices", 0, "events", ["detla"]), "detla", ["detla", "delta"]),
    "slice sequence": (put("slices", 0, "sequence", "delta+ dlt"), "delta+ dlt", ["dlt"]),
    "slice sequence beyond its events": (
        put("slices", 0, "sequence", "delta+ done"),
        "delta+ done",
        ["done", "events"],
    ),
    "slice syntax": (put("slices", 0, "sequence", "delta++"), "delta++", ["+"]),
    "slice completeBefore": (put("slices", 0, "completeBefore", ["dnoe"]), "dnoe", ["dnoe", "done"]),
    "slice by": (put("slices", 0, "by", "data.index =="), "data.index ==", ["CEL"]),
    "slice by as a list": (put("slices", 0, "by", ["data.index", "data.text"]), "by", []),
    "slice each": (put("slices", 0, "each", "dat.items"), "dat.items", ["dat"]),
    "slice symbol": (put("slices", 0, "symbol", "itm.kind"), "itm.kind", ["itm"]),
    "rule at": (put("rules", 0, "at", "dnoe"), "dnoe", ["dnoe", "done"]),
    "rule at several": (put("rules", 0, "at", ["done", "dnoe"]), "dnoe", ["dnoe", "done"]),
    "rule assert": (put("rules", 0, "assert", "data.text ="), "data.text =", ["CEL"]),
    "rule assert of unknown": (put("rules", 0, "assert", "data.text == txt"), "== txt", ["txt"]),
    "rule when": (put("rules", 0, "when", "has(data.text"), "has(data.text", ["CEL"]),
    "rule by": (put("rules", 0, "by", "dta"), "dta", ["dta"]),
    "rule function": (put("rules", 0, "assert", "data.text.upper() == text"), "upper()", ["upper"]),
    "collect from": (put("rules", 0, "collect", "text", "from", "dleta"), "dleta", ["dleta", "delta"]),
    "collect value": (put("rules", 0, "collect", "text", "join", "data."), '"data."', ["CEL"]),
    "collect where": (put("rules", 0, "collect", "text", "where", "text != 1 &&"), "text != 1 &&", ["CEL"]),
    "collect a taken name": (put("rules", 0, "collect", "data", {"count": "delta"}), '"data"', ["data"]),
    "collect what linked means": (put("rules", 0, "collect", "linked", {"count": "delta"}), '"linked"', ["linked"]),
    "member that no linked exchange has": (
        put("rules", 0, "assert", "data.text == linked.respons.body.text"),
        "linked.respons",
        ["linked.respons", "did you mean `response`", "operation, request, response"],
    ),
    "member that no linked answer has": (
        put("rules", 0, "when", "linked.response.code == 1"),
        "response.code",
        ["linked.response has no 'code'"],
    ),
    "member that no request has": (put("rules", 0, "assert", "has(request.bdoy.x)"), "bdoy", ["did you mean `body`"]),
    "slice by what led here": (put("slices", 0, "by", "linked.operation"), "linked", ["linked", "not known here"]),
    "order by what led here": (
        put(
            "sequence", [{"when": "linked.operation == 'x'", "sequence": "meta block* done"}, {"sequence": "meta done"}]
        ),
        "linked",
        ["linked", "not known here"],
    ),
    "order by the stream's data": (
        put("sequence", [{"when": "data.x", "sequence": "meta block* done"}, {"sequence": "meta block* done"}]),
        "data.x",
        ["data"],
    ),
    "order without a default in the end": (
        put("sequence", [{"sequence": "meta block* done"}, {"when": "request.body.x", "sequence": "meta block* done"}]),
        "",
        ["when"],
    ),
    "afterwards operation": (put("afterwards", 0, "operation", "wacth"), "wacth", ["wacth", "watch"]),
    "afterwards after": (put("afterwards", 0, "after", "dnoe"), "dnoe", ["dnoe", "done"]),
    "afterwards body": (put("afterwards", 0, "body", "request.body +"), "request.body +", ["CEL"]),
    "afterwards assert": (put("afterwards", 0, "assert", "respons.body.x"), "respons.body.x", ["respons"]),
    "symbol": (put("symbol", "data.type =="), "data.type ==", []),
}


@pytest.mark.parametrize(("change", "marker", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_mistake_is_refused_with_its_place_and_a_remedy(change: Change, marker: str, words: list[str]) -> None:
    tree = example()
    change(within(tree, *MEDIA, "x-stream"))
    problems, lines = problems_of(tree)
    assert all(problem.message and problem.remedy and problem.id for problem in problems)
    told = [problem for problem in problems if all(word in problem.message + problem.remedy for word in words)]
    assert told, [str(problem) for problem in problems]
    assert any(marker in lines[problem.location.line - 1] for problem in told), [str(problem) for problem in told]


def test_all_mistakes_are_told_in_one_go() -> None:
    tree = example()
    x_stream = within(tree, *MEDIA, "x-stream")
    for change in ("unknown symbol", "slice by", "rule assert", "afterwards operation", "interruptedBy"):
        REFUSED[change][0](x_stream)
    text = "\n".join(str(problem) for problem in problems_of(tree)[0])
    for word in ("dleta", "data.index ==", "data.text =", "wacth", "eror"):
        assert word in text


def test_an_event_that_the_sequence_never_reaches_is_told() -> None:
    tree = document({"sequence": "meta done"}, {name: EVENTS[name] for name in ("meta", "delta", "done")})
    try:
        problems = list(contract_of(tree).problems)
    except ContractError as error:
        problems = list(error)
    assert any("delta" in problem.message for problem in problems)


def test_alternatives_that_nothing_tells_apart_are_told() -> None:
    schema = json_event("tick", {"n": "integer"})
    tree = document({"sequence": "one two"}, {"A": {**schema, "x-symbol": "one"}, "B": {**schema, "x-symbol": "two"}})
    try:
        problems = list(contract_of(tree).problems)
    except ContractError as error:
        problems = list(error)
    assert any("one" in problem.message and "two" in problem.message for problem in problems)


def test_an_alternative_without_a_name_is_refused() -> None:
    tree = document(
        {"sequence": "a"}, {}, itemSchema={"oneOf": [text_event("a"), {"type": "object", "properties": {}}]}
    )
    problems, _ = problems_of(tree)
    assert any("x-symbol" in problem.remedy for problem in problems)


@pytest.mark.parametrize("text", ["{last}", "(meta | {last})* done"])
def test_parts_that_blow_up_are_refused_soon(text: str) -> None:
    parts = {"p0": "delta delta", **{f"p{number}": f"p{number - 1} p{number - 1}" for number in range(1, 60)}}
    tree = document({"sequence": text.format(last="p59"), "where": parts}, EVENTS)
    started = time.process_time()
    problems, _ = problems_of(tree)
    assert time.process_time() - started < 10
    assert any("states" in problem.message for problem in problems)


def test_two_rules_of_one_id_are_told() -> None:
    tree = example()
    rules = within(tree, *MEDIA, "x-stream", "rules")
    rules.append(copy.deepcopy(rules[0]))
    try:
        problems = list(contract_of(tree).problems)
    except ContractError as error:
        problems = list(error)
    assert any("repeats" in problem.message for problem in problems)


@pytest.mark.parametrize(("at", "noted"), [("token", True), ("done", False)])
def test_a_rule_that_reads_all_along_what_it_gathers_all_along_is_noted(at: str, noted: bool) -> None:
    events = {"token": json_event("token", {"i": {}}), "done": json_event("done", {"i": {}})}
    rule = {"id": "r", "collect": {"c": {"distinct": "data.i", "from": "token"}}, "at": at, "assert": "!(data.i in c)"}
    contract = contract_of(document({"sequence": "token* done", "rules": [rule]}, events))
    assert [problem.id for problem in contract.problems] == (["rules.rereads"] if noted else [])
