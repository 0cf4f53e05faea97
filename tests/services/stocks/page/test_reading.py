"""The page for everyone: by keyboard, on a phone, in the dark, without motion, by screen reader, and without a jump."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect
from served import Served
from services.stocks.analysing import DATA, Scripted, Waiting, serving_stocks
from services.stocks.page.browsing import listen, looking, said, state, step

from streamcontract.services.stocks.market import Prices
from streamcontract.services.stocks.providers.make import SAMPLES

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
MOCK = "/?symbol=ACME&mock=1&delay_ms=0"
STATES = {
    "idle": "/",
    "running": "/?symbol=AAPL",
    "complete": MOCK,
    "failed": "/?symbol=FAIL&mock=1&delay_ms=0",
    "refused": "/?symbol=..",
}
SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map(({ value, sources }) =>
        [value, sources.map(({ node }) => node?.className ?? String(node)).join()])
    )).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Of its streams, AAPL's waits for prices; the mock's do not."""
    scripted = Scripted({**DATA, Prices: Waiting(DATA[Prices])})
    scripted.is_sample = True
    with serving_stocks(tmp_path_factory.mktemp("stocks"), scripted, app_mode="dev") as running:
        yield running


def visit(page: Page, served: Served, name: str) -> None:
    """The page in one of its states."""
    page.goto(served.url + STATES[name])
    state(page, name)
    if name == "running":
        expect(step(page, "downloading_price_history")).to_have_attribute("data-status", "in_progress")


@pytest.mark.parametrize("name", STATES)
def test_axe_finds_nothing_in_light_and_dark(browser: Browser, served: Served, name: str) -> None:
    with looking(browser, refusals=True, bypass_csp=True, reduced_motion="reduce") as page:
        visit(page, served, name)
        page.evaluate(AXE)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            found = page.evaluate("axe.run(document)")
            assert [(rule["id"], rule["nodes"]) for rule in found["violations"]] == [], scheme
            assert "color-contrast" in {rule["id"] for rule in found["passes"]}


def test_that_axe_would_find_a_fault(browser: Browser, served: Served) -> None:
    with looking(browser, bypass_csp=True) as page:
        visit(page, served, "idle")
        page.evaluate(AXE)
        page.evaluate("document.querySelector('h1').style.color = '#cccccc'")
        page.evaluate("document.documentElement.removeAttribute('lang')")
        found = page.evaluate("axe.run(document)")
        assert {"color-contrast", "html-has-lang"} <= {rule["id"] for rule in found["violations"]}


def test_the_dark_page_is_dark(browser: Browser, served: Served) -> None:
    grounds = []
    with looking(browser) as page:
        visit(page, served, "idle")
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
            grounds.append(sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")))
    light, dark = grounds
    assert light > 700
    assert dark < 100


def test_nothing_is_beyond_the_edge_of_a_narrow_screen(browser: Browser, served: Served) -> None:
    with looking(browser, refusals=True, has_touch=True) as page:
        for name in STATES:
            page.set_viewport_size({"width": 360, "height": 740})
            visit(page, served, name)
            for width in (360, 560, 800):
                page.set_viewport_size({"width": width, "height": 740})
                assert page.evaluate("document.documentElement.scrollWidth") == width, name


def test_without_motion_nothing_moves(browser: Browser, served: Served) -> None:
    moving = "document.getAnimations().filter(({animationName}) => animationName).length"
    with looking(browser) as page:
        visit(page, served, "running")
        assert page.evaluate(moving) == 2  # the mark of the step and that of its stage
        page.emulate_media(reduced_motion="reduce")
        assert page.evaluate(moving) == 0


def test_a_run_is_started_read_and_stopped_by_keyboard(browser: Browser, served: Served) -> None:
    with looking(browser) as page:
        page.goto(served.url)
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the results")).to_be_focused()
        expect(page.get_by_role("link", name="Skip to the results")).to_be_in_viewport()
        page.keyboard.press("Tab")
        expect(page.get_by_label("Symbol", exact=True)).to_be_focused()
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"

        page.keyboard.type("aapl")
        page.keyboard.press("Enter")
        state(page, "running")
        expect(step(page, "downloading_price_history")).to_have_attribute("data-status", "in_progress")
        for _ in range(4 + len(SAMPLES)):  # the button, the mock, its pause, the links to samples, and there it is
            page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Stop")).to_be_focused()
        page.keyboard.press("Space")
        state(page, "stopped")
        expect(page.get_by_role("button", name="Try again")).to_be_focused()


def test_the_skip_link_leads_to_the_results(browser: Browser, served: Served) -> None:
    with looking(browser) as page:
        visit(page, served, "complete")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#results")).to_be_focused()
        state(page, "complete")  # the fragment in the address starts nothing


def test_a_screen_reader_hears_sentences_and_few_of_them(browser: Browser, served: Served) -> None:
    with looking(browser) as page:
        listen(page)
        visit(page, served, "complete")
        sentences = said(page)
        assert sentences[-1] == "The analysis of ACME is complete; 1 of 16 steps failed."
        assert len(sentences) <= 8
        assert all(len(sentence) < 120 and "<" not in sentence for sentence in sentences)
        expect(step(page, "downloading_trends")).to_contain_text("Recommendation trends, failed")
        expect(step(page, "downloading_news")).to_contain_text("News, done")


def test_the_page_has_landmarks_and_headings_in_order(browser: Browser, served: Served) -> None:
    with looking(browser) as page:
        visit(page, served, "complete")
        levels = page.locator("h1, h2, h3, h4").evaluate_all("all => all.map(({tagName}) => Number(tagName[1]))")
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        for role, name in (("main", None), ("banner", None), ("region", "Progress"), ("region", "Results")):
            expect(page.get_by_role(role, name=name)).to_have_count(1)  # type: ignore[arg-type]


@pytest.mark.parametrize("viewport", [{"width": 1200, "height": 900}, {"width": 360, "height": 740}])
def test_nothing_jumps_while_a_run_is_told(browser: Browser, served: Served, viewport: Any) -> None:
    with looking(browser, viewport=viewport) as page:
        page.add_init_script(SHIFTS)
        page.goto(f"{served.url}/?symbol=ACME&mock=1&delay_ms=30")
        state(page, "complete")
        page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        shifts = page.evaluate("window.shifts")
        assert sum(value for value, _ in shifts) < 0.02, shifts


def test_that_a_jump_would_be_noticed(browser: Browser, served: Served) -> None:
    with looking(browser) as page:
        page.add_init_script(SHIFTS)
        visit(page, served, "idle")
        page.evaluate("document.querySelector('h1').style.marginTop = '200px'")
        page.wait_for_function("window.shifts.reduce((sum, [value]) => sum + value, 0) > 0.02")


def test_the_page_says_that_sample_data_is_invented(browser: Browser, served: Served, tmp_path: Path) -> None:
    with looking(browser) as page:
        visit(page, served, "idle")
        expect(page.get_by_text("All figures, prices and headlines on this page are invented.")).to_be_visible()
    with serving_stocks(tmp_path, Scripted()) as other, looking(browser) as page:
        page.goto(other.url)
        expect(page.get_by_text("Data: a test")).to_be_visible()
        expect(page.get_by_text("invented")).to_have_count(0)


def test_without_javascript_the_page_says_what_it_needs(served: Served) -> None:
    html = served.client.get("/").text
    assert "needs JavaScript" in html.partition("<noscript>")[2].partition("</noscript>")[0]
