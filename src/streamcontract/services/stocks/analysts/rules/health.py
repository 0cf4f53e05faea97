"""Margins, leverage, liquidity and growth, from the newest fiscal year and the one before it."""

from streamcontract.services.stocks.analysts.analyst import Analysis, Figure, Unit
from streamcontract.services.stocks.analysts.rules.arithmetic import change, figure, finite, quotient
from streamcontract.services.stocks.analysts.rules.labels import (
    CASH_FLOW,
    CURRENT_RATIO,
    DEBT_EQUITY,
    EARNINGS_GROWTH,
    NET_MARGIN,
    REVENUE_GROWTH,
    find,
)
from streamcontract.services.stocks.analysts.rules.statements import statements, year_before
from streamcontract.services.stocks.market import MarketData, Period
from streamcontract.services.stocks.stages import Step

__all__ = ["examine_health"]

HIGH_DEBT = 2.0
LOW_COVER = 1.5
LABELS = (
    ("Gross margin", Unit.SHARE),
    ("Operating margin", Unit.SHARE),
    (NET_MARGIN, Unit.SHARE),
    (DEBT_EQUITY, Unit.RATIO),
    ("Interest cover", Unit.RATIO),
    (CURRENT_RATIO, Unit.RATIO),
    ("Quick ratio", Unit.RATIO),
    (CASH_FLOW, Unit.MONEY),
    (REVENUE_GROWTH, Unit.SHARE),
    (EARNINGS_GROWTH, Unit.SHARE),
)


def examine_health(data: MarketData) -> Analysis:
    """The figures of the newest statement, and what stands out in them."""
    periods = statements(data)
    if not periods:
        why = "there is no statement"
        figures = tuple(figure(label, None, unit, why) for label, unit in LABELS)
        return Analysis(summary="There is no statement to examine.", figures=figures)
    newest, before = periods[0], year_before(periods)
    figures = (*_margins(newest), *_leverage(newest), *_liquidity(newest), _cash_flow(newest), *_growth(newest, before))
    notes = tuple(_standing_out(newest, figures))
    weak = f"{len(notes)} of its figures stand out" if len(notes) > 1 else "one of its figures stands out"
    said = weak if notes else "none of its figures stands out"
    return Analysis(summary=f"Of the fiscal year to {newest.ends}, {said}.", figures=figures, notes=notes)


def _margins(newest: Period) -> tuple[Figure, ...]:
    """Profit by revenue."""
    return (
        _by(LABELS[0][0], newest.gross_profit, "gross profit", newest.revenue, "revenue", Unit.SHARE),
        _by(LABELS[1][0], newest.operating_income, "operating income", newest.revenue, "revenue", Unit.SHARE),
        _by(NET_MARGIN, newest.net_income, "net income", newest.revenue, "revenue", Unit.SHARE),
    )


def _leverage(newest: Period) -> tuple[Figure, ...]:
    """Debt by equity; operating income by interest expense."""
    return (
        _by(DEBT_EQUITY, newest.total_debt, "total debt", newest.equity, "equity", Unit.RATIO),
        _by("Interest cover", newest.operating_income, "operating income", newest.interest_expense,
            "interest expense", Unit.RATIO),
    )  # fmt: skip


def _liquidity(newest: Period) -> tuple[Figure, ...]:
    """Current assets by current liabilities, with inventory and without. Inventory that is not told is none."""
    assets, inventory = finite(newest.current_assets), finite(newest.inventory)
    quick = None if assets is None else finite(assets - (inventory or 0))
    return (
        _by(CURRENT_RATIO, assets, "current assets", newest.current_liabilities, "current liabilities", Unit.RATIO),
        _by("Quick ratio", quick, "current assets", newest.current_liabilities, "current liabilities", Unit.RATIO),
    )


def _cash_flow(newest: Period) -> Figure:
    """Operating cash flow less capital expenditure, whatever sign the latter is given with."""
    flow, spent = finite(newest.operating_cash_flow), finite(newest.capital_expenditure)
    if flow is None or spent is None:
        why = "not known: operating cash flow" if flow is None else "not known: capital expenditure"
        return figure(CASH_FLOW, None, Unit.MONEY, why)
    return figure(CASH_FLOW, flow - abs(spent), Unit.MONEY)


def _growth(newest: Period, before: Period | None) -> tuple[Figure, ...]:
    """The newest year by the one before it, less 1; of something above zero only."""
    if before is None:
        why = "there is no statement of the year before"
        return (figure(REVENUE_GROWTH, None, Unit.SHARE, why), figure(EARNINGS_GROWTH, None, Unit.SHARE, why))
    return (
        _grown(REVENUE_GROWTH, newest.revenue, before.revenue, "revenue"),
        _grown(EARNINGS_GROWTH, newest.net_income, before.net_income, "net income"),
    )


def _grown(label: str, new: float | None, old: float | None, name: str) -> Figure:
    new, old = finite(new), finite(old)
    if new is None or old is None:
        return figure(label, None, Unit.SHARE, f"not known: {name}{' of the year before' if old is None else ''}")
    why = f"no positive {name} the year before: growth is not defined" if old <= 0 else ""
    return figure(label, change(new, old), Unit.SHARE, why)


def _by(label: str, above: float | None, name: str, below: float | None, of: str, unit: Unit) -> Figure:
    above, below = finite(above), finite(below)
    if above is None or below is None:
        return figure(label, None, unit, f"not known: {name if above is None else of}")
    if below <= 0:
        return figure(label, None, unit, f"no positive {of}: it is not defined")
    return figure(label, quotient(above, below), unit)


def _standing_out(newest: Period, figures: tuple[Figure, ...]) -> list[str]:
    made = {Step.HEALTH: Analysis(summary="", figures=figures)}
    notes = []
    income, equity = finite(newest.net_income), finite(newest.equity)
    if income is not None and income < 0:
        notes.append("The year ended with a loss.")
    if equity is not None and equity < 0:
        notes.append("There are more liabilities than assets: equity is negative.")
    for label, limit, above, said in (
        (DEBT_EQUITY, HIGH_DEBT, True, "Debt is more than twice the equity."),
        ("Interest cover", LOW_COVER, False, "Operating income is less than 1.5 times the interest."),
        (CURRENT_RATIO, 1.0, False, "What is due within a year exceeds current assets."),
        (CASH_FLOW, 0.0, False, "Free cash flow is negative."),
        (REVENUE_GROWTH, 0.0, False, "Revenue has shrunk."),
    ):
        found = find(made, Step.HEALTH, label)
        if found and found.value is not None and (found.value > limit if above else found.value < limit):
            notes.append(said)
    return notes
