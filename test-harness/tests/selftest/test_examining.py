"""A contract held to itself: what is made of it, what is said of it, and that a blind monitor is found out."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_contracts import contract_of, field_event, tasks, ticker

from streamcontract.monitor.rules import RuleWatch
from streamcontract.monitor.slices import SliceWatch
from streamcontract_harness.selftest.verdicts import OperationResult, examine, plain


def examined(tree: dict[str, Any], folder: Path, operation: str = "watch", count: int = 8) -> OperationResult:
    return examine(contract_of(tree, folder), operation, 1, count)


def with_rules(*rules: dict[str, Any]) -> dict[str, Any]:
    counts = {"id": "done-counts", "collect": {"seen": {"count": "tick"}}, "at": "done", "assert": "data.ticks == seen"}
    return ticker({"rules": [counts, *rules]})


def about(result: OperationResult, what: str, *, always: bool = True) -> tuple[str, ...]:
    return next((gap.about for gap in result.gaps if gap.what == what and gap.always is always), ())


@pytest.fixture(scope="module")
def of_ticker(tmp_path_factory: pytest.TempPathFactory) -> OperationResult:
    return examined(ticker({"timing": {"firstEventMs": 500}, "retry": 3000}), tmp_path_factory.mktemp("ticker"))


def test_right_streams_are_accepted_and_wrong_ones_caught(of_ticker: OperationResult) -> None:
    assert of_ticker.defects == []
    assert of_ticker.holds
    assert of_ticker.right >= 8
    assert of_ticker.accepted == of_ticker.readings == 5 * of_ticker.right
    assert of_ticker.transitions_seen == of_ticker.transitions == 3
    caught = {row.id: row.caught for row in of_ticker.caught}
    expected = {
        "rule.done-counts", "schema.payload", "schema.not-json", "sequence.after-end", "sequence.truncated",
        "timing.first-event", "timing.retry", "wire.invalid-utf8", "wire.unterminated-event",
    }  # fmt: skip
    assert caught.keys() == expected
    assert all(row.made == row.caught > 0 for row in of_ticker.caught)


def test_what_the_contract_does_not_forbid_is_told(of_ticker: OperationResult) -> None:
    assert set(about(of_ticker, "another value")) == {"tick.n", "error.message"}
    assert about(of_ticker, "a silence") == ("any",)
    assert about(of_ticker, "an unknown event") == ("any",)
    assert about(of_ticker, "a late first event") == ()


def test_the_same_seed_says_the_same(of_ticker: OperationResult, tmp_path: Path) -> None:
    again = examined(ticker({"timing": {"firstEventMs": 500}, "retry": 3000}), tmp_path)
    assert plain(again) == plain(of_ticker)


def test_rules_that_nothing_breaks_and_rules_that_are_never_applied(tmp_path: Path) -> None:
    always = {"id": "always", "at": "tick", "assert": "data.n == data.n"}
    never = {"id": "never", "at": "tick", "when": "data.n != data.n", "assert": "false"}
    result = examined(with_rules(always, never), tmp_path)
    assert result.vacuous == ("rule.always",)
    assert result.not_applied == ("never",)
    assert result.holds


def test_a_contract_that_contradicts_itself_has_no_right_stream(tmp_path: Path) -> None:
    impossible = {"id": "impossible", "at": ["done", "error"], "assert": "index < 0"}
    result = examined(with_rules(impossible), tmp_path, count=2)
    assert result.right == 0
    assert not result.holds
    assert "rule.impossible" in result.unmade


def test_slices_are_woven_and_broken(tmp_path: Path) -> None:
    parts = {
        "id": "parts",
        "by": "data.n",
        "events": ["begin", "end"],
        "sequence": "begin end",
        "completeBefore": ["done"],
    }
    tree = ticker({"sequence": "(begin | end)* done", "outcome": {"success": ["done"]}, "slices": [parts], "rules": []})
    media = tree["paths"]["/ticks"]["get"]["responses"]["200"]["content"]["text/event-stream"]
    media["itemSchema"]["oneOf"] = [
        field_event("begin", n="integer"), field_event("end", n="integer"), field_event("done", n="integer")
    ]  # fmt: skip
    result = examined(tree, tmp_path)
    assert result.holds, result.defects
    assert result.transitions_seen == result.transitions
    assert next(row for row in result.caught if row.id == "slice.parts").caught > 3
    assert result.vacuous == ()


def test_streams_behind_a_link_are_made_too(tmp_path: Path) -> None:
    tree = tasks()
    stream = tree["paths"]["/tasks/{id}/stream"]["get"]["responses"]["200"]["content"]["text/event-stream"]["x-stream"]
    stream["rules"].append({"id": "as-asked", "at": "end", "assert": "data.tokens == linked.request.body.n"})
    result = examined(tree, tmp_path, "streamTask")
    assert result.holds, result.defects
    assert result.not_applied == ()
    assert "rule.as-asked" in {row.id for row in result.caught}
    assert result.not_here == ("afterwards.task-knows-its-length",)


def blind(*_: object) -> Iterator[object]:
    return iter(())


@pytest.mark.parametrize(("watch", "id_"), [(RuleWatch, "rule.done-counts"), (SliceWatch, "slice.once")])
def test_a_blind_monitor_is_found_out(watch: type, id_: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    once = {"id": "once", "by": "data.n", "events": ["tick"], "sequence": "tick"}
    tree = copy.deepcopy(ticker({"slices": [once]}))
    monkeypatch.setattr(watch, "observe", blind)
    result = examined(tree, tmp_path, count=4)
    row = next(row for row in result.caught if row.id == id_)
    assert row.caught == 0 < row.made
    assert not result.holds
    assert any(id_ in defect.expected for defect in result.defects)


def test_a_monitor_that_sees_ghosts_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamcontract.monitor.order.OrderTracker.complete", False)
    once = {"id": "once", "by": "data.n", "events": ["tick"], "sequence": "tick"}
    result = examined(ticker({"slices": [once]}), tmp_path, count=4)
    assert not result.holds
    assert any(defect.what.startswith("a right stream") for defect in result.defects)
