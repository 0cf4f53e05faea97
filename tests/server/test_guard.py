"""The guard's modes: what goes out, what is logged, what is counted."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from documents import document, json_event, text_event
from served import Served, counting, handlers, serve, written

from streamcontract import Event
from streamcontract.server import Problem, Settings, create_app
from streamcontract.server.settings import GuardMode

DONE = Event("done", "")


def number(n: Any) -> Event:
    return Event("number", {"n": n})


def yielding(*events: Event) -> Callable[..., AsyncIterator[Event]]:
    async def count_up(body: Any) -> AsyncIterator[Event]:
        for event in events:
            yield event

    return count_up


VIOLATIONS: dict[str, tuple[list[Event], str]] = {
    "schema": ([number(0), number("one"), DONE], "schema.payload"),
    "not json": ([number(0), Event("number", "{"), DONE], "schema.not-json"),
    "rule": ([number(0), number(5), DONE], "rule.counts-up"),
    "after the end": ([number(0), DONE, number(1)], "sequence.after-end"),
    "second end": ([number(0), DONE, DONE], "sequence.after-end"),
    "truncated": ([number(0), number(1)], "sequence.truncated"),
}


def run(
    events: list[Event], guard: GuardMode, capfd: pytest.CaptureFixture[str]
) -> tuple[Any, dict[str, float], list[Any]]:
    """The answer, the figures and the log's lines about findings."""
    with counting(yielding(*events), guard=guard) as served:
        answer = served.client.post("/v1/count", json={"to": 0})
        figures = served.metrics()
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    return answer, figures, [line for line in lines if "finding" in line and "message" in line]


def findings(figures: dict[str, float]) -> dict[str, float]:
    prefix = "streamcontract_guard_findings_total"
    return {key.split('finding="')[1].split('"')[0]: n for key, n in figures.items() if key.startswith(prefix)}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_enforce_holds_a_violation_back(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    events, id_ = VIOLATIONS[name]
    answer, figures, logged = run(events, "enforce", capfd)
    assert findings(figures) == {id_: 1}
    assert [line["finding"] for line in logged] == [id_]
    assert logged[0]["level"] == "error"
    assert id_.startswith("schema.") or "counter.yaml:" in logged[0]["contract"]
    if name in ("after the end", "second end"):
        assert answer.text == 'event: number\ndata: {"n":0}\n\nevent: done\ndata: \n\n', "the stream was whole already"
    else:
        assert answer.text.startswith('event: number\ndata: {"n":0}\n\n')
        assert answer.text.split("event: ")[-1].startswith(
            'error\ndata: {"code":"INTERNAL","error":"Internal error. Ref'
        )
        assert '"one"' not in answer.text
        assert "event: done" not in answer.text


@pytest.mark.parametrize("name", VIOLATIONS)
def test_report_lets_it_out_and_tells(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    events, id_ = VIOLATIONS[name]
    answer, figures, logged = run(events, "report", capfd)
    assert answer.text.count("event: ") == len(events)
    assert "error" not in answer.text
    assert findings(figures) == {id_: 1}
    assert [(line["finding"], line["held_back"]) for line in logged] == [(id_, False)]


@pytest.mark.parametrize("name", VIOLATIONS)
def test_off_looks_at_nothing(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    events, _ = VIOLATIONS[name]
    answer, figures, logged = run(events, "off", capfd)
    assert answer.text.count("event: ") == len(events)
    assert findings(figures) == {}
    assert logged == []


def test_what_goes_by_a_secret_s_name_is_not_logged(capfd: pytest.CaptureFixture[str]) -> None:
    _, _, (line,) = run([Event("number", [{"password": "s3cret"}]), DONE], "enforce", capfd)
    assert line["got"] == 'data = [{"password":"[redacted]"}]'


@pytest.mark.parametrize("guard", ["enforce", "report", "off"])
def test_a_right_stream_goes_through_every_mode(guard: GuardMode, capfd: pytest.CaptureFixture[str]) -> None:
    answer, figures, logged = run([number(0), number(1), DONE], guard, capfd)
    assert answer.text == 'event: number\ndata: {"n":0}\n\nevent: number\ndata: {"n":1}\n\nevent: done\ndata: \n\n'
    assert findings(figures) == {}
    assert logged == []
    assert figures['streamcontract_streams_total{operation="countUp",outcome="success"}'] == 1


def test_a_violation_as_the_first_event_is_a_problem() -> None:
    with counting(yielding(number(7))) as served:
        answer = served.client.post("/v1/count", json={"to": 0})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_stream_without_any_event_is_a_problem_where_some_are_due() -> None:
    with counting(yielding()) as served:
        assert served.client.post("/v1/count", json={"to": 0}).status_code == 500


def test_what_a_rule_says_of_the_failure_event_is_logged_only(capfd: pytest.CaptureFixture[str]) -> None:
    async def count_up(body: Any) -> AsyncIterator[Event]:
        yield number(0)
        raise Problem(500, "gone")

    with counting(count_up) as served:
        answer = served.client.post("/v1/count", json={"to": 0})
        assert findings(served.metrics()) == {}
    assert answer.text.endswith('event: error\ndata: {"code":"INTERNAL","error":"gone"}\n\n')


def test_unknown_events_go_out_and_are_counted_as_such() -> None:
    with counting(yielding(Event("news", "x"), number(0), DONE)) as served:
        assert "event: news" in served.client.post("/v1/count", json={"to": 0}).text
        assert events(served) == {"unknown": 1, "number": 1, "done": 1}


@pytest.mark.parametrize("guard", ["report", "off"])
def test_the_handler_is_closed_in_every_mode(guard: GuardMode) -> None:
    closed: list[bool] = []

    async def count_up(body: Any) -> AsyncIterator[Event]:
        try:
            yield DONE
        finally:
            closed.append(True)

    with counting(count_up, guard=guard) as served:
        served.client.post("/v1/count", json={"to": 0})
    assert closed == [True]


def test_the_handler_is_closed_when_an_event_is_held_back() -> None:
    closed: list[bool] = []

    async def count_up(body: Any) -> AsyncIterator[Event]:
        try:
            yield number(0)
            yield number(9)
            yield DONE
        finally:
            closed.append(True)

    with counting(count_up) as served:
        served.client.post("/v1/count", json={"to": 0})
        assert closed == [True]


def events(served: Served) -> dict[str, float]:
    prefix = "streamcontract_events_total"
    return {k.split('symbol="')[1].split('"')[0]: n for k, n in served.metrics().items() if k.startswith(prefix)}


def test_a_large_request_leaves_the_rules_about_it_unjudged_and_the_order_judged(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def watch(body: Any) -> AsyncIterator[Event]:
        yield Event("tick", "wrong")
        if body["twice"]:
            yield Event("tick", "wrong")

    rule = {"id": "as-asked", "at": "tick", "assert": "data == request.body.text"}
    tree = document({"sequence": "tick", "rules": [rule]}, {"tick": text_event("tick")})
    tree["paths"]["/watch"]["post"]["requestBody"] = {"content": {"application/json": {}}}
    app = create_app({written(tmp_path, tree): handlers(watch=watch)}, settings=Settings(guard_body_limit=100))
    with serve(app) as served:
        small = served.client.post("/watch", json={"text": "x", "twice": False})
        large = served.client.post("/watch", json={"text": "x" * 100, "twice": False})
        twice = served.client.post("/watch", json={"text": "x" * 100, "twice": True})
        found = findings(served.metrics())
    assert small.status_code == 500
    assert (large.status_code, large.text.count("tick")) == (200, 1)
    assert twice.text.count("tick") == 1
    assert found == {"rule.as-asked": 1, "sequence.after-end": 1}
    said = [line for line in capfd.readouterr().err.splitlines() if "too large to be judged by" in line]
    assert len(said) == 2
    assert "rule.as-asked" in said[0]


def test_a_large_event_leaves_the_rules_about_it_unjudged_and_its_schema_judged(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def watch(body: Any) -> AsyncIterator[Event]:
        yield Event("tick", {"text": body["text"]})

    text = {"text": {"type": "string", "maxLength": 300}}
    rule = {"id": "short", "at": "tick", "assert": "size(data.text) < 3"}
    tree = document({"sequence": "tick", "rules": [rule]}, {"tick": json_event("tick", text)})
    tree["paths"]["/watch"]["post"]["requestBody"] = {"content": {"application/json": {}}}
    app = create_app({written(tmp_path, tree): handlers(watch=watch)}, settings=Settings(guard_event_limit=100))
    with serve(app) as served:
        statuses = [served.client.post("/watch", json={"text": "x" * n}).status_code for n in (2, 3, 200, 301)]
        found = findings(served.metrics())
    assert statuses == [200, 500, 200, 500]
    assert found == {"rule.short": 1, "schema.payload": 1}
    said = [line for line in capfd.readouterr().err.splitlines() if "the event is too large to be judged by" in line]
    assert len(said) == 2
    assert "rule.short" in said[0]


@pytest.mark.parametrize("guard", ["enforce", "report"])
def test_rules_about_a_link_disturb_no_stream(
    guard: GuardMode, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The guard knows of no request before this one, so that it can neither fail nor leave anything open."""

    async def watch(body: Any) -> AsyncIterator[Event]:
        yield Event("tick", "1")

    rules = [
        {"id": "as-admitted", "at": "tick", "assert": "data == linked.response.body.text"},
        {"id": "as-asked", "at": "end", "collect": {"n": {"count": "tick", "where": "linked.request.body.n == 2"}},
         "when": "has(linked.request.body)", "assert": "n == 2"},
    ]  # fmt: skip
    tree = document({"sequence": "tick", "rules": rules}, {"tick": text_event("tick")})
    tree["paths"]["/watch"]["post"]["requestBody"] = {"content": {"application/json": {}}}
    app = create_app({written(tmp_path, tree): handlers(watch=watch)}, settings=Settings(guard=guard))
    with serve(app) as served:
        answer = served.client.post("/watch", json={})
        assert findings(served.metrics()) == {}
    assert (answer.status_code, answer.text) == (200, "event: tick\ndata: 1\n\n")
    assert "finding" not in capfd.readouterr().err
