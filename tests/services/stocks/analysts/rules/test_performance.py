"""Which days count, and what too few of them bring."""

from datetime import date, timedelta

import pytest
from services.stocks.making import TODAY, bars, figure_of, market, value_of

from streamcontract.services.stocks.analysts.rules.performance import follow_price
from streamcontract.services.stocks.analysts.rules.series import months_before
from streamcontract.services.stocks.chart import chart
from streamcontract.services.stocks.market import Bar, Benchmark, Prices


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        (date(2026, 10, 30), 1, date(2026, 9, 30)),
        (date(2026, 10, 31), 1, date(2026, 9, 30)),
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2023, 2, 28)),
        (date(2026, 1, 15), 3, date(2025, 10, 15)),
        (date(1, 1, 1), 12, date.min),
    ],
)
def test_a_month_before_is_the_same_day_or_the_last_one(day: date, months: int, before: date) -> None:
    assert months_before(day, months) == before


@pytest.mark.parametrize(
    ("day", "price"),
    [(date(2026, 9, 30), 0.5), (date(2026, 9, 23), 0.5), (date(2026, 9, 22), None), (date(2026, 10, 1), None)],
)
def test_a_return_is_from_the_day_or_the_last_trading_day_within_a_week_before(day: date, price: float | None) -> None:
    found = figure_of(
        follow_price(market(prices=Prices(bars=(Bar(day, 120.0), Bar(TODAY, 180.0))))), "Return over 1 month"
    )
    assert found.value == price
    assert found.note == ("" if price else "there is no price near 2026-09-30")


def test_days_may_be_in_any_order_given_twice_or_without_a_price() -> None:
    table = (
        Bar(TODAY, 170.0),
        Bar(date(2026, 9, 30), 120.0),
        Bar(TODAY, 180.0),  # the later line is the one that counts
        Bar(TODAY + timedelta(days=1), 1.0),  # after today
        Bar(date(2026, 10, 29), None),
        Bar(date(2026, 10, 28), 0.0),
        Bar(date(2026, 10, 27), -5.0),
    )
    made = follow_price(market(prices=Prices(bars=table)))
    assert made.bars == (Bar(date(2026, 9, 30), 120.0), Bar(TODAY, 180.0))
    assert value_of(made, "Return over 1 month") == 0.5


def test_a_drawdown_is_from_the_highest_price_before_it() -> None:
    # 90 / 120 - 1; the rise to 200 comes after it, and 160 / 200 - 1 is less of a fall.
    made = follow_price(market(prices=Prices(bars=bars([100.0, 120.0, 90.0, 200.0, 160.0]))))
    assert value_of(made, "Largest drawdown") == -0.25


def test_a_price_that_only_rises_has_no_drawdown() -> None:
    assert value_of(follow_price(market(prices=Prices(bars=bars([1.0, 2.0, 3.0])))), "Largest drawdown") == 0.0


def test_volatility_of_two_alternating_returns() -> None:
    # 20 logarithmic returns, ±ln 2 in turn: mean 0, variance 20 × (ln 2)² / 19; × 252.
    # ln 2 = 0.693147..., (ln 2)² = 0.4804530139; × 20 / 19 × 252 = 127.4464837; root 11.2892198.
    made = follow_price(market(prices=Prices(bars=bars([1.0, 2.0] * 10 + [1.0]))))
    assert value_of(made, "Volatility, a year") == pytest.approx(11.2892198, rel=1e-7)


@pytest.mark.parametrize("size", [1, 2, 20])
def test_too_few_days_have_no_volatility(size: int) -> None:
    made = follow_price(market(prices=Prices(bars=bars([1.0, 2.0] * (size // 2) + [1.0] * (size % 2)))))
    assert figure_of(made, "Volatility, a year").note == "fewer than 20 daily returns"


def test_an_average_needs_all_its_days() -> None:
    made = follow_price(market(prices=Prices(bars=bars([100.0] + [200.0] * 49))))
    assert value_of(made, "Average of 50 days") == 198.0  # (100 + 49 × 200) / 50
    assert figure_of(made, "Average of 200 days").note == "there are prices of 50 days only"
    made = follow_price(market(prices=Prices(bars=bars([100.0]))))
    assert figure_of(made, "Average of 50 days").note == "there are prices of 1 day only"


def test_a_year_is_drawn_whole_where_there_is_a_price_each_day() -> None:
    made = follow_price(market(prices=Prices(bars=bars([100.0] * 800))))
    drawn = chart(made.bars, "USD")
    assert drawn is not None
    days = drawn.bars.split(",")
    assert (days[0], days[-1], len(days)) == ("2025-10-30 100", "2026-10-30 100", 366)


def alternating(size: int, low: float, high: float) -> list[float]:
    return [low if number % 2 else high for number in range(size)]


def test_beta_is_two_where_the_price_moves_twice_as_much() -> None:
    prices, levels = [100.0], [100.0]
    for number in range(100):
        move = 0.01 if number % 3 else -0.02
        levels.append(levels[-1] * (1 + move))
        prices.append(prices[-1] * (1 + 2 * move))
    data = market(prices=Prices(bars=bars(prices)), benchmark=Benchmark(name="I", bars=bars(levels)))
    assert value_of(follow_price(data), "Beta") == pytest.approx(2.0, rel=1e-9)


def test_beta_matches_days_by_date_not_by_position() -> None:
    closes = alternating(100, 100.0, 101.0)
    holiday = [bar for bar in bars(closes) if bar.day != TODAY - timedelta(days=50)]
    data = market(prices=Prices(bars=bars(closes)), benchmark=Benchmark(name="I", bars=tuple(holiday[::-1])))
    assert value_of(follow_price(data), "Beta") == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize(
    ("benchmark", "why"),
    [
        (None, "there is no benchmark"),
        (
            Benchmark(name="I", bars=bars(alternating(60, 1.0, 2.0))),
            "fewer than 60 daily returns in common with the benchmark",
        ),
        (Benchmark(name="I", bars=bars([5000.0] * 300)), "the benchmark hardly moves"),
    ],
)
def test_a_beta_that_cannot_be_computed_says_why(benchmark: Benchmark | None, why: str) -> None:
    assert figure_of(follow_price(market(benchmark=benchmark)), "Beta").note == why


def test_a_return_is_shown_beside_that_of_the_benchmark() -> None:
    index = Benchmark(name="I", bars=(Bar(date(2026, 9, 30), 100.0), Bar(TODAY, 110.0)))
    assert figure_of(follow_price(market(benchmark=index)), "Return over 1 month").peers == pytest.approx(0.1)


def test_without_prices_every_figure_says_so() -> None:
    made = follow_price(market(prices=Prices(bars=bars([None, 0.0]))))
    assert made.summary == "There is no price to follow."
    assert {figure.note for figure in made.figures} == {"there is no price"}
    assert len(made.figures) == len(follow_price(market()).figures)


def test_prices_of_any_size_have_an_average() -> None:
    made = follow_price(market(prices=Prices(bars=bars([1.5e308] * 200))))
    assert value_of(made, "Average of 200 days") == pytest.approx(1.5e308)


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (90.0, "In the year to 2026-10-30 the price rose by 100.0%. Compared with: Index."),
        (360.0, "In the year to 2026-10-30 the price fell by 50.0%. Compared with: Index."),
        (180.0, "In the year to 2026-10-30 the price stayed where it was. Compared with: Index."),
        (1e-9, "In the year to 2026-10-30 the price changed beyond belief. Compared with: Index."),
        (None, "The last price is of 2026-10-30; there are too few for a year. Compared with: Index."),
    ],
)
def test_the_summary_says_how_the_year_was(first: float | None, said: str) -> None:
    table = (Bar(date(2025, 10, 30), first), Bar(TODAY, 180.0))
    assert follow_price(market(prices=Prices(bars=table))).summary == said
