"""Whatever the data: seven analyses without an exception, figures that are finite, and cards without nonsense."""

import json
import re
from datetime import UTC, date, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services.stocks.reading_html import Fragment

from streamcontract.services.stocks.analysts.analyst import Analysis
from streamcontract.services.stocks.analysts.rules.rules_analyst import analyse
from streamcontract.services.stocks.fragments import card
from streamcontract.services.stocks.market import (
    Bar,
    Benchmark,
    Financials,
    Headline,
    Intel,
    MarketData,
    News,
    Peer,
    Period,
    Prices,
    Profile,
    Recommendations,
    Trends,
)
from streamcontract.services.stocks.stages import ANALYSES, Step

EXTREME = (0.0, -0.0, 1.0, -1.0, 5e-324, 1e-308, 1e308, -1e308, float("nan"), float("inf"), float("-inf"), 10**400)
numbers = st.none() | st.sampled_from(EXTREME) | st.floats() | st.floats(0.01, 1000)
texts = st.text(max_size=20) | st.sampled_from(["", "<script>alert(1)</script>", "Profit rises", "a loss", "USD"])
days = st.dates(date(2025, 1, 1), date(2027, 1, 1)) | st.dates()
counts = st.integers(-2, 50) | st.just(10**400)


@st.composite
def tables(draw: st.DrawFn) -> tuple[Bar, ...]:
    """A few bars of any kind, or a year of them that are nearly regular."""
    if draw(st.booleans()):
        return tuple(draw(st.lists(st.builds(Bar, days, numbers, numbers), max_size=8)))
    size = draw(st.integers(1, 320))
    step, base = draw(st.sampled_from([0.0, 0.1, -0.5, 1e306])), draw(st.sampled_from([1.0, 5e-324, 100.0, 1e307]))
    first = draw(st.sampled_from([date(2025, 12, 1).toordinal(), 1, date.max.toordinal() - 400]))
    return tuple(Bar(date.fromordinal(first + i), base + step * (i % 7), 1.0) for i in range(size))


amounts = {name: numbers for name in Period.__struct_fields__ if name != "ends"}
periods = st.builds(Period, ends=days, **amounts)
peers = st.builds(Peer, symbol=texts, name=texts, pe=numbers, pb=numbers, peg=numbers, ev_ebitda=numbers)
months = st.builds(
    Recommendations, month=texts, strong_buy=counts, buy=counts, hold=counts, sell=counts, strong_sell=counts
)
times = st.none() | st.datetimes() | st.just(datetime(2026, 1, 1, tzinfo=UTC))
headlines = st.builds(Headline, title=texts, publisher=texts, published=times)


def some(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(strategy, max_size=5).map(tuple)


markets = st.builds(
    MarketData,
    symbol=texts,
    source=texts,
    is_sample=st.booleans(),
    today=days,
    profile=st.builds(
        Profile, name=texts, currency=st.sampled_from(["", "USD", "<b>"]), sector=texts, country=texts, summary=texts
    ),
    prices=st.builds(Prices, bars=tables()),
    financials=st.builds(Financials, currency=st.sampled_from(["", "USD"]), periods=some(periods)),
    intel=st.none()
    | st.builds(
        Intel,
        target_low=numbers,
        target_mean=numbers,
        target_high=numbers,
        analysts=st.none() | counts,
        growth=numbers,
        short_share=numbers,
        peers=some(peers),
    ),
    benchmark=st.none() | st.builds(Benchmark, name=texts, bars=tables()),
    news=st.none() | st.builds(News, headlines=some(headlines)),
    trends=st.none() | st.builds(Trends, months=some(months)),
)
NONSENSE = re.compile(r"\b(nan|inf|infinity|none)\b", re.IGNORECASE)


@given(markets)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_all_seven_analyses_of_any_data_are_finite_or_say_why_not(data: MarketData) -> None:
    earlier: dict[Step, Analysis] = {}
    for step in ANALYSES:
        found = earlier[step] = analyse(step, data, earlier)
        for figure in found.figures:
            json.dumps([figure.value, figure.peers], allow_nan=False)
            assert (figure.value is None) == bool(figure.note), figure
        shown = Fragment(card(step, found, data.profile.currency, is_sample=data.is_sample))
        reasons = shown.texts.get("small", [])
        assert len(reasons) == sum(figure.value is None for figure in found.figures)
        for value in shown.texts.get("td", []):
            written = value[: -len(reasons.pop(0))] if value.startswith("n/a ") else value
            assert not NONSENSE.search(written), value
            assert len(written) < 40
        for caption in shown.texts.get("figcaption", []):
            assert not NONSENSE.search(caption)


@given(data=markets, step=st.sampled_from(ANALYSES))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_an_analysis_also_works_when_there_is_none_before_it(data: MarketData, step: Step) -> None:
    assert analyse(step, data, {}).summary
