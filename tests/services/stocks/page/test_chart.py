"""The price chart: drawn from the page's own data, and left out where that is none."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from services.stocks.page.browsing import looking
from services.stocks.page.literal_stream import COMPLETE, entry, streaming

DAYS = [date(2025, 11, 20) + timedelta(days=number) for number in range(365)]
PRICES = {day: 100 + (number % 90) / 2 for number, day in enumerate(DAYS)}
BARS = ",".join(f"{day} {price}" for day, price in PRICES.items())
MONTHS = ["Dec", "2026", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov"]


DRAW = """async (bars) => {
    const { drawCharts } = await import("/assets/chart.js");
    const [card, figure, caption] = ["article", "figure", "figcaption"].map((name) => document.createElement(name));
    card.className = "card";
    figure.className = "chart";
    Object.assign(figure.dataset, { currency: "USD", bars });
    caption.textContent = "Prices in a year";
    figure.append(caption);
    card.append(figure);
    card.style.gridColumn = "1 / -1"; // by the DOM, which the policy has nothing against
    document.getElementById("cards").replaceChildren(card);
    drawCharts(card);
}"""
BOXES = """(drawing) => [drawing, ...drawing.querySelectorAll("*")].map((shape) => {
    const { left, right, top, bottom } = shape.getBoundingClientRect();
    return [shape.getAttribute("class"), left, right, top, bottom];
})"""


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    with streaming([COMPLETE]) as served, looking(browser) as page:
        page.goto(served.url)
        yield page


@pytest.fixture
def page(tab: Page) -> Page:
    tab.set_viewport_size({"width": 1200, "height": 900})
    return tab


def shown(page: Page, bars: str) -> Locator:
    page.evaluate(DRAW, bars)
    return page.locator("figure.chart")


def test_a_card_with_prices_is_shown_with_their_chart(browser: Browser) -> None:
    figure = f'<figure class="chart" data-currency="EUR" data-bars="{BARS}"><figcaption>A year</figcaption></figure>'
    card = f'<article class="card"><h3>Prices</h3>{figure}</article>'
    with streaming([entry("analyzing_price_performance", card), COMPLETE]) as served, looking(browser) as page:
        page.goto(f"{served.url}/?symbol=AAPL")
        expect(page.locator("#cards").get_by_role("img", name="A year")).to_be_visible()
        expect(page.locator("#cards .marks")).to_contain_text("EUR 144.50")


def test_a_chart_has_a_line_its_extremes_and_the_months(page: Page) -> None:
    chart = shown(page, BARS)
    drawing = chart.get_by_role("img", name="Prices in a year")
    expect(drawing).to_be_visible()
    assert (drawing.locator(".line").get_attribute("d") or "").count("L") == len(DAYS) - 1
    assert drawing.locator(".mark-label").all_text_contents() == ["Low 100.00", "High 144.50"]
    labels = drawing.locator("text.tick").all_text_contents()
    assert [label for label in labels if not label.replace(".", "").isdigit() or label == "2026"] == MONTHS
    assert [float(label) for label in labels if label.isdigit() and label != "2026"] == [100, 110, 120, 130, 140]
    assert chart.locator(".marks div").all_inner_texts() == [
        "First\nUSD 100.00\n2025-11-20",
        "Low\nUSD 100.00\n2025-11-20",
        "High\nUSD 144.50\n2026-02-17",
        "Last\nUSD 102.00\n2026-11-19",
    ]


def beyond(edge: list[float], boxes: list[Any]) -> list[Any]:
    """What is not all inside the edge."""
    low, high, top, bottom = edge
    return [box for box in boxes if box[1] < low - 1 or box[2] > high + 1 or box[3] < top - 1 or box[4] > bottom + 1]


@pytest.mark.parametrize("width", [360, 700, 1200])
def test_nothing_of_a_chart_is_beyond_its_edge_or_covers_another_label(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    (_, *edge), *boxes = shown(page, BARS).locator("svg").evaluate(BOXES)
    assert not beyond(edge, boxes)
    labels = [box[1:] for box in boxes if box[0] == "tick"]
    for one, two in combinations(labels, 2):
        assert one[0] >= two[1] or two[0] >= one[1] or one[2] >= two[3] or two[2] >= one[3], (one, two)


def test_a_chart_is_drawn_anew_when_the_window_is_resized(page: Page) -> None:
    drawing = shown(page, BARS).locator("svg")
    wide = int(drawing.get_attribute("width") or 0)
    page.set_viewport_size({"width": 500, "height": 900})
    expect(drawing).not_to_have_attribute("width", str(wide))
    assert drawing.bounding_box()["width"] < 500  # type: ignore[index]


@pytest.mark.parametrize(
    "bars",
    [
        "2026-01-05 7,2026-01-06 7",
        "2026-01-05 0,2026-01-06 0",
        "2026-01-05 0.0001,2026-01-06 0.0002",
        "2026-01-05 1,2026-01-06 99999999",
        "2026-01-05 700000,2026-01-06 734567.89",
    ],
)
def test_a_flat_a_small_and_a_great_price_are_drawn(page: Page, bars: str) -> None:
    chart = shown(page, bars)
    expect(chart.locator("svg")).to_be_visible()
    assert "NaN" not in chart.inner_html()
    assert 2 <= chart.locator("text.tick").count() <= 9
    (_, *edge), *boxes = chart.locator("svg").evaluate(BOXES)
    assert not beyond(edge, boxes)


@pytest.mark.parametrize(
    "bars",
    [
        "",
        "2026-01-05 100",
        "2026-01-05 100,",
        "2026-01-05 100,2026-01-06 None",
        "2026-01-05 100,2026-01-06 1e400",
        "2026-01-05 100,2026-13-41 100",
        "2026-01-05 100,2026-01-06 -",
        "nonsense",
        ",".join(["2026-01-05 1"] * 5001),
    ],
    ids=lambda bars: bars[:32] or "empty",
)
def test_what_is_no_prices_gives_no_chart_and_the_caption_stays(page: Page, bars: str) -> None:
    chart = shown(page, bars)
    expect(chart.get_by_text("Prices in a year")).to_be_visible()
    expect(chart.locator("svg, dl")).to_have_count(0)
