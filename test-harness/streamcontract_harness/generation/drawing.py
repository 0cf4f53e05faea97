"""Hypothesis, used as a library: values from a strategy by a seed, and the smallest value that shows something."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky, HypothesisWarning, Unsatisfiable
from hypothesis.reporting import with_reporter

from streamcontract_harness.generation.by_seed import by_seed_alone

__all__ = ["draw", "smallest"]

Value = TypeVar("Value")


def draw(
    strategy: st.SearchStrategy[Value], count: int, seed_value: int, is_spent: Callable[[], bool] = lambda: False
) -> list[Value]:
    """Up to so many values, the simplest first; the same seed gives the same. None when the strategy has none.

    Once `is_spent` says so, no other value is drawn.
    """
    found: list[Value] = []

    @seed(seed_value)
    @_settings(count, Phase.generate)
    @given(strategy)
    def collect(value: Value) -> None:
        found.append(value)
        if is_spent():
            raise _Spent

    with _quiet(), suppress(_Spent, Unsatisfiable):
        collect()
    return found


def smallest(
    strategy: st.SearchStrategy[Value],
    shows: Callable[[Value], bool],
    count: int,
    seed_value: int,
    is_spent: Callable[[], bool] = lambda: False,
) -> Value | None:
    """The smallest value that shows it, as Hypothesis shrinks; None when none of the first `count` does.

    The values are those that `draw` gives for the same seed, until the first that shows it. `shows` must always answer
    the same for the same value. Once `is_spent` says so, no value is drawn any more, and the smallest so far is it.
    """
    last: list[Value] = []

    @st.composite
    def until_spent(draw_from: st.DrawFn) -> Value:
        if is_spent():
            raise _Spent
        return draw_from(strategy)

    @seed(seed_value)
    @_settings(count, Phase.generate, Phase.shrink)
    @given(until_spent())
    def search(value: Value) -> None:
        if shows(value):
            last[:] = [value]
            raise _Shown

    with _quiet(), suppress(_Shown, _Spent, Flaky, Unsatisfiable):
        search()
    return last[0] if last else None


class _Shown(Exception):  # noqa: N818 - a signal to Hypothesis, no error
    """This value shows it."""


class _Spent(BaseException):
    """No more is to be drawn. Hypothesis takes an Exception for a failure of the test, and goes on."""


def _settings(count: int, *phases: Phase) -> settings:
    return settings(
        max_examples=count,
        phases=phases,
        database=None,
        deadline=None,
        derandomize=False,
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings(), with_reporter(lambda _: None), by_seed_alone():
        warnings.simplefilter("ignore", HypothesisWarning)
        yield
