"""The figures of the sample data, against literals that were computed by hand from its files.

Where hundreds of days go in, another program made the literal: awk, with sums over the lines of the files.
"""

import asyncio
from functools import lru_cache

import pytest
from services.stocks.making import figure_of, value_of

from streamcontract.services.stocks.analysts.analyst import Analysis
from streamcontract.services.stocks.analysts.make import make_analyst
from streamcontract.services.stocks.market import (
    Benchmark,
    Financials,
    Intel,
    MarketData,
    News,
    Prices,
    Profile,
    Trends,
)
from streamcontract.services.stocks.providers.make import make_provider
from streamcontract.services.stocks.settings import StocksSettings
from streamcontract.services.stocks.stages import ANALYSES, Step

EXACT = 1e-12
SUMMED = 1e-9


@lru_cache
def analysed(symbol: str) -> dict[Step, Analysis]:
    """All seven analyses, by the provider and the analyst that are the default."""

    async def run() -> dict[Step, Analysis]:
        provider, analyst = make_provider(StocksSettings()), make_analyst(StocksSettings())
        has_news = symbol != "BRK-B"
        data = MarketData(
            symbol=symbol,
            source=provider.source,
            is_sample=provider.is_sample,
            today=provider.today(symbol),
            profile=await provider.fetch(Profile, symbol, 30),
            prices=await provider.fetch(Prices, symbol, 30),
            financials=await provider.fetch(Financials, symbol, 30),
            intel=await provider.fetch(Intel, symbol, 30),
            benchmark=await provider.fetch(Benchmark, symbol, 30),
            news=await provider.fetch(News, symbol, 30) if has_news else None,
            trends=await provider.fetch(Trends, symbol, 30) if has_news else None,
        )
        found: dict[Step, Analysis] = {}
        for step in ANALYSES:
            found[step] = await analyst.analyse(step, data, found)
        return found

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("symbol", "label", "value", "peers"),
    [
        # The price is 180.00, shares are 20 billion: 180 × 20 billion.
        ("AAPL", "Market value", 3600e9, None),
        # Net income 100 billion / 20 billion shares = 5.00; 180.00 / 5.00. Peers 30, 32, 40: the middle one.
        ("AAPL", "P/E", 36.0, 32.0),
        # 3,600 / equity of 200. Peers 6, 10, 20.
        ("AAPL", "P/B", 18.0, 10.0),
        # 36 / 12 percent of growth. Peers 2, 2.5, 4.
        ("AAPL", "PEG", 3.0, 2.5),
        # (3,600 + debt of 100 - cash of 60) / EBITDA of 140 = 3,640 / 140. Peers 20, 22, 25.
        ("AAPL", "EV/EBITDA", 26.0, 22.0),
        # -10 billion / 5 billion shares.
        ("MSFT", "Earnings per share", -2.0, None),
        # 400.00 × 5 billion = 2,000 billion; / equity of 250. Peers 7 and 9: the mean of both.
        ("MSFT", "P/B", 8.0, 8.0),
        # (2,000 + 150 - 50) / 10. Peers 18 and 22.
        ("MSFT", "EV/EBITDA", 210.0, 20.0),
        # 48 billion / 2 billion shares = 24.00; 480.00 / 24.00. Peers 15 and 25.
        ("BRK-B", "P/E", 20.0, 20.0),
        # 480.00 × 2 billion = 960 billion; / 600. Peers 1.6 and 2.0.
        ("BRK-B", "P/B", 1.6, 1.8),
        # (960 + 120 - 300) / 80 = 780 / 80. Peers 9 and 11.
        ("BRK-B", "EV/EBITDA", 9.75, 10.0),
        # 250 billion / 4 billion shares = 62.50; 1,500.00 / 62.50. Peers 28, 30, 32.
        ("INFY.NS", "P/E", 24.0, 30.0),
        # 1,500 × 4 billion = 6,000 billion; / 800. Peers 8, 9, 10.
        ("INFY.NS", "P/B", 7.5, 9.0),
        # 24 / 10 percent. Peers 2.5, 2.8, 3.
        ("INFY.NS", "PEG", 2.4, 2.8),
        # (6,000 + 80 - 280) / 400 = 5,800 / 400. Peers 18, 19, 20.
        ("INFY.NS", "EV/EBITDA", 14.5, 19.0),
    ],
)
def test_valuation(symbol: str, label: str, value: float, peers: float | None) -> None:
    found = figure_of(analysed(symbol)[Step.VALUATION], label)
    assert found.value == pytest.approx(value, rel=EXACT)
    assert found.peers == (None if peers is None else pytest.approx(peers, rel=EXACT))


def test_a_loss_has_no_multiple_of_earnings() -> None:
    found = analysed("MSFT")[Step.VALUATION]
    assert figure_of(found, "P/E").value is None
    assert figure_of(found, "P/E").note == "no earnings: P/E is not defined"
    assert figure_of(found, "P/E").peers == 28.0  # the other peer's is negative, which means nothing
    assert figure_of(found, "PEG").note == "no earnings: PEG is not defined"


@pytest.mark.parametrize(
    ("symbol", "label", "value", "compared"),
    [
        # The last day is 2026-10-30, so that a month before is 2026-09-30: 180.00 / 179.58 - 1 = 0.42 / 179.58.
        # The benchmark: 5000.00 / 5006.42 - 1 = -6.42 / 5006.42.
        ("AAPL", "Return over 1 month", 0.0023387905111927, -0.0012823534581597),
        # 2026-07-30: 13.25 / 166.75, and 220.74 / 4779.26.
        ("AAPL", "Return over 3 months", 0.0794602698650675, 0.0461870666170076),
        # 2025-10-30: 46.38 / 133.62, and 752.91 / 4247.09.
        ("AAPL", "Return over 1 year", 0.3471037269869780, 0.1772766765008511),
        # awk: the sum of squares of 261 logarithms round their mean / 260, its root × root of 252.
        ("AAPL", "Volatility, a year", 0.2100336267, None),
        # From 133.62 (2025-10-30) to 122.82: -10.80 / 133.62.
        ("AAPL", "Largest drawdown", -0.0808262236192186, None),
        # The last 50 prices add up to 8,751.91, the last 200 to 31,989.66.
        ("AAPL", "Average of 50 days", 175.0382, None),
        ("AAPL", "Average of 200 days", 159.9483, None),
        ("AAPL", "Beta", 1.4986380527, None),
        # -72.29 / 472.29; from 484.28 to 372.00: -112.28 / 484.28.
        ("MSFT", "Return over 1 year", -0.1530627368777658, 0.1772766765008511),
        ("MSFT", "Largest drawdown", -0.2318493433550838, None),
        ("MSFT", "Volatility, a year", 0.1866146755, None),
        ("MSFT", "Beta", 0.0174421702, None),
        # It zigzags against the benchmark: beta is negative.
        ("BRK-B", "Return over 1 month", 0.0254000128175001, -0.0012823534581597),  # 11.89 / 468.11
        ("BRK-B", "Beta", -0.7672837690, None),
        ("INFY.NS", "Return over 1 year", -0.2486663828295224, -0.0578222346101151),  # -496.45 / 1996.45
        ("INFY.NS", "Average of 200 days", 1726.583, None),
    ],
)
def test_performance(symbol: str, label: str, value: float, compared: float | None) -> None:
    found = figure_of(analysed(symbol)[Step.PERFORMANCE], label)
    assert found.value == pytest.approx(value, rel=SUMMED)
    assert found.peers == (None if compared is None else pytest.approx(compared, rel=SUMMED))


def test_the_chart_is_the_year_that_the_figures_are_of() -> None:
    bars = analysed("AAPL")[Step.PERFORMANCE].bars
    assert [(str(bar.day), bar.close) for bar in (bars[0], bars[-1])] == [("2025-10-30", 133.62), ("2026-10-30", 180.0)]
    assert len(bars) == 262


@pytest.mark.parametrize(
    ("symbol", "label", "value"),
    [
        ("AAPL", "Gross margin", 0.45),  # 180 / 400
        ("AAPL", "Operating margin", 0.3),  # 120 / 400
        ("AAPL", "Net margin", 0.25),  # 100 / 400
        ("AAPL", "Debt to equity", 0.5),  # 100 / 200
        ("AAPL", "Interest cover", 30.0),  # 120 / 4
        ("AAPL", "Current ratio", 1.5),  # 150 / 100
        ("AAPL", "Quick ratio", 1.4),  # (150 - 10) / 100
        ("AAPL", "Free cash flow", 100e9),  # 120 - 20
        ("AAPL", "Growth of revenue", 0.25),  # 400 / 320 - 1
        ("AAPL", "Growth of net income", 0.25),  # 100 / 80 - 1
        ("MSFT", "Operating margin", -0.025),  # -5 / 200
        ("MSFT", "Net margin", -0.05),  # -10 / 200
        ("MSFT", "Interest cover", -1.0),  # -5 / 5
        ("MSFT", "Current ratio", 0.8),  # 120 / 150
        ("MSFT", "Quick ratio", 0.76),  # (120 - 6) / 150
        ("MSFT", "Free cash flow", -22e9),  # 8 - 30
        ("MSFT", "Growth of revenue", -0.2),  # 200 / 250 - 1
        ("MSFT", "Growth of net income", -1.25),  # -10 / 40 - 1
        ("BRK-B", "Growth of revenue", 0.0),  # 360 / 360 - 1
        ("BRK-B", "Growth of net income", -0.04),  # 48 / 50 - 1
        ("INFY.NS", "Net margin", 0.15625),  # 250 / 1,600
        ("INFY.NS", "Quick ratio", 2.25),  # 900 / 400, as no inventory is given
        ("INFY.NS", "Growth of revenue", 1 / 15),  # 1,600 / 1,500 - 1
    ],
)
def test_health(symbol: str, label: str, value: float) -> None:
    assert value_of(analysed(symbol)[Step.HEALTH], label) == pytest.approx(value, rel=EXACT)


def test_what_stands_out_is_noted() -> None:
    assert analysed("AAPL")[Step.HEALTH].notes == ()
    assert analysed("MSFT")[Step.HEALTH].notes == (
        "The year ended with a loss.",
        "Operating income is less than 1.5 times the interest.",
        "What is due within a year exceeds current assets.",
        "Free cash flow is negative.",
        "Revenue has shrunk.",
    )


@pytest.mark.parametrize(
    ("symbol", "label", "value"),
    [
        # beats, record, profit: 1. strong, growth, lifts: 1. nothing: 0. probe: -1. (1 + 1 + 0 - 1) / 4.
        ("AAPL", "Tone of headlines", 0.25),
        ("AAPL", "Good headlines", 2),
        ("AAPL", "Bad headlines", 1),
        ("AAPL", "Analysts", 40),  # 10 + 20 + 10
        ("AAPL", "Share of analysts who recommend buying", 0.75),  # 30 / 40
        ("AAPL", "Mean recommendation", 1.0),  # (2 × 10 + 20) / 40
        ("AAPL", "Mean price target against price", 0.1),  # 198 / 180 - 1
        ("MSFT", "Tone of headlines", -1.0),  # loss, cuts; fall, weak; layoffs
        ("MSFT", "Mean recommendation", -0.15),  # (2 × 2 + 6 - 8 - 2 × 4) / 40
        ("INFY.NS", "Share of analysts who recommend buying", 0.8),  # 24 / 30
    ],
)
def test_sentiment(symbol: str, label: str, value: float) -> None:
    assert value_of(analysed(symbol)[Step.SENTIMENT], label) == pytest.approx(value, rel=EXACT)


def test_recommendations_are_compared_with_those_of_months_before() -> None:
    # July: (2 × 8 + 16 - 2) / 40.
    assert figure_of(analysed("AAPL")[Step.SENTIMENT], "Mean recommendation").peers == 0.75
    assert "recommendations are better compared with 2026-07" in analysed("AAPL")[Step.SENTIMENT].summary


def test_healthy_data_is_called_whole() -> None:
    for symbol in ("AAPL", "MSFT", "INFY.NS"):
        found = analysed(symbol)[Step.SANITY]
        assert found.summary == "The data is whole, up to date, and free of absurd figures."
        assert found.notes == ()


def test_what_could_not_be_had_is_noted() -> None:
    assert analysed("BRK-B")[Step.SANITY].notes == (
        "News: could not be had.",
        "Recommendation trends: could not be had.",
    )
    assert figure_of(analysed("BRK-B")[Step.SENTIMENT], "Tone of headlines").note == "news could not be had"


def test_the_review_finds_what_the_sample_contradicts_itself_in() -> None:
    assert analysed("AAPL")[Step.REVIEW].summary == "The analyses do not contradict each other."
    assert analysed("INFY.NS")[Step.REVIEW].notes == (
        "The price fell by more than 20% in a year in which net income rose by more than 10%.",
        "Headlines sound good, but the price fell by more than 20% in a year.",
    )


@pytest.mark.parametrize("symbol", ["AAPL", "MSFT", "BRK-B", "INFY.NS"])
def test_the_report_says_what_it_is_and_is_no_advice(symbol: str) -> None:
    report = analysed(symbol)[Step.REPORT]
    assert report.notes[-1] == (
        "This report is computed from the data that is named in it. It is no advice to buy, hold or sell anything."
    )
    assert "Sample data: all figures are invented." in report.text
    assert f"({symbol}), as of 2026-10-30; source: sample data." in report.summary
    assert len(report.figures) == 13
