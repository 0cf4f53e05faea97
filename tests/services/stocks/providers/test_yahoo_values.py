"""Values that came over a network: what is left of them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from streamcontract.services.stocks.providers.yahoo_values import count_of, moment_of, number_of, text_of


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1.0),
        (-2.5, -2.5),
        (10**400, None),
        (1e19, None),
        (float("nan"), None),
        (float("inf"), None),
        ("Infinity", None),
        ("12", None),
        (True, None),
        (None, None),
        ({"raw": 1}, None),
    ],
)
def test_a_number_is_finite_or_none(value: Any, number: float | None) -> None:
    assert number_of(value) == number


@pytest.mark.parametrize(("value", "count"), [(17, 17), (17.9, 17), (-1, None), ("17", None), (float("nan"), None)])
def test_a_count_is_whole(value: Any, count: int | None) -> None:
    assert count_of(value) == count


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("  two\n words\u2028", "two words"),
        ("half \ud83d of a pair", "half \N{REPLACEMENT CHARACTER} of a pair"),
        ("left\u202eright\x00\x1b[31m", "leftright [31m"),
        (12, ""),
        (None, ""),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 300 + "…"),
        ("x" * 10_000_000, "x" * 300 + "…"),
    ],
)
def test_a_text_is_one_short_line_that_can_be_printed(value: Any, text: str) -> None:
    assert text_of(value) == text


def test_a_time_has_a_zone() -> None:
    expected = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
    assert moment_of("2026-11-20T14:30:00Z") == moment_of("2026-11-20T14:30:00") == expected
    assert moment_of("yesterday") is moment_of(12) is None
