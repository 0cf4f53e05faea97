"""Flaws of the data, each with the note that it brings."""

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from services.stocks.making import TODAY, YEAR, bars, market

from streamcontract.services.stocks.analysts.rules.sanity import look_for_flaws
from streamcontract.services.stocks.market import (
    Bar,
    Benchmark,
    Financials,
    Intel,
    Peer,
    Prices,
    Profile,
    Recommendations,
    Trends,
)

STEADY = [180.0] * 300
BEFORE = replace(YEAR, ends=date(2025, 9, 30))


def notes(**changes: Any) -> list[str]:
    return list(look_for_flaws(market(**changes)).notes)


def prices(*closes: float | None, last: date = TODAY) -> Prices:
    return Prices(bars=bars([*STEADY, *closes], last))


def year(**changes: Any) -> Financials:
    return Financials(currency="USD", periods=(replace(YEAR, **changes), BEFORE))


def test_data_without_a_flaw_brings_no_note() -> None:
    assert notes() == []


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (prices(None, 180.0), ["Prices: 1 day without a price, of 302."]),
        (prices(float("nan"), None, 180.0), ["Prices: 2 days without a price, of 303."]),
        (prices(0.0, -5.0, 180.0), ["Prices: 2 days with a price of zero or less, of 303."]),
        (prices(180.0, last=TODAY + timedelta(days=1)), ["Prices: 1 day after 2026-10-30, of 301."]),
        (prices(last=TODAY - timedelta(days=7)), []),
        (
            prices(last=TODAY - timedelta(days=8)),
            ["Prices: the last one is of 2026-10-22, 8 days before 2026-10-30."],
        ),
        (prices(270.0), []),  # exactly 50%
        (prices(270.1), ["Prices: changed by more than 50% in one step, to 2026-10-30."]),
        (prices(89.9), ["Prices: changed by more than 50% in one step, to 2026-10-30."]),
        (
            prices(80.0, 180.0, 80.0, 180.0, 80.0),
            [
                "Prices: changed by more than 50% in one step, to 2026-10-26.",
                "Prices: changed by more than 50% in one step, to 2026-10-27.",
                "Prices: changed by more than 50% in one step, to 2026-10-28.",
                "… and 2 more of this kind.",
            ],
        ),
        (
            Prices(bars=bars(STEADY)[::-1]),
            ["Prices: the days are not in order."],
        ),
        (
            Prices(bars=(*bars(STEADY), Bar(TODAY, 180.0))),
            ["Prices: 1 day given more than once, of 301."],
        ),
        (
            Prices(bars=(*bars(STEADY)[:-1], Bar(TODAY, 180.0, -1.0))),
            ["Prices: 1 day with a negative volume, of 300."],
        ),
        (
            Prices(bars=(*bars(STEADY, date(2026, 10, 19)), Bar(TODAY, 180.0))),
            ["Prices: nothing for 11 days before 2026-10-30."],
        ),
        (
            Prices(bars=bars([180.0] * 199)),
            ["Prices: 199 days only; figures of a year need 200 and more."],
        ),
        (
            Prices(bars=bars([180.0])),
            ["Prices: 1 day only; figures of a year need 200 and more."],
        ),
        (Prices(bars=()), ["Prices: there is none."]),
    ],
)
def test_flaws_of_prices(made: Prices, said: list[str]) -> None:
    assert notes(prices=made) == said


def test_flaws_of_the_benchmark_are_told_as_its_own() -> None:
    stale = Benchmark(name="Index", bars=bars(STEADY, TODAY - timedelta(days=30)))
    assert notes(benchmark=stale) == ["Benchmark: the last one is of 2026-09-30, 30 days before 2026-10-30."]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (Financials(currency="USD", periods=(replace(YEAR, ends=TODAY - timedelta(days=457)),)), []),
        (
            Financials(currency="USD", periods=(replace(YEAR, ends=date(2025, 7, 29)),)),
            ["Statements: the newest year ends on 2025-07-29, 458 days before 2026-10-30."],
        ),
        (Financials(currency="USD", periods=()), ["Statements: there is none."]),
        (
            Financials(currency="USD", periods=(replace(YEAR, ends=date(2027, 9, 30)), YEAR)),
            ["Statements: 1 of 2 end after 2026-10-30."],
        ),
        (Financials(currency="USD", periods=(YEAR, YEAR)), ["Statements: a fiscal year is given more than once."]),
        (Financials(currency="USD", periods=(BEFORE, YEAR)), ["Statements: the years are not in order."]),
        (
            year(revenue=None, gross_profit=None, cash=None),
            ["Statements: the year to 2026-09-30 lacks revenue, cash."],
        ),
        (year(equity=0.0), ["Statements: the year to 2026-09-30 has zero for equity."]),
        (year(total_debt=0.0), []),
        (
            year(total_debt=-1.0, shares=-20.0),
            ["Statements: the year to 2026-09-30 has a negative amount for total debt, shares."],
        ),
        (
            year(gross_profit=401.0),
            ["Statements: more gross profit than revenue in the year to 2026-09-30."],
        ),
        (
            year(current_assets=501.0),
            ["Statements: more current assets than total assets in the year to 2026-09-30."],
        ),
        (
            # 180 / (0.003 / 20) is far above 1,000.
            year(net_income=0.003),
            [
                "Valuation: P/E is above 1,000, which is hardly true.",
                "Valuation: PEG is above 1,000, which is hardly true.",
            ],
        ),
        (
            Financials(currency="INR", periods=(YEAR,)),
            ["Currencies: prices are in USD, statements in INR; figures of both are left out."],
        ),
    ],
)
def test_flaws_of_statements(made: Financials, said: list[str]) -> None:
    assert notes(financials=made) == said


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (Intel(peers=(Peer(symbol="P", pe=1.0),)), []),
        (Intel(), ["Market intelligence: there are no peers to compare with."]),
        (
            Intel(target_low=200.0, target_mean=190.0, peers=(Peer(symbol="P"),)),
            ["Market intelligence: the lowest, mean and highest price target are not in order."],
        ),
        (
            Intel(target_low=0.0, peers=(Peer(symbol="P"),)),
            ["Market intelligence: a price target of zero or less."],
        ),
        (
            Intel(target_mean=1801.0, peers=(Peer(symbol="P"),)),
            ["Market intelligence: the mean price target is more than 10 times away from the price."],
        ),
        (
            Intel(short_share=1.5, peers=(Peer(symbol="P", pe=-1e9), Peer(symbol="Q", pb=2000.0))),
            [
                "Market intelligence: the share that is sold short is not between 0 and 1.",
                "Market intelligence: absurd multiples of P, Q.",
            ],
        ),
    ],
)
def test_flaws_of_market_intelligence(made: Intel, said: list[str]) -> None:
    assert notes(intel=made) == said


def test_a_negative_count_of_recommendations_is_told() -> None:
    trends = Trends(months=(Recommendations(month="2026-10", buy=-1),))
    assert notes(trends=trends) == ["Recommendation trends: a negative count in 2026-10."]


def test_what_could_not_be_had_is_told() -> None:
    assert notes(intel=None, benchmark=None, news=None, trends=None, profile=Profile(name="Apple")) == [
        "Profile: the currency of the prices is not known.",
        "Market intelligence: could not be had.",
        "Benchmark: could not be had.",
        "News: could not be had.",
        "Recommendation trends: could not be had.",
    ]


def test_the_summary_counts_the_flaws() -> None:
    assert look_for_flaws(market(news=None)).summary == "1 flaw in the data."
    assert look_for_flaws(market(news=None, trends=None)).summary == "2 flaws in the data."
