"""What came from outside stays text, and the page's policy holds where anything else would fail."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from services.stocks.analysing import DATA, Scripted, serving_stocks
from services.stocks.page.browsing import looking, state
from services.stocks.page.literal_stream import COMPLETE, entry, streaming

from streamcontract.services.stocks.analysts.analyst import Analysis
from streamcontract.services.stocks.page import PAGE_HEADERS, asset, page_html
from streamcontract.services.stocks.stages import Step

HOSTILE = {
    Step.SANITY: "<script>window.hacked = 1</script>",
    Step.VALUATION: '<img src="/nowhere" onerror="window.hacked = 1">',
    Step.HEALTH: '"><svg onload="window.hacked = 1">',
    Step.SENTIMENT: '" data-stage="complete" onmouseover="window.hacked = 1" x="',
    Step.REVIEW: "</p></article></div><script>window.hacked = 1</script>",
}
CARD = '<article class="card"><h3>A card</h3><p class="summary">Said</p>{}</article>'
TYPES = "require-trusted-types-for"
WATCH = """
    window.seen = [];
    addEventListener("securitypolicyviolation", (violation) => window.seen.push(violation.effectiveDirective));
"""


@contextmanager
def watching(browser: Browser) -> Iterator[Page]:
    """A tab that notes what the policy has forbidden, which its console may tell."""
    with browser.new_context() as context:
        page = context.new_page()
        page.add_init_script(WATCH)
        yield page


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    with streaming([COMPLETE]) as served, watching(browser) as page:
        page.goto(served.url)
        yield page


def hacked(page: Page) -> bool:
    return bool(page.evaluate("'hacked' in window"))


def test_a_hostile_text_is_shown_as_text(browser: Browser, tmp_path: Path) -> None:
    found = {step.name.lower(): Analysis(summary=text, notes=(text,)) for step, text in HOSTILE.items()}
    with serving_stocks(tmp_path, Scripted(DATA, **found)) as served, looking(browser) as page:
        page.goto(f"{served.url}/?symbol=AAPL")
        state(page, "complete")
        for step, text in HOSTILE.items():
            card = page.locator(f'#cards > [data-substage="{step.value}"]')
            expect(card.locator(".summary")).to_have_text(text)
            expect(card.locator(".notes li")).to_have_text(text)
        assert page.locator("#cards :is(script, img, svg, [onmouseover])").count() == 0
        assert not hacked(page)


def test_a_source_with_markup_in_it_is_text_on_the_page() -> None:
    assert "<script>x" not in page_html(False, "<script>x", False)


def test_a_handler_that_a_server_let_through_is_blocked(browser: Browser) -> None:
    html = CARD.format('<img src="/nowhere" onerror="window.hacked = 1">')
    with streaming([entry("analyzing_valuation_ratios", html), COMPLETE]) as served, watching(browser) as page:
        page.goto(f"{served.url}/?symbol=AAPL")
        expect(page.locator("#cards h3")).to_have_text("A card")
        page.wait_for_function("window.seen.length > 0")
        assert set(page.evaluate("window.seen")) == {"script-src-attr"}
        assert not hacked(page)


def test_a_script_that_a_server_let_through_stays_inert(browser: Browser) -> None:
    html = CARD.format("<script>window.hacked = 1</script>")
    with streaming([entry("analyzing_valuation_ratios", html), COMPLETE]) as served, watching(browser) as page:
        page.goto(f"{served.url}/?symbol=AAPL")
        state(page, "complete")
        assert page.locator("#cards script").count() == 1
        assert not hacked(page)


@pytest.mark.parametrize(
    ("attempt", "directive"),
    [
        ("heading => heading.append(Object.assign(document.createElement('script'), {text: RUN}))", TYPES),
        ("heading => heading.append(document.createElement('script').appendChild(new Text(RUN)).parentNode)", TYPES),
        ("heading => heading.setAttribute('onclick', RUN)", TYPES),
        ("heading => { heading.innerHTML = '<b>bold</b>' }", TYPES),
        ("() => new DOMParser().parseFromString('<b>bold</b>', 'text/html')", TYPES),
        ("() => trustedTypes.createPolicy('another', {})", "trusted-types"),
        ("heading => heading.setAttribute('style', 'color: red')", "style-src-attr"),
        ("() => { new Image().src = 'https://elsewhere.invalid/x.png' }", "img-src"),
        ("() => fetch('https://elsewhere.invalid/').catch(() => 0)", "connect-src"),
        ("() => { new EventSource('https://elsewhere.invalid/') }", "connect-src"),
    ],
)
def test_no_script_style_or_host_but_the_pages_own_is_let_in(tab: Page, attempt: str, directive: str) -> None:
    tab.evaluate("window.seen.length = 0")
    tab.locator("h1").evaluate(
        f"""heading => {{
            const RUN = "window.hacked = 1";
            try {{ ({attempt})(heading) }} catch {{ /* the policy has thrown */ }}
            heading.click();
        }}"""
    )
    tab.wait_for_function("window.seen.length > 0")
    assert set(tab.evaluate("window.seen")) == {directive}
    assert not hacked(tab)


def test_the_page_has_nothing_inline() -> None:
    policy = PAGE_HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    html = page_html(True, "a source", True, ("AAPL",))
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?! type=\"module\" src=)", html)


@pytest.mark.parametrize("name", ["../page.py", "index.html.jinja", "", "page.js/"])
def test_nothing_but_the_pages_files_is_an_asset(name: str) -> None:
    with pytest.raises(KeyError):
        asset(name)
