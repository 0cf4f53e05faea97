"""Whether a task will be done in time, from how its tokens have come."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from services.tasks.tasking import asking

from streamcontract.services.tasks.pace import Pace
from streamcontract.services.tasks.task import Lease, Task
from streamcontract.services.tasks.types import TaskRequest


def after(tokens: int, every: float, *, expected: int, left: float) -> Pace:
    pace = Pace(expected, left, 0.0)
    for number in range(1, tokens + 1):
        pace.note(number * every)
    return pace


def test_nothing_is_known_against_a_task_before_its_first_token() -> None:
    assert Pace(100, 1.0, 0.0).on_time(0.5) == 1.0


@pytest.mark.parametrize(
    ("left", "least", "most"),
    [(100.0, 0.99, 1.0), (10.5, 0.5, 0.9999), (10.0, 0.4, 0.6), (9.5, 0.0001, 0.5), (2.0, 0.0, 0.01)],
)
def test_it_is_likely_with_much_time_and_unlikely_with_little(left: float, least: float, most: float) -> None:
    pace = after(50, 0.1, expected=100, left=left)  # it needs five seconds more
    assert least <= pace.on_time(5.0) <= most


@pytest.mark.parametrize("now", [10.0, 11.0])
def test_past_its_deadline_it_is_late(now: float) -> None:
    assert after(5, 0.1, expected=5, left=10.0).on_time(now) == 0.0


def test_a_task_that_has_said_all_that_is_expected_is_in_time() -> None:
    assert after(7, 0.1, expected=5, left=10.0).on_time(9.9) == 1.0


def test_tokens_that_all_come_at_once_are_in_time() -> None:
    assert after(5, 0.0, expected=10, left=1.0).on_time(0.5) == 1.0


@pytest.mark.parametrize(
    ("changes", "expected"), [({}, 64), ({"expected_tokens": 5}, 5), ({"expected_tokens": 99}, 64)]
)
def test_a_client_may_say_how_many_tokens_it_expects_but_no_more_than_it_allows(
    changes: dict[str, int], expected: int
) -> None:
    request = msgspec.convert(asking(**changes), TaskRequest)
    pace = Pace.of(Lease(Task("k", "s", request), "w", 1, 10.0), 0.0)
    for number in range(1, expected):
        pace.note(number * 20.0 / 100)
        assert pace.on_time(9.999999) < 1.0
    pace.note(9.0)
    assert pace.on_time(9.999999) == 1.0


@given(
    gaps=st.lists(st.floats(0, 1e6), max_size=20),
    expected=st.integers(0, 50_000),
    left=st.floats(0, 1e12),
    wait=st.floats(0, 1e6),
)
def test_it_is_always_a_probability(gaps: list[float], expected: int, left: float, wait: float) -> None:
    pace, now = Pace(expected, left, 0.0), 0.0
    for gap in gaps:
        now += gap
        pace.note(now)
    assert 0.0 <= pace.on_time(now + wait) <= 1.0
