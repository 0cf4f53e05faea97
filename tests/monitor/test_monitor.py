"""The monitor as a whole: single events, unknown ones, verdicts, the choice of an order."""

from typing import Any

import pytest
from chat import DELTA, DONE, META, chat
from documents import ids, json_event, stream_of, text_event, watched

from streamcontract import Event, Level, Request, Verdict

# Verdicts, outcomes, and what else is known of a stream.


def test_a_right_stream_conforms() -> None:
    monitor = watched(chat(), [META, DELTA, DONE])
    assert (monitor.findings, monitor.unsettled, monitor.verdict) == ((), (), Verdict.CONFORMS)
    assert (monitor.events, monitor.last_symbol, monitor.outcome, monitor.ended) == (3, "done", "success", True)


def test_a_failure_that_the_contract_knows_conforms_too() -> None:
    monitor = watched(chat(), [META, ("error", {"message": "no"})])
    assert (monitor.verdict, monitor.outcome) == (Verdict.CONFORMS, "failure")


def test_what_comes_after_the_end_changes_nothing_of_how_it_ended() -> None:
    monitor = watched(chat(), [META, DELTA, DONE, DELTA])
    assert (ids(monitor), monitor.last_symbol, monitor.outcome) == (["sequence.after-end"], "done", "success")


@pytest.mark.parametrize(
    ("events", "by", "verdict", "outcome"),
    [
        ([META, DELTA], "server", Verdict.VIOLATES, None),
        ([META, DELTA], "client", Verdict.INCONCLUSIVE, None),
        ([], "server", Verdict.VIOLATES, None),
        ([], "client", Verdict.INCONCLUSIVE, None),
        ([META, META], "client", Verdict.VIOLATES, None),
        ([META, ("delta", {})], "client", Verdict.VIOLATES, None),
        ([META, ("delta", {"text": ""}), ("done", {"text": ""})], "server", Verdict.CONFORMS, "success"),
    ],
)
def test_the_verdict_has_three_values(events: Any, by: str, verdict: Verdict, outcome: str | None) -> None:
    monitor = watched(chat(), events, by=by)
    assert (monitor.verdict, monitor.outcome) == (verdict, outcome)


def test_before_the_end_a_right_stream_is_inconclusive() -> None:
    assert watched(chat(), [META, DELTA], by=None).verdict is Verdict.INCONCLUSIVE
    assert watched(chat(), [DELTA], by=None).verdict is Verdict.VIOLATES


def test_what_is_known_goes_on_with_the_stream() -> None:
    monitor = chat().monitor()
    assert (monitor.events, monitor.last_symbol, monitor.outcome, monitor.ended) == (0, None, None, False)
    monitor.observe(Event("meta", {"chatId": "1"}))
    assert (monitor.events, monitor.last_symbol, monitor.outcome, monitor.ended) == (1, "meta", None, False)
    monitor.observe(Event("done", {"text": ""}))
    assert (monitor.events, monitor.last_symbol, monitor.outcome, monitor.ended) == (2, "done", "success", True)


def test_only_new_findings_are_returned_and_all_are_kept() -> None:
    monitor = chat().monitor()
    assert [finding.id for finding in monitor.observe(Event("delta", {"text": "a"}))] == ["sequence.unexpected-event"]
    assert monitor.observe(Event("delta", {"text": "a"})) == []
    assert [finding.id for finding in monitor.observe(Event("delta", {"text": 1}))] == ["schema.payload"]
    assert [finding.id for finding in monitor.close()] == ["sequence.truncated"]
    assert ids(monitor) == ["sequence.unexpected-event", "schema.payload", "sequence.truncated"]


def test_what_a_failing_server_does_is_said_of_a_truncated_stream() -> None:
    monitor = chat().monitor()
    monitor.observe(Event("meta", {"chatId": "1"}))
    (finding,) = monitor.close()
    assert finding.message.endswith("; a server that fails sends error or lets the connection break off")


def test_the_request_is_kept_with_every_finding() -> None:
    request = Request(method="POST", url="http://127.0.0.1/watch", body={"prompt": "x"})
    monitor = watched(chat(), [DELTA], request=request)
    assert monitor.findings
    assert all(finding.request == request for finding in monitor.findings)


# One event by itself.


@pytest.mark.parametrize(
    ("event", "id_", "words"),
    [
        (("delta", {"txt": "a"}), "schema.payload", {"text"}),
        (("delta", {"text": 7}), "schema.payload", {"text", "7", "string"}),
        (("delta", "no json"), "schema.not-json", {"JSON", "no json"}),
        (("delta", ""), "schema.not-json", {"JSON"}),
    ],
)
def test_what_is_wrong_inside_an_event_is_named(event: Any, id_: str, words: set[str]) -> None:
    monitor = watched(chat(), [META, event], by="client")
    (finding,) = monitor.findings
    assert (finding.id, finding.event_index, finding.level) == (id_, 1, Level.MUST)
    assert finding.message.startswith("event 2 (delta): ")
    assert all(word in finding.message + finding.expected + finding.got for word in words), finding


def test_the_envelope_is_checked_apart_from_the_payload() -> None:
    tick = {**text_event("tick", id={"type": "string"}), "required": ["event", "data", "id"]}
    monitor = stream_of({"sequence": "tick*"}, {"tick": tick}).monitor()
    monitor.feed(b"id: 1\nevent: tick\ndata: x\n\nevent: tick\ndata: x\n\n")
    monitor.close()
    (finding,) = monitor.findings
    assert (finding.id, finding.event_index) == ("schema.event", 1)
    assert "id" in finding.message


def test_equal_faults_are_one_finding_and_different_ones_are_not() -> None:
    wrong = [("delta", {"text": number}) for number in range(4)]
    monitor = watched(chat(), [META, *wrong, ("delta", {}), ("delta", {"text": 9})], by="client")
    assert [(finding.id, finding.count) for finding in monitor.findings] == [
        ("schema.payload", 5),
        ("schema.payload", 1),
    ]
    assert monitor.findings[0].places[:4] == (1, 2, 3, 4)
    assert monitor.findings[0].event_index == 1


def test_an_event_with_an_invalid_payload_counts_for_the_order() -> None:
    assert ids(watched(chat(), [META, ("delta", {}), ("error", {"message": "x"})])) == ["schema.payload"]
    assert ids(watched(chat(), [("meta", "no json"), ("error", {"message": "x"})])) == ["schema.not-json"]


def test_a_message_about_a_huge_event_stays_short() -> None:
    monitor = watched(chat(), [META, ("delta", {"text": ["x" * 100_000]}), ("delta", "y" * 100_000)], by="client")
    assert monitor.findings
    for finding in monitor.findings:
        assert len(finding.message) + len(finding.got) + len(finding.expected) < 2_000


# Unknown events.


def test_an_unknown_event_is_ignored() -> None:
    monitor = watched(chat(), [("news", "x"), META, ("news", "x"), DELTA, (None, "x"), DONE, ("news", "x")])
    assert (monitor.findings, monitor.verdict) == ((), Verdict.CONFORMS)


def test_unknown_events_are_counted_and_named_where_the_order_is_wrong() -> None:
    monitor = watched(chat(), [META, ("Delta", {"text": "a"}), (None, "x"), ("Delta", {"text": "b"}), META])
    assert monitor.unknown.counts == {"Delta": 2, "message": 1}
    first, second = monitor.findings
    assert first.message.endswith("; ignored as unknown: Delta ×2, message ×1")
    assert (first.id, second.id) == ("sequence.unexpected-event", "sequence.truncated")


def test_names_of_unknown_events_are_bounded() -> None:
    monitor = watched(
        chat(), [META, *((f"n{number}", "x") for number in range(1_000)), ("y" * 5_000, "x"), DELTA, DONE]
    )
    assert len(monitor.unknown.counts) <= 21
    assert sum(monitor.unknown.counts.values()) == 1_001
    assert monitor.unknown.counts["…"] == 981
    assert max(map(len, watched(chat(), [("y" * 5_000, "x")]).unknown.counts)) < 100


def test_an_unknown_event_is_rejected_where_the_contract_says_so() -> None:
    monitor = watched(chat(unknownEvents="reject"), [META, ("news", "x"), DELTA, ("news", "x"), DONE])
    (finding,) = monitor.findings
    assert (finding.id, finding.event_index, finding.count, finding.places) == ("schema.unknown-event", 1, 2, (1, 3))
    assert "news" in finding.message
    assert monitor.verdict is Verdict.VIOLATES


def test_an_index_counts_all_events_and_a_number_is_one_more() -> None:
    monitor = watched(chat(), [("news", "x"), META, META], by="client")
    (finding,) = monitor.findings
    assert finding.event_index == 2
    assert finding.message.startswith("event 3 (meta): ")


# Which order holds.

BY_REQUEST = [
    {"when": "request.body.mode == 'short'", "sequence": "meta done"},
    {"when": "request.body.mode != 'any'", "sequence": "meta delta{2} done"},
    {"sequence": "(meta | delta | done | error)*"},
]


@pytest.mark.parametrize(
    ("mode", "events", "found"),
    [
        ("short", [META, ("done", {"text": ""})], []),
        ("short", [META, DELTA, DONE], ["sequence.unexpected-event"]),
        ("long", [META, DELTA, DELTA, ("done", {"text": "aa"})], []),
        ("long", [META, ("done", {"text": ""})], ["sequence.unexpected-event"]),
        ("any", [DELTA, DELTA, META], []),
        (None, [DELTA, DELTA, META], []),
    ],
)
def test_the_first_order_whose_condition_holds(mode: str | None, events: Any, found: list[str]) -> None:
    """Without a mode no `when` has a value, which means no: the last one is the default."""
    body = {} if mode is None else {"mode": mode}
    monitor = watched(chat(sequence=BY_REQUEST, outcome={}, slices=[]), events, request=Request(body=body))
    assert ids(monitor) == found


def test_without_a_request_the_order_is_not_judged() -> None:
    monitor = watched(chat(sequence=BY_REQUEST, outcome={}, slices=[]), [DELTA, META])
    assert monitor.findings == ()
    assert monitor.unsettled
    assert monitor.verdict is Verdict.INCONCLUSIVE


# For `afterwards`.


def test_what_a_follow_up_needs_is_gathered() -> None:
    stream = chat(
        afterwards=[
            {
                "id": "stored",
                "after": "done",
                "operation": "watch",
                "collect": {"chat_id": {"first": "data.chatId", "from": "meta"}},
                "assert": "response.body.text == last.data.text",
            }
        ]
    )
    monitor = watched(stream, [META, DELTA, ("news", "x"), DONE])
    assert monitor.collected(stream.afterwards[0]) == {"chat_id": "1"}
    assert monitor.last is not None
    assert (monitor.last["data"], monitor.last["event"], monitor.last["id"]) == ({"text": "a"}, "done", "")
    assert monitor.last["index"] == 2


def test_a_finding_repeats_no_more_of_a_name_than_a_person_reads() -> None:
    stream = stream_of({"sequence": "a*", "unknownEvents": "reject"}, {"a": text_event("a")})
    monitor = watched(stream, [("x" * 1_000_000, "1"), ("x" * 1_000_000, "2"), ("x" * 999_999 + "y", "3")])
    findings = monitor.findings
    assert [finding.count for finding in findings] == [2, 1]
    assert all(len(text) < 3_000 for f in findings for text in (f.message, f.expected, f.got, f.place))


def test_an_unknown_event_is_called_as_it_calls_itself() -> None:
    schemas = {name: json_event(name, {"type": {"const": name}}) for name in ("s", "e")}
    stream = stream_of({"sequence": "s* e", "symbol": "data.type", "unknownEvents": "reject"}, schemas)
    (finding,) = watched(stream, [("s", {"type": "s"}), ("s", {"type": "other"}), ("e", {"type": "e"})]).findings
    assert (finding.id, finding.got) == ("schema.unknown-event", "other")
    assert "no such event called 'other'" in finding.message


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "pattern": "."}, r'"\ud83d"'),
        ({"enum": ["a"]}, r'"\ud83d"'),
        ({"type": "string", "format": "email"}, r'"\ud83d"'),
        ({"maximum": 5}, "1" * 5_000),
    ],
)
def test_what_the_library_cannot_hold_to_a_schema_is_left_open(schema: dict[str, Any], value: str) -> None:
    tick, tock = json_event("tick", {"t": schema}), json_event("tock", {})
    rules = [{"id": "r", "at": "tick", "assert": "data.t == 'x'"}]
    monitor = stream_of({"sequence": "tick* tock*", "rules": rules}, {"tick": tick, "tock": tock}).monitor()
    monitor.feed(b'event: tick\ndata: {"t": %b}\n\n' % value.encode())
    monitor.close()
    assert (monitor.findings, monitor.verdict) == ((), Verdict.INCONCLUSIVE)
    reasons = {unsettled.id: unsettled.reason for unsettled in monitor.unsettled}
    assert reasons["schema.payload"].startswith("event 1: data has ")
    assert reasons["rule.r"] == "event 1 (tick) cannot be judged"


def test_event_of_which_an_alternative_is_left_open_may_be_that_one() -> None:
    chunks = {name: json_event("message", {name: {"pattern": "."}}) for name in ("a", "b")}
    for name, chunk in chunks.items():
        chunk |= {"required": ["data"], "x-symbol": name}
    monitor = stream_of({"sequence": "(a | b)*"}, chunks).monitor()
    monitor.feed(b'data: {"b": "\\ud83d"}\n\n')
    monitor.close()
    assert (monitor.findings, monitor.verdict) == ((), Verdict.INCONCLUSIVE)
