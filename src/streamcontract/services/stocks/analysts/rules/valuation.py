"""What the market pays for earnings, equity and growth, and what it pays for peers.

The price is the last one, the statement the newest fiscal year. `docs/stocks.md` has the definitions in a table.
"""

from streamcontract.services.stocks.analysts.analyst import Analysis, Figure, Unit
from streamcontract.services.stocks.analysts.rules.arithmetic import figure, finite, median, quotient
from streamcontract.services.stocks.analysts.rules.labels import EV_EBITDA, MARKET_VALUE, PB, PE, PEG, PRICE
from streamcontract.services.stocks.analysts.rules.series import series_of
from streamcontract.services.stocks.analysts.rules.statements import currencies_differ, statements
from streamcontract.services.stocks.market import Intel, MarketData, Peer, Period

__all__ = ["value"]

NO_PRICE = "there is no price"
NO_STATEMENT = "there is no statement"


def value(data: MarketData) -> Analysis:
    """The four multiples, each beside the median of the peers."""
    price = series_of(data.prices.bars, data.today).last
    newest = next(iter(statements(data)), None)
    missing = _missing(data, price, newest)
    peers = data.intel.peers if data.intel else ()
    figures = (
        figure(PRICE, price, Unit.PRICE, NO_PRICE),
        *(_left_out(missing, peers) if missing or not newest or not price else _multiples(price, newest, data.intel)),
    )
    return Analysis(summary=_summary(figures, len(peers)), figures=figures)


def _missing(data: MarketData, price: float | None, newest: Period | None) -> str:
    """Why nothing can be computed, or nothing."""
    if price is None:
        return NO_PRICE
    if newest is None:
        return NO_STATEMENT
    if currencies_differ(data):
        return f"prices are in {data.profile.currency}, statements in {data.financials.currency}"
    return ""


def _left_out(why: str, peers: tuple[Peer, ...]) -> tuple[Figure, ...]:
    medians = _medians(peers)
    money = (figure(MARKET_VALUE, None, Unit.MONEY, why), figure("Earnings per share", None, Unit.PRICE, why))
    return (*money, *(figure(label, None, Unit.RATIO, why, medians[label]) for label in (PE, PB, PEG, EV_EBITDA)))


def _medians(peers: tuple[Peer, ...]) -> dict[str, float | None]:
    return {
        PE: median(peer.pe for peer in peers),
        PB: median(peer.pb for peer in peers),
        PEG: median(peer.peg for peer in peers),
        EV_EBITDA: median(peer.ev_ebitda for peer in peers),
    }


def _multiples(price: float, newest: Period, intel: Intel | None) -> tuple[Figure, ...]:
    medians = _medians(intel.peers if intel else ())
    shares = finite(newest.shares)
    few = "" if shares and shares > 0 else "not known: the number of shares"
    market = None if few or shares is None else finite(price * shares)
    per_share = None if few else quotient(finite(newest.net_income), shares)
    pe, no_pe = _pe(price, per_share, few or _unknown(newest.net_income, "net income"))
    peg, no_peg = _peg(pe, no_pe, intel)
    pb, no_pb = _over(market, finite(newest.equity), few, "equity", "P/B")
    enterprise, no_enterprise = _enterprise(market, newest, few)
    ev, no_ev = _over(enterprise, finite(newest.ebitda), no_enterprise, "EBITDA", "EV/EBITDA")
    return (
        figure(MARKET_VALUE, market, Unit.MONEY, few),
        figure("Earnings per share", per_share, Unit.PRICE, few or _unknown(newest.net_income, "net income")),
        figure(PE, pe, Unit.RATIO, no_pe, medians[PE]),
        figure(PB, pb, Unit.RATIO, no_pb, medians[PB]),
        figure(PEG, peg, Unit.RATIO, no_peg, medians[PEG]),
        figure(EV_EBITDA, ev, Unit.RATIO, no_ev, medians[EV_EBITDA]),
    )


def _unknown(amount: float | None, name: str) -> str:
    return "" if finite(amount) is not None else f"not known: {name}"


def _pe(price: float, per_share: float | None, missing: str) -> tuple[float | None, str]:
    """P/E: the price by the net income of a share. Without earnings it is not defined."""
    if per_share is None or missing:
        return None, missing
    if per_share <= 0:
        return None, "no earnings: P/E is not defined"
    return quotient(price, per_share), ""


def _peg(pe: float | None, no_pe: str, intel: Intel | None) -> tuple[float | None, str]:
    """PEG: P/E by the growth of earnings that analysts expect, in percent a year."""
    growth = finite(intel.growth) if intel else None
    if pe is None:
        return None, no_pe.replace("P/E is", "PEG is")
    if growth is None:
        return None, "not known: expected growth of earnings"
    if growth <= 0:
        return None, "no growth of earnings is expected: PEG is not defined"
    return quotient(pe, finite(100 * growth)), ""


def _over(above: float | None, below: float | None, missing: str, name: str, label: str) -> tuple[float | None, str]:
    """P/B: market value by equity. EV/EBITDA: enterprise value by EBITDA. Both only above zero."""
    if below is None or missing:
        return None, missing or f"not known: {name}"
    if below <= 0:
        return None, f"no positive {name}: {label} is not defined"
    return quotient(above, below), ""


def _enterprise(market: float | None, newest: Period, missing: str) -> tuple[float | None, str]:
    """Enterprise value: market value and total debt, less cash. One of zero or less makes no multiple."""
    debt, cash = finite(newest.total_debt), finite(newest.cash)
    if missing or debt is None or cash is None:
        return None, missing or ("not known: total debt" if debt is None else "not known: cash")
    enterprise = None if market is None else finite(market + debt - cash)
    if enterprise is not None and enterprise <= 0:
        return None, "more cash than market value and debt: EV/EBITDA is not defined"
    return enterprise, ""


def _summary(figures: tuple[Figure, ...], peers: int) -> str:
    above: list[str] = []
    below: list[str] = []
    for one in figures:
        if one.value is not None and one.peers is not None:
            (above if one.value > one.peers else below).append(one.label)
    if not above and not below:
        return "No multiple can be compared with those of peers." if peers else "There are no peers to compare with."
    parts = (
        (above, "above the median of the peers"),
        (below, "at or below it" if above else "at or below the median of the peers"),
    )
    told = "; ".join(f"{', '.join(labels)} {said}" for labels, said in parts if labels)
    return f"{told}."
