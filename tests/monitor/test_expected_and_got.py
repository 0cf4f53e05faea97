"""What a finding says was expected, and what came: by literals for each kind of check."""

from typing import Any

import pytest
from documents import json_event, stream_of, watched
from hypothesis import given
from hypothesis import strategies as st
from one_rule import REQUEST, Events, done, judged, tokens

from streamcontract import Finding
from streamcontract.contract.expressions import compile_expression
from streamcontract.monitor.reading import values_read

TICK = {"n": {"type": "integer", "minimum": 0}, "kind": {"enum": ["a", "b"]}, "password": {"type": "string"}}


def of_schema(data: Any) -> Finding:
    stream = stream_of({"sequence": "tick*"}, {"tick": json_event("tick", TICK, required=False)})
    (finding,) = watched(stream, [("tick", data)]).findings
    return finding


@pytest.mark.parametrize(
    ("data", "message", "expected", "got"),
    [
        ({"n": "x"}, 'event 1 (tick): data.n is not of type "integer"', "type: integer", 'data.n = "x"'),
        ({"n": -1}, "event 1 (tick): data.n is less than the minimum of 0", "at least 0", "data.n = -1"),
        ({"kind": "c"}, 'event 1 (tick): data.kind is not one of "a" or "b"', 'one of "a" or "b"', 'data.kind = "c"'),
        ([1], 'event 1 (tick): data is not of type "object"', "type: object", "data = [1]"),
        ("{", "event 1 (tick): data cannot be read as JSON: it ends too early", "JSON", "{"),
        ("", "event 1 (tick): data cannot be read as JSON: it ends too early", "JSON", "an empty text"),
    ],
)
def test_schema_s_finding_says_the_fault_in_the_message_and_the_value_beside_it(
    data: Any, message: str, expected: str, got: str
) -> None:
    finding = of_schema(data)
    assert (finding.message, finding.expected, finding.got) == (message, expected, got)


def test_event_that_may_have_no_members_shows_their_names_alone() -> None:
    event = json_event("done", {})
    event["properties"]["data"]["contentSchema"] = {"type": "object", "additionalProperties": False}
    (finding,) = watched(stream_of({"sequence": "done"}, {"done": event}), [("done", {"token": "s3cret"})]).findings
    assert finding.message == "event 1 (done): data may have no members"
    assert (finding.expected, finding.got) == ("no members", 'data = {"token": …}')


def test_value_of_megabytes_is_cut_short() -> None:
    for data in ({"n": "x" * 2**20}, {"n": ["x" * 2**20] * 3}, "{" + "x" * 2**20):
        assert len(of_schema(data).message + of_schema(data).got) < 400


@pytest.mark.parametrize(
    ("rule", "events", "expected", "got"),
    [
        ({"assert": "data.i == 1"}, tokens(5), "data.i == 1", "data.i = 5"),
        ({"assert": "data.i  // at first\n == 1"}, tokens(5), "data.i == 1", "data.i = 5"),
        ({"assert": "data.text == 'a  b'"}, tokens("c", name="text"), "data.text == 'a  b'", 'data.text = "c"'),
        ({"assert": "data.i > previous.data.i"}, tokens(2, 1), None, "data.i = 1, previous.data.i = 2"),
        (
            {"assert": "data.i == request.headers['x-key']"},
            tokens(1),
            None,
            "data.i = 1, request.headers['x-key'] = \"k\"",
        ),
        ({"assert": "data.i.all(x, x > 1)"}, tokens([2, 1]), None, "data.i = [2,1]"),
        ({"assert": "data.i[0] == 2"}, tokens([3, 1]), None, "data.i[0] = 3"),
        ({"assert": "data.text.startsWith('data.i')"}, tokens("x", name="text"), None, 'data.text = "x"'),
        (
            {"assert": "has(data.i) && has(data.text)"},
            [("token", {"i": 1})],
            None,
            'data.i = 1, no data.text, data = {"i":1}',
        ),
        ({"assert": "1 == 2"}, tokens(5), "1 == 2", 'data = {"i":5}'),
        (
            {"assert": "data.i < 2", "by": "data.stage"},
            [("token", {"i": 2, "stage": "s"})],
            None,
            'data.i = 2, data.stage = "s"',
        ),
        (
            {"assert": "data.i + 1 == 2"},
            [("token", {"text": "x"})],
            None,
            'there is no \'i\': no data.i, data = {"text":"x"}',
        ),
        (
            {"assert": "n == 3", "collect": {"n": {"count": "token"}}, "at": "end"},
            [*tokens(1), *done()],
            "n == 3",
            "n = 1",
        ),
        ({"assert": "1 == 2", "at": "end"}, done(), "1 == 2", "the end of the stream"),
        ({"assert": "last.data.i == 2", "at": "end"}, [], "last.data.i == 2", "no event"),
    ],
)
def test_rule_s_finding_has_its_text_and_the_values_that_it_read(
    rule: dict[str, Any], events: Events, expected: str | None, got: str
) -> None:
    (finding,) = judged({"at": "token", **rule}, events, request=REQUEST).findings
    assert (finding.expected, finding.got) == (expected or rule["assert"], got)
    assert not any(value in finding.message for value in (" = ", "was "))


def test_headers_of_which_one_is_missing_are_told_by_their_names() -> None:
    (finding,) = judged({"at": "token", "assert": "request.headers['x-a'] == 'x'"}, tokens(1), request=REQUEST).findings
    assert "request.headers = {" in finding.got
    assert "…" in finding.got
    assert not [value for value in REQUEST.headers.values() if f'"{value}"' in finding.got]


def test_contract_s_own_words_are_the_message_of_a_rule() -> None:
    (finding,) = judged({"at": "token", "assert": "data.i == 1", "message": "the index is one"}, tokens(2)).findings
    assert (finding.message, finding.expected) == ("event 1 (token): the index is one", "data.i == 1")


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers() | st.text(max_size=500)))
def test_values_read_are_those_that_the_expression_names(data: dict[str, Any]) -> None:
    expression = compile_expression("data.a == data.b || data.c == data.d", ["data"])
    shown = values_read({"data": data}, expression)
    for name in "abcd":
        assert f"data.{name} = " in shown or f"no data.{name}" in shown
        assert (f"data.{name} = " in shown) == (name in data)
    assert not any(f"data.{name}" in shown for name in "efgh")
    assert len(shown) < 1_000


ORDERED = {"tick": json_event("tick", {"n": {}, "kind": {}}, required=False), "done": json_event("done", {})}
SLICE = {"id": "s", "by": "data.n", "events": ["tick"], "sequence": "open close", "symbol": "data.kind"}


@pytest.mark.parametrize(
    ("events", "expected", "got"),
    [
        ([("tick", {"n": 1, "kind": "close"})], "open", "close (data.n = 1)"),
        ([("tick", {"n": "a", "kind": "new"})], "open", 'data.kind = "new" (data.n = "a")'),
        ([("tick", {"n": 1})], "open", "no value of `data.kind`: there is no 'kind' (data.n = 1)"),
        ([("tick", {"n": 1, "kind": "open"})], "close", "the end (data.n = 1)"),
        ([("tick", {"n": 1, "kind": "open"}), ("done", {})], "close", "done (data.n = 1)"),
    ],
)
def test_slice_s_finding_has_the_next_symbols_and_the_symbol_with_its_key(
    events: Events, expected: str, got: str
) -> None:
    slice_ = {**SLICE, "completeBefore": ["done"]}
    found = watched(stream_of({"sequence": "tick* done?", "slices": [slice_]}, ORDERED), events).findings
    assert (found[0].id, found[0].expected, found[0].got) == ("slice.s", expected, got)


def test_fault_that_is_only_counted_is_not_written_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr("streamcontract.monitor.rules.what_came", lambda *_: told.append("rule") or "it")
    monkeypatch.setattr("streamcontract.contract.schemas.offending", lambda _: told.append("schema") or "it")
    (found,) = judged({"at": "token", "assert": "data.i == 1"}, tokens(*[2] * 5)).findings
    assert (found.count, told) == (5, ["rule"])
    stream = stream_of({"sequence": "tick*"}, {"tick": json_event("tick", TICK, required=False)})
    (found,) = watched(stream, [("tick", {"n": "x"})] * 5).findings
    assert (found.count, told) == (5, ["rule", "schema"])
