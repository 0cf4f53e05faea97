"""What a rule gathers from the events before: `collect` and its verbs."""

from typing import Any

import pytest
from documents import ids
from one_rule import Events, done, judged, tokens, unsettled

from streamcontract import Verdict
from streamcontract.monitor import gathering


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


def test_the_halves_of_a_character_that_two_events_share_are_joined() -> None:
    rule = {"collect": {"c": {"join": "data.i", "from": "token"}}, "at": "done", "assert": "size(c) == 1"}
    halves: Events = [("token", '{"i": "\\ud83d"}'), ("token", '{"i": "\\ude00"}')]
    assert judged(rule, [*halves, *done()]).verdict is Verdict.CONFORMS
    half = judged(rule, [*halves[:1], *done()])
    assert unsettled(half) == ["rule.r"]
    assert half.verdict is Verdict.INCONCLUSIVE


def test_a_sum_beyond_a_double_is_not_judged() -> None:
    rule = {"collect": {"c": {"sum": "data.i", "from": "token"}}, "at": "done", "assert": "c > 0"}
    for values in (['{"i": 1e999}'], ['{"i": 0.5}', f'{{"i": {10**400}}}']):
        assert unsettled(judged(rule, [*(("token", value) for value in values), *done()])) == ["rule.r"]


@pytest.mark.parametrize("verb", ["distinct", "join"])
def test_what_is_read_and_gathered_all_along_is_given_up_before_it_takes_the_square_of_the_stream(verb: str) -> None:
    text = "x" * 2_000 if verb == "join" else "x"
    rule = {"collect": {"c": {verb: "data.i", "from": "token"}}, "at": "token", "assert": "size(c) >= 0"}
    few = judged(rule, [*tokens(*(f"{text}{number}" for number in range(500))), *done()])
    assert few.verdict is Verdict.CONFORMS
    many = judged(rule, [*tokens(*(f"{text}{number}" for number in range(3_000))), *done()])
    assert unsettled(many) == ["rule.r"]
    assert "event after event" in many.unsettled[0].reason


def test_read_once_it_may_be_as_large_as_can_be_gathered() -> None:
    rule = {"collect": {"c": {"join": "data.i", "from": "token"}}, "at": "done", "assert": "size(c) == 15000000"}
    assert judged(rule, [*tokens(*["x" * 1_000_000] * 15), *done()]).verdict is Verdict.CONFORMS


def test_many_short_values_count_for_more_than_their_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "GATHER_LIMIT", 10_000)
    rule = {"collect": {"c": {"distinct": "data.i", "from": "token"}}, "at": "done", "assert": "size(c) > 0"}
    assert judged(rule, [*tokens(*range(100)), *done()]).verdict is Verdict.CONFORMS
    assert unsettled(judged(rule, [*tokens(*range(200)), *done()])) == ["rule.r"]
