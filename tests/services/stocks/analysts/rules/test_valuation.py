"""Multiples that are not defined say why."""

from typing import Any

import pytest
from msgspec.structs import replace
from services.stocks.making import YEAR, figure_of, market, value_of

from streamcontract.services.stocks.analysts.rules.valuation import value
from streamcontract.services.stocks.market import Financials, Intel, MarketData, Peer, Prices


def of_year(**changes: Any) -> MarketData:
    return market(financials=Financials(currency="USD", periods=(replace(YEAR, **changes),)))


def of_growth(growth: float | None) -> MarketData:
    return market(intel=Intel(growth=growth))


@pytest.mark.parametrize(
    ("data", "label", "why"),
    [
        (of_year(net_income=0.0), "P/E", "no earnings: P/E is not defined"),
        (of_year(net_income=-1.0), "PEG", "no earnings: PEG is not defined"),
        (of_year(net_income=None), "P/E", "not known: net income"),
        (of_year(shares=None), "P/E", "not known: the number of shares"),
        (of_year(shares=0.0), "Market value", "not known: the number of shares"),
        (of_year(shares=-1.0), "EV/EBITDA", "not known: the number of shares"),
        (of_year(equity=0.0), "P/B", "no positive equity: P/B is not defined"),
        (of_year(equity=None), "P/B", "not known: equity"),
        (of_year(ebitda=-1.0), "EV/EBITDA", "no positive EBITDA: EV/EBITDA is not defined"),
        (of_year(ebitda=None), "EV/EBITDA", "not known: EBITDA"),
        (of_year(total_debt=None), "EV/EBITDA", "not known: total debt"),
        (of_year(cash=None), "EV/EBITDA", "not known: cash"),
        (of_year(cash=1e6), "EV/EBITDA", "more cash than market value and debt: EV/EBITDA is not defined"),
        (of_growth(None), "PEG", "not known: expected growth of earnings"),
        (of_growth(0.0), "PEG", "no growth of earnings is expected: PEG is not defined"),
        (of_growth(-0.1), "PEG", "no growth of earnings is expected: PEG is not defined"),
        (of_year(shares=1e308), "Market value", "the numbers are too large or too small to compute with"),
        (of_year(net_income=5e-324), "P/E", ""),
        (market(prices=Prices(bars=())), "P/E", "there is no price"),
        (market(prices=Prices(bars=())), "Price", "there is no price"),
        (market(financials=Financials(periods=())), "P/B", "there is no statement"),
        (
            market(financials=Financials(currency="INR", periods=(YEAR,))),
            "P/E",
            "prices are in USD, statements in INR",
        ),
    ],
)
def test_a_multiple_that_is_not_defined_says_why(data: MarketData, label: str, why: str) -> None:
    found = figure_of(value(data), label)
    assert found.value is None
    assert found.note == why or (not why and found.note)


def test_a_currency_that_is_not_told_is_taken_for_the_other() -> None:
    assert value_of(value(market(financials=Financials(periods=(YEAR,)))), "P/E") == 36.0


def test_peers_are_shown_also_beside_a_multiple_that_is_not_defined() -> None:
    data = market(financials=Financials(periods=()), intel=Intel(peers=(Peer(symbol="P", pb=3.0),)))
    assert figure_of(value(data), "P/B").peers == 3.0


@pytest.mark.parametrize(
    ("multiples", "median"),
    [
        ((), None),
        ((None, -5.0, 0.0, float("nan"), float("inf")), None),
        ((10.0,), 10.0),
        ((30.0, 10.0, -100.0), 20.0),
        ((3.0, 1.0, 2.0), 2.0),
        ((1e308, 1.5e308), 1.25e308),
    ],
)
def test_the_median_is_of_those_above_zero(multiples: tuple[float | None, ...], median: float | None) -> None:
    peers = tuple(Peer(symbol="P", pe=multiple) for multiple in multiples)
    assert figure_of(value(market(intel=Intel(peers=peers))), "P/E").peers == median


@pytest.mark.parametrize(
    ("peers", "summary"),
    [
        ((), "There are no peers to compare with."),
        ((Peer(symbol="P"),), "No multiple can be compared with those of peers."),
        ((Peer(symbol="P", pe=35.0, pb=18.0),), "P/E above the median of the peers; P/B at or below it."),
        ((Peer(symbol="P", pe=37.0),), "P/E at or below the median of the peers."),
    ],
)
def test_the_summary_compares_with_the_peers(peers: tuple[Peer, ...], summary: str) -> None:
    assert value(market(intel=Intel(peers=peers))).summary == summary
