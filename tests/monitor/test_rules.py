"""What ties events to each other and to the request (section 5 of the contract language)."""

from typing import Any

import pytest
from documents import ids, json_event, stream_of, watched
from one_rule import REQUEST, SCHEMAS, Events, done, judged, tokens, unsettled

from streamcontract import Event, Level, Response, Verdict
from streamcontract.monitor import gathering

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


# Values that JSON has and CEL has not.


def test_by_tells_integers_of_any_size_apart() -> None:
    once = {"by": "data.i", "collect": {"seen": {"count": "token"}}, "at": "token", "assert": "seen == 0"}
    assert judged(once, [*tokens(2**64, 2**64 + 1), *done()]).verdict is Verdict.CONFORMS
    assert ids(judged(once, [*tokens(2**64, 2**64), *done()])) == ["rule.r"]


@pytest.mark.parametrize("data", ['{"i": 18446744073709551616}', '{"i": 1e999}', '{"i": "\\ud83d"}'])
def test_what_cel_cannot_hold_is_not_judged(data: str) -> None:
    monitor = judged({"at": "token", "assert": "data.i == previous.data.i"}, [("token", data), ("token", data)])
    assert (ids(monitor), unsettled(monitor)) == ([], ["rule.r"])
    assert judged({"at": "token", "assert": "!has(data.x)"}, [("token", data)]).verdict is Verdict.CONFORMS


def test_a_message_shows_little_of_a_large_value_and_nothing_that_cannot_be_written() -> None:
    rule = {"at": "done", "assert": "data.text == data.i"}
    (finding,) = judged(rule, done(text="x" * 1_000_000, i=[list(range(1_000))] * 900)).findings
    assert len(finding.message) < 500
    (finding,) = judged({"at": "token", "assert": "data.i"}, [("token", '{"i": "\\ud83d"}')]).findings
    assert finding.message.encode()


# Events whose data is not to be looked at.


def observed(*rules: dict[str, Any], passed_over: int) -> Any:
    """The monitor of `token token done`, of which one event is too large for rules."""
    stream = stream_of({"sequence": "(token | other | note)* done", "rules": list(rules)}, SCHEMAS)
    monitor = stream.monitor()
    for number, (name, data) in enumerate([*tokens(2, 2), *done(i=2)]):
        monitor.observe(Event(name, data), rules=number != passed_over)
    monitor.close()
    return monitor


@pytest.mark.parametrize(
    ("rule", "passed_over", "settled"),
    [
        ({"at": "done", "assert": "data.i == 1"}, 0, True),
        ({"at": "done", "assert": "data.i == 1"}, 2, False),
        ({"at": "token", "assert": "data.i == 1"}, 0, False),
        ({"at": "token", "assert": "index == 9"}, 0, True),
        ({"at": "done", "collect": {"n": {"count": "token"}}, "assert": "n == 9"}, 0, True),
        ({"at": "done", "collect": {"n": {"count": "token"}}, "assert": "n == 9"}, 2, True),
        ({"at": "done", "collect": {"n": {"count": "token", "where": "data.i == 2"}}, "assert": "n == 9"}, 0, False),
        ({"at": "done", "collect": {"n": {"count": "token", "where": "data.i == 2"}}, "assert": "n == 9"}, 2, True),
        ({"at": "token", "by": "data.i", "assert": "index == 9"}, 1, False),
        ({"at": "end", "assert": "last.data.i == 1"}, 1, True),
        ({"at": "end", "assert": "last.data.i == 1"}, 2, False),
    ],
)
def test_a_rule_that_reads_what_is_passed_over_is_unsettled(
    rule: dict[str, Any], passed_over: int, settled: bool
) -> None:
    monitor = observed({"id": "r", **rule}, passed_over=passed_over)
    assert [part.id for part in monitor.unsettled] == ([] if settled else ["rule.r"])
    if settled:
        assert ids(monitor) == ["rule.r"]
    else:
        assert monitor.verdict is not Verdict.CONFORMS
        assert "too large" in monitor.unsettled[0].reason


# What a rule keeps.


def test_of_previous_a_rule_keeps_what_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "GATHER_LIMIT", 10_000)
    rule = {"by": "data.stage", "at": "token", "assert": "data.i >= previous.data.i"}
    events: Events = [("token", {"stage": n % 100, "i": n, "text": "x" * 1_000}) for n in range(1_000)]
    assert judged(rule, [*events, *done()]).verdict is Verdict.CONFORMS
    whole = {**rule, "when": "previous.data.text == data.text"}
    assert unsettled(judged(whole, [*events, *done()])) == ["rule.r"]
    assert judged({**whole, "by": "'all'"}, [*events, *done()]).verdict is Verdict.CONFORMS


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("previous.data.i < data.i && previous.index == index - 1", True),
        ("size(previous) == 4 && previous.event == 'token' && previous.id == ''", True),
        ("previous.data == {'i': 1}", True),
        ("previous['data']['i'] == 1", True),
        ("previous.data.i == 2", False),
    ],
)
def test_previous_has_all_that_is_read_of_it(condition: str, holds: bool) -> None:
    assert ids(judged({"at": "token", "assert": condition}, tokens(1, 2))) == ([] if holds else ["rule.r"])


def test_keys_take_of_what_a_rule_may_keep() -> None:
    rule = {"by": "data.i", "collect": {"seen": {"count": "token"}}, "at": "token", "assert": "seen == 0"}
    long = [f"{n}{'x' * 1_000_000}" for n in range(20)]
    assert unsettled(judged(rule, [*tokens(*long), *done()])) == ["rule.r"]
