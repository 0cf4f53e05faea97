"""What headlines sound like, what analysts recommend, and which prices they expect."""

from streamcontract.services.stocks.analysts.analyst import Analysis, Figure, Unit
from streamcontract.services.stocks.analysts.rules.arithmetic import change, figure, finite
from streamcontract.services.stocks.analysts.rules.labels import BUYERS, TARGET_DISTANCE, TONE
from streamcontract.services.stocks.analysts.rules.lexicon import tone
from streamcontract.services.stocks.analysts.rules.series import series_of
from streamcontract.services.stocks.market import Headline, MarketData, Recommendations

__all__ = ["hear"]

MOST_HEADLINES = 100
MOST_SHOWN = 3
MOST_MONTHS = 4
TITLE, PUBLISHER = 200, 60
"""Characters of a headline, and of who published it, that are shown."""
CLEAR = 0.2
"""A mean tone beyond it is called good, or bad."""


def hear(data: MarketData) -> Analysis:
    """The tone of the newest headlines, the recommendations of the newest month, and the mean price target."""
    headlines = data.news.headlines[:MOST_HEADLINES] if data.news else ()
    tones = [tone(headline.title) for headline in headlines]
    mean = sum(tones) / len(tones) if tones else None
    why = "news could not be had" if data.news is None else "there are no headlines"
    counts = (("Good headlines", sum(one > 0 for one in tones)), ("Bad headlines", sum(one < 0 for one in tones)))
    months = [month for month in data.trends.months if _counts(month)][:MOST_MONTHS] if data.trends else []
    figures = (
        figure(TONE, mean, Unit.RATIO, why),
        *(figure(label, count if tones else None, Unit.COUNT, why) for label, count in counts),
        *_recommended(months, "recommendations could not be had" if data.trends is None else "there are none"),
        *_targets(data),
    )
    return Analysis(summary=_summary(mean, months), figures=figures, notes=tuple(_notes(headlines, tones)))


def _counts(month: Recommendations) -> tuple[int, ...]:
    """How many recommend what, the best first; nothing where a count is negative, or nobody recommends."""
    counts = (month.strong_buy, month.buy, month.hold, month.sell, month.strong_sell)
    return counts if min(counts) >= 0 and sum(counts) > 0 and finite(sum(counts)) is not None else ()


def _score(month: Recommendations) -> float:
    """The mean of 2 for a strong buy, 1, 0, -1, and -2 for a strong sell."""
    counts = _counts(month)
    return sum(weight * count for weight, count in zip((2, 1, 0, -1, -2), counts, strict=True)) / sum(counts)


def _recommended(months: list[Recommendations], why: str) -> tuple[Figure, ...]:
    if not months:
        return (figure("Analysts", None, Unit.COUNT, why), figure(BUYERS, None, Unit.SHARE, why),
                figure("Mean recommendation", None, Unit.RATIO, why))  # fmt: skip
    counts = _counts(months[0])
    buyers = sum(counts[:2]) / sum(counts)
    return (
        figure("Analysts", sum(counts), Unit.COUNT),
        figure(BUYERS, buyers, Unit.SHARE),
        figure("Mean recommendation", _score(months[0]), Unit.RATIO, peers=_score(months[-1]) if months[1:] else None),
    )


def _targets(data: MarketData) -> tuple[Figure, ...]:
    target = finite(data.intel.target_mean) if data.intel else None
    price = series_of(data.prices.bars, data.today).last
    why = "not known: a price target" if target is None else "there is no price" if price is None else ""
    analysts, short = (data.intel.analysts, data.intel.short_share) if data.intel else (None, None)
    return (
        figure("Mean price target", target, Unit.PRICE, why, price),
        figure(TARGET_DISTANCE, change(target, price), Unit.SHARE, why),
        figure("Analysts with a price target", analysts, Unit.COUNT, "not known"),
        figure("Sold short", short, Unit.SHARE, "not known"),
    )


def _summary(mean: float | None, months: list[Recommendations]) -> str:
    if mean is None:
        heard = "There are no headlines to judge by"
    else:
        heard = f"Headlines sound {'good' if mean > CLEAR else 'bad' if mean < -CLEAR else 'mixed or neutral'}"
    if len(months) < 2:
        return f"{heard}."
    newer, older = _score(months[0]), _score(months[-1])
    moved = "better" if newer > older else "worse" if newer < older else "the same"
    return f"{heard}; recommendations are {moved} compared with {months[-1].month[:7]}."


def _notes(headlines: tuple[Headline, ...], tones: list[float]) -> list[str]:
    """The clearest headlines, word for word; who reads them can judge the judge."""
    order = sorted(range(len(tones)), key=lambda number: -abs(tones[number]))
    clear = [number for number in order if tones[number]][:MOST_SHOWN]
    return [f"{'Good' if tones[number] > 0 else 'Bad'}: {_quoted(headlines[number])}" for number in clear]


def _quoted(headline: Headline) -> str:
    publisher = f" ({headline.publisher[:PUBLISHER]})" if headline.publisher else ""
    return headline.title[:TITLE] + publisher
