"""A connection that is lost: the page says so, comes back by itself, and shows everything once."""

import signal
from pathlib import Path

from playwright.sync_api import Browser, expect
from running import running
from services.stocks.page.browsing import STEP_COUNT, cards, listen, looking, said, state, status, step
from services.stocks.page.literal_stream import COMPLETE, entry, streaming

from streamcontract.services.stocks.stages import ANALYSES

CARD = '<article class="card"><h3>{}</h3><p class="summary">{}</p></article>'
VALUATION, HEALTH, REVIEW = "analyzing_valuation_ratios", "analyzing_financial_health", "reviewing_analysis"


def test_a_server_that_is_killed_and_comes_back_is_found_again(browser: Browser, tmp_path: Path) -> None:
    settings = {"STOCKS_APP_MODE": "dev", "STOCKS_DATA_DIR": str(tmp_path)}
    with looking(browser, refusals=True) as page:
        listen(page)
        with running("--services", "stocks", **settings) as server:
            page.goto(f"http://127.0.0.1:{server.port}/?symbol=ACME&mock=1&delay_ms=60")
            expect(page.locator("#cards > *")).not_to_have_count(0)
            server.stop(signal.SIGKILL)
        state(page, "reconnecting")
        expect(status(page)).to_have_text("Connection lost; trying again…")
        expect(page.get_by_role("button", name="Stop")).to_be_visible()
        assert cards(page), "what was there stays"

        with running("--services", "stocks", "--port", str(server.port), **settings):
            state(page, "complete", seconds=40)
        assert "Connected again. Analysing ACME." in said(page)
        assert cards(page) == [analysis.value for analysis in ANALYSES]
        expect(page.locator("[data-old]")).to_have_count(0)
        expect(page.locator('li.step:is([data-status="success"], [data-status="failed"])')).to_have_count(STEP_COUNT)


def test_what_comes_again_replaces_what_was_there_and_what_does_not_goes(browser: Browser) -> None:
    before = [entry(VALUATION, CARD.format("Valuation", "then")), entry(HEALTH, CARD.format("Health", "then"))]
    after = [entry(VALUATION, CARD.format("Valuation", "now")), entry(REVIEW, CARD.format("Review", "now")), COMPLETE]
    with streaming(before, after) as served, looking(browser) as page:
        page.goto(f"{served.url}/?symbol=AAPL")
        state(page, "complete")
        assert cards(page) == [VALUATION, REVIEW]
        expect(page.locator("#cards")).not_to_contain_text("then")
        expect(step(page, HEALTH)).to_have_attribute("data-status", "pending")
        expect(step(page, HEALTH).locator(".time")).to_have_text("")


def test_what_the_page_does_not_know_is_left_out(browser: Browser) -> None:
    told = [
        entry("making_coffee", CARD.format("Coffee", "hot")),
        entry(HEALTH, CARD.format("Health", "unsure"), status="perhaps"),
        "data: no fragment at all\n\n",
        "event: news\ndata: of another kind\n\n",
        entry(VALUATION, CARD.format("Valuation", "known")),
        COMPLETE,
    ]
    with streaming(told) as served, looking(browser) as page:
        page.goto(f"{served.url}/?symbol=AAPL")
        state(page, "complete")
        assert cards(page) == [VALUATION]


def test_a_step_that_is_told_twice_is_shown_once(browser: Browser) -> None:
    told = [entry(VALUATION, CARD.format("Valuation", text)) for text in ("one", "two")]
    with streaming([*told, COMPLETE]) as served, looking(browser) as page:
        page.goto(f"{served.url}/?symbol=AAPL")
        state(page, "complete")
        assert cards(page) == [VALUATION]
        expect(page.locator("#cards .summary")).to_have_text("two")


def test_a_server_that_cannot_be_reached_is_waited_for_until_somebody_stops_it(browser: Browser) -> None:
    with looking(browser, refusals=True) as page:
        with streaming([entry(VALUATION)]) as served:
            page.goto(served.url)
        page.get_by_label("Symbol", exact=True).fill("AAPL")
        page.keyboard.press("Enter")
        state(page, "reconnecting")
        page.get_by_role("button", name="Stop").click()
        state(page, "stopped")


def test_a_stream_that_has_ended_is_not_asked_for_again(browser: Browser) -> None:
    failed = ["event: stream_error\ndata: It failed. Reference: 1a2b3c4d\n\n"]
    for told, ends in (([COMPLETE], "complete"), (failed, "failed")):
        with streaming(told, [entry(VALUATION)]) as served, looking(browser) as page:
            asked: list[str] = []
            page.on(
                "request", lambda request, asked=asked: asked.append(request.url) if "/stream" in request.url else 0
            )
            page.goto(f"{served.url}/?symbol=AAPL")
            state(page, ends)
            page.wait_for_timeout(300)  # the stream says `retry: 20`: a browser that had to come again would have
            assert len(asked) == 1
