"""What a rule cannot judge is unsettled: it says nothing, and the report says so."""

from typing import Any

import pytest
from documents import ids, json_event, stream_of, watched
from one_rule import SCHEMAS, Events, done, judged, tokens, unsettled

from streamcontract import Request, StreamMonitor, Verdict


@pytest.mark.parametrize(
    "rule",
    [
        {"at": "token", "assert": "data.i == request.body.n"},
        {"at": "token", "assert": "false", "when": "request.method == 'POST'"},
        {"at": "done", "collect": {"c": {"sum": "data.i * request.body.n", "from": "token"}}, "assert": "c == 1"},
        {"at": "done", "collect": {"c": {"count": "token", "where": "request.body.n > 0"}}, "assert": "c == 0"},
        {"at": "token", "assert": "false", "by": "string(data.i) + request.body.n"},
        {"at": "end", "assert": "request.body.n == 0"},
        {"at": "token", "assert": "response.status == 201"},
    ],
)
def test_without_a_request_what_speaks_of_it_is_unsettled(rule: dict[str, Any]) -> None:
    monitor = judged(rule, [*tokens(1), *done()])
    assert monitor.findings == ()
    assert unsettled(monitor) == ["rule.r"]
    assert monitor.verdict is Verdict.INCONCLUSIVE


def test_a_word_in_a_text_is_not_the_request() -> None:
    monitor = judged({"at": "token", "assert": "data.i == 'request.body'"}, tokens("x"))
    assert (ids(monitor), unsettled(monitor)) == (["rule.r"], [])


@pytest.mark.parametrize("body", [None, "text", [], {}])
def test_a_known_request_without_what_the_rule_asks_for_is_a_finding(body: Any) -> None:
    monitor = judged({"at": "token", "assert": "data.i == request.body.n"}, tokens(1), request=Request(body=body))
    assert ids(monitor) == ["rule.r"]


STRICT = {**SCHEMAS, "token": json_event("token", {"i": "integer"}), "done": json_event("done", {"n": "integer"})}


def strictly(rule: dict[str, Any], events: Events) -> StreamMonitor:
    x_stream = {"sequence": "(token | other | note)* done", "rules": [{"id": "r", **rule}]}
    return watched(stream_of(x_stream, STRICT), events)


@pytest.mark.parametrize(
    "rule",
    [
        {"at": "token", "assert": "data.i == 1"},
        {"at": "done", "collect": {"c": {"count": "token"}}, "assert": "data.n == c"},
        {"at": "done", "collect": {"c": {"sum": "data.i", "from": ["note", "token"]}}, "assert": "data.n == c"},
        {"at": "end", "collect": {"c": {"last": "data.i", "from": "token"}}, "assert": "c == 77"},
    ],
)
@pytest.mark.parametrize("wrong", [{"i": "x"}, {}, "no json", None])
def test_after_an_invalid_payload_the_rule_is_unsettled(rule: dict[str, Any], wrong: Any) -> None:
    monitor = strictly(rule, [("token", wrong), *tokens(5), ("done", {"n": 9})])
    assert all(finding.id.startswith("schema.") for finding in monitor.findings)
    assert unsettled(monitor) == ["rule.r"]
    assert monitor.verdict is Verdict.VIOLATES


def test_what_a_rule_found_before_the_invalid_payload_stays() -> None:
    monitor = strictly(
        {"at": "token", "assert": "data.i == 1"}, [*tokens(2), ("token", {}), *tokens(3), ("done", {"n": 9})]
    )
    assert ids(monitor) == ["rule.r", "schema.payload"]
    assert monitor.findings[0].count == 1


def test_an_invalid_payload_unsettles_no_other_rule() -> None:
    monitor = strictly({"at": "token", "assert": "data.i == 1"}, [("other", "no json"), *tokens(2), ("done", {"n": 9})])
    assert ids(monitor) == ["schema.not-json", "rule.r"]
    assert unsettled(monitor) == []
