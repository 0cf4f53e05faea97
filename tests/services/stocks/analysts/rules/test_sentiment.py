"""What the word list hears in a headline, and how recommendations are added up."""

import pytest
from services.stocks.making import figure_of, market, value_of

from streamcontract.services.stocks.analysts.rules.lexicon import BAD, GOOD, NEGATIONS, tone
from streamcontract.services.stocks.analysts.rules.sentiment import hear
from streamcontract.services.stocks.market import Headline, Intel, News, Prices, Recommendations, Trends


@pytest.mark.parametrize(
    ("headline", "heard"),
    [
        ("Profit rises", 1.0),
        ("PROFIT RISES!", 1.0),
        ("Shares plunge after recall", -1.0),
        ("Record profit, but layoffs", 1 / 3),  # two good, one bad
        ("Profit falls", 0.0),
        ("The company opens a store", 0.0),
        ("No growth in sight", -1.0),
        ("Not a loss", 1.0),
        ("It doesn't beat expectations", -1.0),
        ("Not even seen: growth", 1.0),  # three words before: too far
        ("Not even growth", -1.0),
        ("<script>alert(1)</script>", 0.0),
        ("", 0.0),
        ("loss " * 100_000, -1.0),
    ],
)
def test_the_tone_of_a_headline(headline: str, heard: float) -> None:
    assert tone(headline) == pytest.approx(heard)


def test_no_word_is_good_and_bad() -> None:
    assert not GOOD & BAD
    assert not (GOOD | BAD) & NEGATIONS
    assert all(word.isalpha() and word.islower() for word in GOOD | BAD)


def news(*titles: str) -> News:
    return News(headlines=tuple(Headline(title=title) for title in titles))


@pytest.mark.parametrize(
    ("titles", "mean", "summary"),
    [
        (("Profit rises", "A store"), 0.5, "Headlines sound good."),
        (("A loss", "A store"), -0.5, "Headlines sound bad."),
        (("A loss", "Profit rises"), 0.0, "Headlines sound mixed or neutral."),
    ],
)
def test_the_mean_tone_decides_what_they_sound_like(titles: tuple[str, ...], mean: float, summary: str) -> None:
    found = hear(market(news=news(*titles)))
    assert value_of(found, "Tone of headlines") == mean
    assert found.summary == summary


def test_the_clearest_headlines_are_quoted_with_what_was_heard() -> None:
    found = hear(market(news=news("A store", "Profit falls", "<b>A loss</b>", "Record profit, but layoffs")))
    assert found.notes == ("Bad: <b>A loss</b>", "Good: Record profit, but layoffs")


def test_who_published_a_headline_is_told() -> None:
    headlines = (Headline(title="A loss", publisher="The Wire"), Headline(title="A profit", publisher="x" * 100))
    found = hear(market(news=News(headlines=headlines)))
    assert found.notes == ("Bad: A loss (The Wire)", f"Good: A profit ({'x' * 60})")


def test_how_many_analysts_have_a_price_target_is_told() -> None:
    assert value_of(hear(market(intel=Intel(analysts=17))), "Analysts with a price target") == 17
    assert figure_of(hear(market(intel=None)), "Analysts with a price target").note == "not known"


@pytest.mark.parametrize(
    ("made", "why"), [(None, "news could not be had"), (News(headlines=()), "there are no headlines")]
)
def test_without_headlines_there_is_no_tone(made: News | None, why: str) -> None:
    found = hear(market(news=made))
    assert [figure_of(found, label).note for label in ("Tone of headlines", "Good headlines", "Bad headlines")] == [
        why
    ] * 3


def test_months_that_say_nothing_or_nonsense_are_left_out() -> None:
    months = (
        Recommendations(month="2026-10"),
        Recommendations(month="2026-09", buy=-3, hold=10),
        Recommendations(month="2026-08", strong_buy=1, sell=1),
        Recommendations(month="2026-07", strong_sell=2),
    )
    found = hear(market(trends=Trends(months=months)))
    assert value_of(found, "Analysts") == 2
    assert figure_of(found, "Mean recommendation").value == 0.5  # (2 - 1) / 2
    assert figure_of(found, "Mean recommendation").peers == -2.0
    assert found.summary.endswith("recommendations are better compared with 2026-07.")


@pytest.mark.parametrize(
    ("made", "why"), [(None, "recommendations could not be had"), (Trends(months=()), "there are none")]
)
def test_without_recommendations_there_are_no_figures_of_them(made: Trends | None, why: str) -> None:
    assert figure_of(hear(market(trends=made)), "Mean recommendation").note == why


def test_a_price_target_needs_a_price() -> None:
    assert figure_of(hear(market(intel=Intel())), "Mean price target").note == "not known: a price target"
    found = hear(market(prices=Prices(bars=())))
    assert value_of(found, "Mean price target") == 198.0
    assert figure_of(found, "Mean price target against price").note == "there is no price"
