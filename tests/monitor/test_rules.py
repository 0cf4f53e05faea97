"""What ties events to each other and to the request (section 5 of the contract language)."""

from typing import Any

import pytest
from documents import ids, json_event, stream_of, text_event, watched

from streamcontract import Level, Request, Response, StreamMonitor, Verdict

SCHEMAS = {
    "token": json_event("token", {"i": {}, "text": {}, "stage": {}}, required=False),
    "other": json_event("other", {"i": {}}, required=False),
    "note": text_event("note"),
    "done": json_event("done", {"i": {}, "text": {}}, required=False),
}
REQUEST = Request(
    method="POST", url="http://x/watch", headers={"x-key": "k"}, query={"q": "1"}, path={"p": "2"}, body={"n": 3}
)

Events = list[tuple[str | None, Any]]


def judged(rule: dict[str, Any], events: Events, **exchange: Any) -> StreamMonitor:
    """A stream of tokens, others and notes, ended by done, and one rule."""
    x_stream = {"sequence": "(token | other | note)* done?", "rules": [{"id": "r", **rule}]}
    return watched(stream_of(x_stream, SCHEMAS), events, **exchange)


def tokens(*values: Any, name: str = "i") -> Events:
    return [("token", {name: value}) for value in values]


def done(**data: Any) -> Events:
    return [("done", data)]


# `at` and `assert`.


def test_a_rule_looks_only_at_its_events() -> None:
    rule = {"at": "token", "assert": "data.i == 1"}
    assert ids(judged(rule, [*tokens(1), ("other", {"i": 2}), ("note", "x"), *done(i=2)])) == []
    assert ids(judged(rule, tokens(1, 2))) == ["rule.r"]


def test_a_rule_may_look_at_several() -> None:
    rule = {"at": ["token", "done"], "assert": "data.i == 1"}
    assert judged(rule, [*tokens(2), ("other", {"i": 2}), *done(i=2)]).findings[0].count == 2


def test_a_broken_rule_says_where_and_how_bad() -> None:
    monitor = judged({"at": "token", "assert": "data.i == 1"}, tokens(1, 5))
    (finding,) = monitor.findings
    assert (finding.level, finding.event_index, finding.operation) == (Level.MUST, 1, "watch")
    assert finding.message.startswith("event 2 (token): ")
    assert "data.i == 1" in finding.message + finding.expected
    assert "5" in finding.message + finding.got, "the value that was wrong helps to find it"
    assert finding.location is not None
    assert finding.location.line > 0
    assert monitor.verdict is Verdict.VIOLATES


def test_the_contract_s_own_words_are_in_the_message() -> None:
    (finding,) = judged(
        {"at": "token", "assert": "data.i == 1", "message": "the index must be one"}, tokens(2)
    ).findings
    assert "the index must be one" in finding.message


def test_should_is_a_warning_and_no_violation() -> None:
    monitor = judged({"at": "token", "assert": "data.i == 1", "level": "should"}, [*tokens(2), *done()])
    assert [finding.level for finding in monitor.findings] == [Level.SHOULD]
    assert monitor.verdict is Verdict.CONFORMS


@pytest.mark.parametrize("data", [{}, {"i": None}, {"i": "x"}, {"i": []}])
def test_what_cannot_be_evaluated_is_a_finding_about_the_data(data: dict[str, Any]) -> None:
    (finding,) = judged({"at": "token", "assert": "data.i + 1 == 2"}, [("token", data)]).findings
    assert finding.id == "rule.r"


def test_equal_findings_are_one_with_a_count_and_the_first_places() -> None:
    (finding,) = judged({"at": "token", "assert": "data.i == 1"}, tokens(1, 2, 1, 3, *range(10, 40))).findings
    assert finding.count == 32
    assert finding.places[:3] == (1, 3, 4)
    assert finding.event_index == 1


# What is in scope.


@pytest.mark.parametrize(
    "condition",
    [
        "data.i == 7",
        "event == 'token'",
        "id == ''",
        "index == 0",
        "request.method == 'POST'",
        "request.headers['x-key'] == 'k'",
        "request.query.q == '1'",
        "request.path.p == '2'",
        "request.body.n == 3",
        "response.status == 201",
        "response.headers['content-type'] == 'text/event-stream'",
    ],
)
def test_what_an_expression_may_speak_of(condition: str) -> None:
    exchange = {"request": REQUEST, "response": Response(201, {"content-type": "text/event-stream"})}
    assert ids(judged({"at": "token", "assert": condition}, tokens(7), **exchange)) == []
    assert ids(judged({"at": "token", "assert": f"!({condition})"}, tokens(7), **exchange)) == ["rule.r"]


def test_text_data_is_the_text() -> None:
    assert ids(judged({"at": "note", "assert": "data == 'x'"}, [("note", "x")])) == []
    assert ids(judged({"at": "note", "assert": "data == 'x'"}, [("note", "y")])) == ["rule.r"]


def test_a_missing_type_is_message_and_an_id_is_not_carried_forward() -> None:
    schema = {"type": "object", "properties": {"event": {"const": "message"}, "data": {"type": "string"}}}
    stream = stream_of(
        {
            "sequence": "message*",
            "rules": [
                {"id": "type", "at": "message", "assert": "event == 'message'"},
                {"id": "id", "at": "message", "assert": "(index == 0) == (id == '7')"},
            ],
        },
        {"M": schema},
    )
    monitor = stream.monitor()
    monitor.feed(b"id: 7\ndata: x\n\ndata: y\n\n")
    monitor.close()
    assert monitor.findings == ()


def test_the_index_counts_known_events_from_0() -> None:
    rule = {"at": "token", "assert": "data.i == index"}
    assert ids(judged(rule, [("strange", "x"), *tokens(0), ("note", "x"), ("strange", "x"), *tokens(2)])) == []


def test_previous_is_the_last_event_that_the_rule_looked_at() -> None:
    rule = {"at": "token", "assert": "data.i >= previous.data.i"}
    between: Events = [("other", {"i": 100}), ("note", "x")]
    assert ids(judged(rule, [*tokens(5), *between, *tokens(5, 6)])) == []
    (finding,) = judged(rule, [*tokens(5), *between, *tokens(4, 4)]).findings
    assert (finding.event_index, finding.count) == (3, 1)


def test_previous_has_all_fields() -> None:
    rule = {
        "at": ["token", "done"],
        "assert": "previous.event == 'token' && previous.index + 1 == index && previous.id == ''",
    }
    assert ids(judged(rule, [*tokens(1, 2), *done()])) == []
    assert ids(judged(rule, [*tokens(1), ("note", "x"), *done()])) == ["rule.r"]


def test_the_first_event_has_no_previous_and_that_is_no_fault() -> None:
    assert ids(judged({"at": "token", "assert": "previous.data.i == data.i"}, tokens(1))) == []
    assert ids(judged({"at": "token", "assert": "data.i == 1 && previous.data.i == 1"}, tokens(2))) in ([], ["rule.r"])


# `collect`.


@pytest.mark.parametrize(
    ("verb", "values", "condition"),
    [
        ({"count": "token"}, [9, 9, 9], "c == 3"),
        ({"count": "token"}, [], "c == 0"),
        ({"count": "token", "where": "data.i > 1"}, [1, 2, 3], "c == 2"),
        ({"join": "data.i", "from": "token"}, ["a", "", "é"], "c == 'aé'"),
        ({"join": "data.i", "from": "token"}, [], "c == ''"),
        ({"join": "data.i", "from": "token", "where": "data.i != 'b'"}, ["a", "b", "c"], "c == 'ac'"),
        ({"sum": "data.i", "from": "token"}, [1, 2, 3], "c == 6"),
        ({"sum": "data.i", "from": "token"}, [1, 0.5], "c == 1.5"),
        ({"sum": "data.i", "from": "token"}, [0.5, 1], "c == 1.5"),
        ({"sum": "data.i", "from": "token"}, [], "c == 0"),
        ({"sum": "data.i * 2", "from": "token", "where": "data.i != 2"}, [1, 2, 3], "c == 8"),
        ({"min": "data.i", "from": "token"}, [3, 1, 2], "c == 1"),
        ({"max": "data.i", "from": "token"}, [1, 3.5, 2], "c == 3.5"),
        ({"max": "data.i", "from": "token", "where": "data.i < 3"}, [1, 3, 2], "c == 2"),
        ({"min": "data.i", "from": "token"}, ["b", "a"], "c == 'a'"),
        ({"first": "data.i", "from": "token"}, [3, 1], "c == 3"),
        ({"first": "data.i", "from": "token"}, [None, 1], "c == null"),
        ({"first": "data.i", "from": "token", "where": "data.i < 3"}, [3, 1, 2], "c == 1"),
        ({"last": "data.i", "from": "token"}, [3, {"x": 1}], "c.x == 1"),
        ({"last": "data.i", "from": "token", "where": "data.i > 1"}, [3, 1], "c == 3"),
        ({"distinct": "data.i", "from": "token"}, ["a", "b", "a"], "size(c) == 2 && 'a' in c && 'b' in c"),
        ({"distinct": "data.i", "from": "token"}, [], "size(c) == 0"),
        ({"distinct": "data.i", "from": "token"}, [1, "1", True, 1, {"a": 1}, {"a": 1}], "size(c) == 4"),
        ({"distinct": "data.i", "from": "token", "where": "data.i > 1"}, [1, 2, 2, 3], "size(c) == 2"),
    ],
)
def test_each_verb(verb: dict[str, str], values: list[Any], condition: str) -> None:
    rule = {"collect": {"c": verb}, "at": "done", "assert": condition}
    assert ids(judged(rule, [*tokens(*values), *done()])) == []
    assert ids(judged({**rule, "assert": f"!({condition})"}, [*tokens(*values), *done()])) == ["rule.r"]


@pytest.mark.parametrize("symbols", [["token", "other"], "token"])
def test_several_symbols_may_be_gathered_from(symbols: Any) -> None:
    expected = 4 if isinstance(symbols, list) else 1
    events: Events = [*tokens(1), ("other", {"i": 3}), ("note", "x"), *done()]
    rule = {"collect": {"c": {"sum": "data.i", "from": symbols}}, "at": "done", "assert": f"c == {expected}"}
    assert ids(judged(rule, events)) == []
    counted = {
        "collect": {"c": {"count": symbols}},
        "at": "done",
        "assert": f"c == {len(symbols) if expected == 4 else 1}",
    }
    assert ids(judged(counted, events)) == []


def test_an_event_sees_what_was_gathered_before_it() -> None:
    rule = {"collect": {"seen": {"count": "token"}}, "at": "token", "assert": "data.i == seen"}
    assert ids(judged(rule, tokens(0, 1, 2))) == []
    assert ids(judged(rule, tokens(1, 2, 3))) == ["rule.r"]


def test_several_things_may_be_gathered() -> None:
    rule = {
        "collect": {"n": {"count": "token"}, "text": {"join": "data.text", "from": "token"}},
        "at": "done",
        "assert": "n == 2 && text == data.text",
    }
    assert ids(judged(rule, [*tokens("a", "b", name="text"), *done(text="ab")])) == []
    assert ids(judged(rule, [*tokens("a", "b", name="text"), *done(text="ba")])) == ["rule.r"]


def test_what_has_no_value_is_not_gathered() -> None:
    rule = {"collect": {"c": {"sum": "data.i", "from": "token"}}, "at": "done", "assert": "c == 3"}
    assert ids(judged(rule, [*tokens(1), ("token", {}), *tokens(2), *done()])) == []


@pytest.mark.parametrize("verb", ["sum", "min", "max", "join", "first", "last", "distinct"])
@pytest.mark.parametrize(
    "values", [[True, 2], [{"x": 1}, 2], [[1], 2], [None, 2], ["x", 2], [2, "x", True, None, [], {}]]
)
def test_values_that_do_not_go_together_raise_nothing(verb: str, values: list[Any]) -> None:
    """The schema is there to forbid them; a sum of what can be added is all that can be asked of them."""
    rule = {"collect": {"c": {verb: "data.i", "from": "token"}}, "at": "done", "assert": "c == 2"}
    found = ids(judged(rule, [*tokens(*values), *done()]))
    assert found == [] if verb in ("sum", "min", "max") and "x" not in values else found in ([], ["rule.r"])


# `by`, `when`, `where`.


def by_stage(*pairs: tuple[str, Any]) -> Events:
    return [("token", {"stage": stage, "i": i}) for stage, i in pairs]


def test_by_keeps_previous_per_value() -> None:
    rule = {"at": "token", "by": "data.stage", "assert": "data.i >= previous.data.i"}
    assert ids(judged(rule, by_stage(("a", 5), ("b", 1), ("a", 6), ("b", 2)))) == []
    (finding,) = judged(rule, by_stage(("a", 5), ("b", 1), ("a", 4), ("b", 2))).findings
    assert finding.event_index == 2


def test_by_keeps_what_was_gathered_per_value() -> None:
    rule = {"at": "token", "by": "data.stage", "collect": {"n": {"count": "token"}}, "assert": "data.i == n"}
    assert ids(judged(rule, by_stage(("a", 0), ("b", 0), ("a", 1), ("b", 1)))) == []
    assert ids(judged(rule, by_stage(("a", 0), ("b", 1)))) == ["rule.r"]


def test_by_gathers_from_other_events_by_the_same_expression() -> None:
    rule = {"at": "done", "by": "data.i", "collect": {"n": {"count": "token"}}, "assert": "n == 2"}
    assert ids(judged(rule, [*tokens(1, 2, 1), *done(i=1)])) == []
    assert ids(judged(rule, [*tokens(1, 2, 1), *done(i=2)])) == ["rule.r"]


def test_an_event_on_which_by_has_no_value_is_not_looked_at() -> None:
    rule = {"at": "token", "by": "data.stage", "assert": "false"}
    assert ids(judged(rule, [("token", {"i": 1})])) == []


@pytest.mark.parametrize(
    "when", ["data.i > 5", "has(data.text)", "data.missing.member", "data.i", "request.body.absent"]
)
def test_when_it_does_not_hold_or_has_no_value_the_rule_is_silent(when: str) -> None:
    assert ids(judged({"at": "token", "when": when, "assert": "false"}, tokens(1), request=REQUEST)) == []


def test_when_it_holds_the_rule_speaks() -> None:
    assert ids(judged({"at": "token", "when": "data.i > 5", "assert": "false"}, tokens(6))) == ["rule.r"]


# `at: end`.

AT_END = {"collect": {"n": {"count": "token"}}, "at": "end", "assert": "n >= 2"}


def test_at_the_end_means_the_end_of_the_stream() -> None:
    assert ids(judged(AT_END, tokens(1, 2))) == []
    monitor = judged(AT_END, tokens(1), by=None)
    assert monitor.findings == ()
    assert [finding.id for finding in monitor.close(by="server")] == ["rule.r"]


def test_a_client_that_hangs_up_has_not_seen_the_end() -> None:
    monitor = judged(AT_END, tokens(1), by="client")
    assert monitor.findings == ()
    assert monitor.verdict is Verdict.INCONCLUSIVE


def test_an_event_may_be_called_end() -> None:
    """`at: end` means the event then; the contract's lint says so."""
    x_stream = {"sequence": "(token | end)*", "rules": [{"id": "r", "at": "end", "assert": "data.i == 1"}]}
    stream = stream_of(x_stream, {"token": SCHEMAS["token"], "end": json_event("end", {"i": {}})})
    assert ids(watched(stream, [*tokens(1)])) == []
    assert [finding.event_index for finding in watched(stream, [("end", {"i": 2}), *tokens(1)]).findings] == [0]


def test_at_the_end_of_an_empty_stream() -> None:
    assert ids(judged(AT_END, [])) == ["rule.r"]


# What cannot be judged.


def unsettled(monitor: StreamMonitor) -> list[str]:
    assert all(entry.reason for entry in monitor.unsettled)
    return [entry.id for entry in monitor.unsettled]


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


MEGABYTE = "x" * 2**20


@pytest.mark.parametrize(
    ("verb", "value"),
    [
        ({"join": "data.text", "from": "token"}, lambda _: MEGABYTE),
        ({"distinct": "data.text", "from": "token"}, lambda number: f"{number}{MEGABYTE}"),
    ],
)
def test_join_and_distinct_are_capped(verb: dict[str, str], value: Any) -> None:
    rule = {"collect": {"c": verb}, "at": "done", "assert": "false"}
    few = judged(rule, [*(("token", {"text": value(number)}) for number in range(15)), *done()])
    assert (ids(few), unsettled(few)) == (["rule.r"], [])
    many = judged(rule, [*(("token", {"text": value(number)}) for number in range(18)), *done()])
    assert (ids(many), unsettled(many)) == ([], ["rule.r"])
    assert many.verdict is Verdict.INCONCLUSIVE


def test_distinct_counts_what_it_keeps_and_not_what_comes() -> None:
    rule = {"collect": {"c": {"distinct": "data.text", "from": "token"}}, "at": "done", "assert": "size(c) == 1"}
    monitor = judged(rule, [*(("token", {"text": MEGABYTE}) for _ in range(20)), *done()])
    assert (ids(monitor), unsettled(monitor)) == ([], [])
