"""Figures as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.services.stocks.analysts.analyst import Unit
from streamcontract.services.stocks.written import written


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (12.345, Unit.RATIO, "12.35"),
        (-0.5, Unit.RATIO, "-0.50"),
        (1234.5, Unit.RATIO, "1,234.50"),
        (0.001, Unit.RATIO, "0.001"),
        (0.0, Unit.RATIO, "0.00"),
        (-0.0, Unit.RATIO, "0.00"),
        (-0.0, Unit.SHARE, "0.0%"),
        (1e300, Unit.RATIO, "1e+300"),
        (5e-324, Unit.RATIO, "4.94e-324"),
        (0.1234, Unit.SHARE, "12.3%"),
        (-1.25, Unit.SHARE, "-125.0%"),
        (12.5, Unit.SHARE, "1,250.0%"),
        (0.0, Unit.SHARE, "0.0%"),
        (0.0001, Unit.SHARE, "0.0100%"),
        (1e308, Unit.SHARE, "1.00e+310%"),
        (950.0, Unit.MONEY, "USD 950.00"),
        (1500.0, Unit.MONEY, "USD 1.50 thousand"),
        (999_999_999.0, Unit.MONEY, "USD 1.00 billion"),  # not 1,000.00 million
        (-22e9, Unit.MONEY, "USD -22.00 billion"),
        (3.6e12, Unit.MONEY, "USD 3.60 trillion"),
        (1e308, Unit.MONEY, "USD 1e+308"),
        (180.0, Unit.PRICE, "USD 180.00"),
        (1234567.891, Unit.PRICE, "USD 1,234,567.89"),
        (0.0012, Unit.PRICE, "USD 0.0012"),
        (40.0, Unit.COUNT, "40"),
        (12345.0, Unit.COUNT, "12,345"),
        (None, Unit.MONEY, "n/a"),
        (float("nan"), Unit.RATIO, "n/a"),
        (float("-inf"), Unit.PRICE, "n/a"),
    ],
)
def test_a_figure_is_written_by_its_unit(value: float | None, unit: Unit, shown: str) -> None:
    assert written(value, unit, "USD") == shown


def test_an_amount_in_no_currency_has_none() -> None:
    assert written(180.0, Unit.PRICE, "") == "180.00"


@given(st.floats(), st.sampled_from(Unit), st.text())
def test_a_figure_is_never_long_and_never_nonsense(value: float, unit: Unit, currency: str) -> None:
    number = written(value, unit, "")
    assert len(number) < 30
    assert not {"nan", "inf"} & {number.lower().strip("-%")}
    assert len(written(value, unit, currency)) < 30 + 15
