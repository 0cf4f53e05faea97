"""Prices for the page's chart, and their caption."""

from datetime import date

from services.stocks.making import bars

from streamcontract.services.stocks.chart import MOST_BARS, chart


def test_bars_are_days_and_prices_and_the_caption_says_what_they_show() -> None:
    made = chart(bars([123.4, 130.0, 110.25, 125.0], date(2026, 1, 5)), "USD")
    assert made is not None
    assert made.bars == "2026-01-02 123.4,2026-01-03 130,2026-01-04 110.25,2026-01-05 125"
    assert made.caption == (
        "Closing prices: first USD 123.40 on 2026-01-02; last USD 125.00 on 2026-01-05; "
        "lowest USD 110.25 on 2026-01-04; highest USD 130.00 on 2026-01-03."
    )


def test_days_without_a_price_are_left_out_and_nothing_makes_no_chart() -> None:
    made = chart(bars([1.0, None, float("nan"), float("inf"), 2.0], date(2026, 1, 5)), "")
    assert made is not None
    assert made.bars == "2026-01-01 1,2026-01-05 2"
    assert chart((), "USD") is None
    assert chart(bars([None]), "USD") is None


def test_a_chart_is_bounded() -> None:
    made = chart(bars([1.0] * (MOST_BARS + 5)), "USD")
    assert made is not None
    assert made.bars.count(",") == MOST_BARS - 1
