"""Flaws of statements, and of what the market thinks."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from streamcontract.services.stocks.analysts.rules.arithmetic import finite
from streamcontract.services.stocks.analysts.rules.series import series_of
from streamcontract.services.stocks.market import Financials, Intel, MarketData, Period

__all__ = ["statement_flaws", "view_flaws"]

STALE_DAYS = 457
"""15 months: a year, and the three months that a report may take."""
NEEDED = ("revenue", "net_income", "ebitda", "total_debt", "cash", "equity", "shares")
NEVER_NEGATIVE = (
    "revenue",
    "interest_expense",
    "total_assets",
    "total_debt",
    "cash",
    "current_assets",
    "current_liabilities",
    "inventory",
    "shares",
)
PARTS = (("gross_profit", "revenue"), ("current_assets", "total_assets"), ("inventory", "current_assets"))
"""A part, and the whole that it cannot exceed."""
ABSURD_MULTIPLE = 1000.0
ABSURD_TARGET = 10.0
MOST_PEERS = 5


def statement_flaws(financials: Financials, today: date) -> Iterator[str]:
    """What is wrong with the statements, the newest looked at closely."""
    ends = [period.ends for period in financials.periods]
    known = [period for period in financials.periods if period.ends <= today]
    if after := len(ends) - len(known):
        yield f"Statements: {after} of {len(ends)} end after {today}."
    if len(set(ends)) < len(ends):
        yield "Statements: a fiscal year is given more than once."
    if any(later > earlier for earlier, later in pairwise(ends)):
        yield "Statements: the years are not in order."
    if not known:
        yield "Statements: there is none."
        return
    newest = max(known, key=lambda period: period.ends)
    if (age := (today - newest.ends).days) > STALE_DAYS:
        yield f"Statements: the newest year ends on {newest.ends}, {age} days before {today}."
    yield from _period_flaws(newest)


def _period_flaws(period: Period) -> Iterator[str]:
    amounts = {name: finite(getattr(period, name)) for name in period.__struct_fields__ if name != "ends"}
    negative = [name for name in NEVER_NEGATIVE if (amounts[name] or 0) < 0]
    for names, said in (
        ([name for name in NEEDED if amounts[name] is None], "lacks"),
        ([name for name in NEEDED if amounts[name] == 0 and name not in {"total_debt", "cash"}], "has zero for"),
        (negative, "has a negative amount for"),
    ):
        if names:
            yield f"Statements: the year to {period.ends} {said} {', '.join(map(_words, names))}."
    for part, whole in PARTS:
        one, all_of_it = amounts[part], amounts[whole]
        if one is not None and all_of_it is not None and one > all_of_it >= 0:
            yield f"Statements: more {_words(part)} than {_words(whole)} in the year to {period.ends}."


def _words(name: str) -> str:
    return "EBITDA" if name == "ebitda" else name.replace("_", " ")


def view_flaws(data: MarketData) -> Iterator[str]:
    """What is wrong with price targets, peers and recommendations."""
    if data.intel:
        yield from _target_flaws(data.intel, series_of(data.prices.bars, data.today).last)
        yield from _peer_flaws(data.intel)
    for month in data.trends.months if data.trends else ():
        if min(month.strong_buy, month.buy, month.hold, month.sell, month.strong_sell) < 0:
            yield f"Recommendation trends: a negative count in {month.month[:20]}."
            break


def _target_flaws(intel: Intel, price: float | None) -> Iterator[str]:
    low, mean, high = finite(intel.target_low), finite(intel.target_mean), finite(intel.target_high)
    known = [target for target in (low, mean, high) if target is not None]
    if any(target <= 0 for target in known):
        yield "Market intelligence: a price target of zero or less."
    if known != sorted(known):
        yield "Market intelligence: the lowest, mean and highest price target are not in order."
    if price and mean is not None and (mean / ABSURD_TARGET > price or 0 < mean < price / ABSURD_TARGET):
        yield f"Market intelligence: the mean price target is more than {ABSURD_TARGET:.0f} times away from the price."
    short = finite(intel.short_share)
    if short is not None and not 0 <= short <= 1:
        yield "Market intelligence: the share that is sold short is not between 0 and 1."


def _peer_flaws(intel: Intel) -> Iterator[str]:
    absurd = [
        peer.symbol[:20]
        for peer in intel.peers
        if any(abs(multiple or 0) > ABSURD_MULTIPLE for multiple in map(finite, (peer.pe, peer.pb, peer.ev_ebitda)))
    ]
    if absurd:
        others = ", and others" if len(absurd) > MOST_PEERS else ""
        yield f"Market intelligence: absurd multiples of {', '.join(absurd[:MOST_PEERS])}{others}."
    if not intel.peers:
        yield "Market intelligence: there are no peers to compare with."
