"""How figures are written for people: never longer than a few words, whatever their size."""

from decimal import Decimal

from streamcontract.services.stocks.analysts.analyst import Unit
from streamcontract.services.stocks.plain import one_line

__all__ = ["written"]

HUGE = 1e15
"""From here on a number is written like 1.23e+15."""
SIZES = ((1.0, ""), (1e3, " thousand"), (1e6, " million"), (1e9, " billion"), (1e12, " trillion"))
CURRENCY = 12
"""Characters of a currency's name that are shown."""


def written(value: float | None, unit: Unit, currency: str) -> str:
    """A figure, with its currency where it is an amount; `n/a` where there is none."""
    if value is None or value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN alone differs
        return "n/a"
    value += 0.0  # -0.0 becomes 0.0
    match unit:
        case Unit.SHARE:
            return _percent(value)
        case Unit.COUNT:
            return _number(value, 0)
        case Unit.MONEY:
            return _in(currency, _amount(value))
        case Unit.PRICE:
            return _in(currency, _number(value, 2))
        case Unit.RATIO:
            return _number(value, 2)


def _number(value: float, digits: int) -> str:
    """With so many digits behind the point; three that count where these would show nothing, or far too many."""
    least = 0.5 * 10.0**-digits
    if value != 0 and (abs(value) >= HUGE or abs(value) < least):
        return f"{value:.3g}"
    return f"{value:,.{digits}f}"


def _percent(value: float) -> str:
    percent = 100 * Decimal(value)  # a float's largest, times 100, is no float any more
    if percent != 0 and (abs(percent) >= Decimal(HUGE) or abs(percent) < Decimal("0.05")):
        return f"{percent:.3g}%".replace("E", "e")
    return f"{percent:,.1f}%"


def _amount(value: float) -> str:
    for size, name in SIZES:
        if round(abs(value) / size, 2) < 1000:
            return f"{_number(value / size, 2)}{name}"
    return _number(value, 2)


def _in(currency: str, amount: str) -> str:
    name = one_line(currency, CURRENCY)
    return f"{name} {amount}" if name else amount
