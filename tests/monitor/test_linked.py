"""`linked`: what rules say of the exchange whose OpenAPI link led to the stream."""

from typing import Any

import pytest
from documents import ids, stream_of, watched
from hypothesis import given
from hypothesis import strategies as st
from one_rule import SCHEMAS, Events, done, tokens, unsettled

from streamcontract import Linked, Request, Response, StreamMonitor, Verdict

CREATED = Linked(
    "create",
    Request(method="POST", url="http://x/jobs", query={"fast": "1"}, headers={"x-key": "k"}, body={"most": 2}),
    Response(202, {"content-type": "application/json"}),
    {"position": 4},
)
NEEDING = [
    {"at": "token", "assert": "data.i == linked.response.body.position"},
    {"at": "end", "assert": "linked.operation == 'create'"},
    {"at": "token", "assert": "false", "by": "linked.operation"},
    {"at": "done", "collect": {"c": {"sum": "linked.response.body.position", "from": "token"}}, "assert": "c == 99"},
    {"at": "done", "collect": {"c": {"count": "token", "where": "linked.operation == 'x'"}}, "assert": "c == 99"},
]
NUMBERS = st.one_of(st.integers(-9, 9), st.sampled_from([1.0, 1.5, True, None, "1", [1], {"n": 1}]))


def told(rule: dict[str, Any], events: Events, linked: Linked | None = CREATED, **exchange: Any) -> StreamMonitor:
    x_stream = {"sequence": "(token | other | note)* done?", "rules": [{"id": "r", **rule}]}
    return watched(stream_of(x_stream, SCHEMAS), events, linked=linked, **exchange)


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ({"at": "token", "assert": "data.i == linked.response.body.position"}, True),
        ({"at": "token", "assert": "data.i < linked.response.body.position"}, False),
        ({"at": "token", "assert": "linked.operation == 'create' && linked.response.status == 202"}, True),
        ({"at": "token", "assert": "linked.response.headers['content-type'] == 'text/plain'"}, False),
        ({"at": "token", "assert": "linked.request.method == 'POST' && linked.request.query.fast == '1'"}, True),
        ({"at": "token", "assert": "linked.request.headers['x-key'] == 'k' && linked.request.path == {}"}, True),
        ({"at": "done", "collect": {"n": {"count": "token"}}, "assert": "n <= linked.request.body.most"}, True),
        ({"at": "end", "collect": {"n": {"count": "token"}}, "assert": "n > linked.request.body.most"}, False),
        ({"at": "token", "by": "linked.operation", "assert": "data.i == previous.data.i"}, True),
        ({"at": "token", "assert": "data.i == linked.response.body.nowhere"}, False),
    ],
)
def test_rule_about_what_led_here(rule: dict[str, Any], holds: bool) -> None:
    monitor = told(rule, [*tokens(4, 4), *done()])
    assert ids(monitor) == ([] if holds else ["rule.r"])
    assert unsettled(monitor) == []


def test_message_has_the_values_that_disagree() -> None:
    (finding,) = told({"at": "token", "assert": "data.i == linked.response.body.position"}, tokens(5)).findings
    assert finding.got == "data.i = 5, linked.response.body.position = 4"
    assert finding.request is None


@pytest.mark.parametrize("rule", NEEDING)
def test_without_a_link_what_needs_one_is_not_applied(rule: dict[str, Any]) -> None:
    monitor = told(rule, [*tokens(9), *done()], linked=None)
    assert (ids(monitor), unsettled(monitor), monitor.verdict) == ([], [], Verdict.CONFORMS)


@pytest.mark.parametrize("rule", NEEDING)
def test_it_is_applied_where_a_link_led_here(rule: dict[str, Any]) -> None:
    wrong = Linked("x", Request(), Response(), {"position": -1})
    assert ids(told(rule, [*tokens(9), *done()], linked=wrong)) == ["rule.r"]


def test_a_condition_alone_asks_whether_a_link_led_here() -> None:
    rule = {"at": "token", "when": "has(linked.response.body.position)", "assert": "data.i == 1"}
    assert ids(told(rule, tokens(2))) == ["rule.r"]
    assert ids(told(rule, tokens(2), linked=None)) == []
    first = {**rule, "when": "linked == {}"}
    assert ids(told(first, tokens(2))) == []
    assert ids(told(first, tokens(2), linked=None)) == ["rule.r"]


@pytest.mark.parametrize("body", [None, "text", [], {}, {"position": None}])
def test_an_answer_without_the_value_is_a_finding_or_means_no(body: Any) -> None:
    linked = Linked("create", Request(), Response(202), body)
    rule = {"at": "token", "assert": "data.i == linked.response.body.position"}
    assert ids(told(rule, tokens(4), linked=linked)) == ["rule.r"]
    guarded = {**rule, "when": "has(linked.response.body.position.value)"}
    assert ids(told(guarded, tokens(4), linked=linked)) == []


@given(st.sampled_from(NEEDING), st.lists(NUMBERS, max_size=4), st.booleans())
def test_without_a_link_the_rule_might_as_well_not_be_there(
    rule: dict[str, Any], values: list[Any], ended: bool
) -> None:
    events = [*tokens(*values), *(done() if ended else [])]
    bare = watched(stream_of({"sequence": "(token | other | note)* done?"}, SCHEMAS), events)
    monitor = told(rule, events, linked=None)
    assert (monitor.findings, monitor.unsettled, monitor.verdict) == (bare.findings, bare.unsettled, bare.verdict)


@given(st.sampled_from(["==", "<=", "!=", ">"]), NUMBERS, st.lists(NUMBERS, min_size=1, max_size=3))
def test_the_linked_request_reads_as_the_request_does(relation: str, most: Any, values: list[Any]) -> None:
    request = Request(body={"most": most})
    events = [*tokens(*values), *done()]
    own = told({"at": "token", "assert": f"data.i {relation} request.body.most"}, events, request=request)
    rule = {"at": "token", "assert": f"data.i {relation} linked.request.body.most"}
    of_link = told(rule, events, linked=Linked("create", request, Response()))
    assert [(f.id, f.count, f.offset) for f in own.findings] == [(f.id, f.count, f.offset) for f in of_link.findings]
    assert own.verdict is of_link.verdict
