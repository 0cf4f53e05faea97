"""Figures of health that are not defined, and what stands out."""

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace
from services.stocks.making import YEAR, figure_of, market, value_of

from streamcontract.services.stocks.analysts.analyst import Analysis
from streamcontract.services.stocks.analysts.rules.health import examine_health
from streamcontract.services.stocks.market import Financials, Period

BEFORE = replace(YEAR, ends=date(2025, 9, 30), revenue=320.0, net_income=80.0)


def examined(*periods: Period) -> Analysis:
    return examine_health(market(financials=Financials(currency="USD", periods=periods)))


def of_year(**changes: Any) -> Analysis:
    return examined(replace(YEAR, **changes), BEFORE)


@pytest.mark.parametrize(
    ("change", "label", "why"),
    [
        ({"revenue": 0.0}, "Net margin", "no positive revenue: it is not defined"),
        ({"revenue": None}, "Gross margin", "not known: revenue"),
        ({"gross_profit": None}, "Gross margin", "not known: gross profit"),
        ({"equity": -1.0}, "Debt to equity", "no positive equity: it is not defined"),
        ({"interest_expense": 0.0}, "Interest cover", "no positive interest expense: it is not defined"),
        ({"current_liabilities": 0.0}, "Quick ratio", "no positive current liabilities: it is not defined"),
        ({"current_assets": None}, "Quick ratio", "not known: current assets"),
        ({"operating_cash_flow": None}, "Free cash flow", "not known: operating cash flow"),
        ({"capital_expenditure": None}, "Free cash flow", "not known: capital expenditure"),
        ({"revenue": None}, "Growth of revenue", "not known: revenue"),
        (
            {"revenue": 1e308, "net_income": 1e-320, "gross_profit": float("inf")},
            "Gross margin",
            "not known: gross profit",
        ),
        ({"equity": 5e-324}, "Debt to equity", "the numbers are too large or too small to compute with"),
    ],
)
def test_a_figure_that_is_not_defined_says_why(change: dict[str, Any], label: str, why: str) -> None:
    found = figure_of(of_year(**change), label)
    assert (found.value, found.note) == (None, why)


@pytest.mark.parametrize("spent", [20.0, -20.0])
def test_capital_expenditure_is_subtracted_whatever_its_sign(spent: float) -> None:
    assert value_of(of_year(capital_expenditure=spent), "Free cash flow") == 100.0


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ((), "there is no statement of the year before"),
        ((replace(BEFORE, ends=date(2025, 10, 16)),), "there is no statement of the year before"),  # 349 days
        ((replace(BEFORE, ends=date(2025, 9, 14)),), "there is no statement of the year before"),  # 381 days
        ((replace(BEFORE, ends=date(2025, 10, 15)),), ""),
        ((replace(BEFORE, ends=date(2025, 9, 15)),), ""),
        ((replace(BEFORE, net_income=-80.0),), "no positive net income the year before: growth is not defined"),
        ((replace(BEFORE, net_income=None),), "not known: net income of the year before"),
    ],
)
def test_growth_needs_a_year_before_with_earnings(before: tuple[Period, ...], why: str) -> None:
    assert figure_of(examined(YEAR, *before), "Growth of net income").note == why


def test_years_may_be_in_any_order_and_those_to_come_do_not_count() -> None:
    found = examined(BEFORE, replace(YEAR, ends=date(2027, 9, 30), revenue=1.0), YEAR)
    assert value_of(found, "Growth of revenue") == 0.25
    assert found.summary == "Of the fiscal year to 2026-09-30, none of its figures stands out."


@pytest.mark.parametrize(
    ("change", "notes"),
    [
        ({}, ()),
        ({"net_income": -1.0}, ("The year ended with a loss.",)),
        ({"equity": -1.0}, ("There are more liabilities than assets: equity is negative.",)),
        ({"total_debt": 400.0}, ()),  # exactly twice
        ({"total_debt": 401.0}, ("Debt is more than twice the equity.",)),
        ({"interest_expense": 81.0}, ("Operating income is less than 1.5 times the interest.",)),
        ({"current_liabilities": 151.0}, ("What is due within a year exceeds current assets.",)),
        ({"operating_cash_flow": 19.0}, ("Free cash flow is negative.",)),
        ({"revenue": 319.0}, ("Revenue has shrunk.",)),
    ],
)
def test_what_stands_out_is_noted(change: dict[str, Any], notes: tuple[str, ...]) -> None:
    assert of_year(**change).notes == notes


def test_without_a_statement_every_figure_says_so() -> None:
    found = examined()
    assert [figure.label for figure in found.figures] == [figure.label for figure in of_year().figures]
    assert {figure.note for figure in found.figures} == {"there is no statement"}
