"""The page and the service, in a real browser: runs from their start to each end that they can have."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from served import eventually
from services.stocks.analysing import DATA, Scripted, Waiting, serving_stocks
from services.stocks.page.browsing import STEP_COUNT, cards, looking, state, status, step

from streamcontract.services.stocks.market import News, Prices
from streamcontract.services.stocks.providers.provider import ProviderError, UnknownSymbolError
from streamcontract.services.stocks.stages import ANALYSES

ALL_CARDS = [analysis.value for analysis in ANALYSES]


def ended(page: Page) -> dict[str, int]:
    """How many steps are in which state."""
    found: dict[str, int] = page.locator("li.step").evaluate_all(
        "rows => rows.reduce((all, {dataset: {status}}) => ({...all, [status]: (all[status] ?? 0) + 1}), {})"
    )
    return found


def test_a_whole_run_from_the_form_to_the_report(browser: Browser, tmp_path: Path) -> None:
    with serving_stocks(tmp_path, Scripted()) as served, looking(browser) as page:
        page.goto(served.url)
        state(page, "idle")
        assert ended(page) == {"pending": STEP_COUNT}

        page.get_by_label("Symbol", exact=True).fill("aapl")
        page.keyboard.press("Enter")

        state(page, "complete")
        expect(page).to_have_url(f"{served.url}/?symbol=AAPL")
        expect(page).to_have_title("AAPL · Stocks")
        expect(status(page)).to_have_text("The analysis of AAPL is complete.")
        assert ended(page) == {"success": STEP_COUNT}
        assert cards(page) == ALL_CARDS
        assert page.get_by_role("heading", level=3).filter(has_text="Valuation").is_visible()
        page.get_by_role("link", name="Read the report").click()
        expect(page.locator("#report")).to_be_in_viewport()


def test_what_is_under_way_is_seen_and_can_be_stopped(browser: Browser, tmp_path: Path) -> None:
    waiting = Waiting(DATA[Prices])
    with serving_stocks(tmp_path, Scripted({**DATA, Prices: waiting})) as served, looking(browser) as page:
        page.goto(f"{served.url}/?symbol=AAPL")
        row = step(page, "downloading_price_history")
        expect(row).to_have_attribute("data-status", "in_progress")
        expect(step(page, "downloading_company_profile")).to_have_attribute("data-status", "success")
        expect(status(page)).to_have_text("AAPL: downloading the data.")
        expect(page.get_by_role("progressbar", name="Steps done")).to_have_js_property("value", 2)
        expect(row.locator(".time")).to_have_text(re.compile(r"^0\.[3-9] s$"))  # it goes on counting
        expect(page.get_by_role("timer")).to_have_text(re.compile(r"^\d+\.\d s$"))

        page.get_by_role("button", name="Stop").click()

        state(page, "stopped")
        eventually(lambda: waiting.stopped == 1)
        expect(row).to_have_attribute("data-status", "stopped")
        expect(status(page)).to_have_text("The analysis of AAPL was stopped.")
        expect(page.get_by_role("button", name="Try again")).to_be_focused()


def test_a_second_symbol_ends_the_first(browser: Browser, tmp_path: Path) -> None:
    waiting = Waiting(DATA[Prices])
    with serving_stocks(tmp_path, Scripted({**DATA, Prices: waiting})) as served, looking(browser) as page:
        page.goto(f"{served.url}/?symbol=AAPL")
        eventually(lambda: waiting.asked == 1)

        page.get_by_label("Symbol", exact=True).fill("MSFT")
        page.get_by_role("button", name="Analyse").click()

        eventually(lambda: (waiting.asked, waiting.stopped) == (2, 1))
        waiting.go.set()
        state(page, "complete")
        expect(status(page)).to_have_text("The analysis of MSFT is complete.")
        assert cards(page) == ALL_CARDS
        assert "AAPL" not in page.locator("#cards").inner_text()

        page.go_back()
        expect(status(page)).to_have_text("The analysis of AAPL is complete.")
        expect(page.get_by_label("Symbol", exact=True)).to_have_value("AAPL")


def test_a_run_that_fails_says_why_and_can_be_tried_again(browser: Browser, tmp_path: Path) -> None:
    scripted = Scripted(validate=UnknownSymbolError("ZZZZ is not in the sample data."))
    with serving_stocks(tmp_path, scripted) as served, looking(browser) as page:
        page.goto(f"{served.url}/?symbol=ZZZZ")

        state(page, "failed")
        expect(status(page)).to_have_text(re.compile(r" ZZZZ is not in the sample data\. Reference: [0-9a-f]{8}$"))
        row = step(page, "validating_symbol")
        expect(row).to_have_attribute("data-status", "failed")
        expect(row).to_contain_text("ZZZZ is not in the sample data.")
        assert ended(page) == {"failed": 1, "pending": STEP_COUNT - 1}

        scripted.steps.clear()
        page.get_by_role("button", name="Try again").press("Enter")
        state(page, "complete")
        assert ended(page) == {"success": STEP_COUNT}
        expect(page.get_by_role("link", name="Read the report")).to_be_focused()  # where the button was


def test_a_step_that_the_run_can_do_without_is_told_in_full(browser: Browser, tmp_path: Path) -> None:
    scripted = Scripted({**DATA, News: ProviderError("The news cannot be had.")})
    with serving_stocks(tmp_path, scripted) as served, looking(browser) as page:
        page.goto(f"{served.url}/?symbol=AAPL")
        state(page, "complete")
        expect(status(page)).to_have_text("The analysis of AAPL is complete; 1 of 16 steps failed.")
        expect(step(page, "downloading_news")).to_contain_text(
            "The news cannot be had. The analysis goes on without it."
        )
        assert ended(page) == {"success": STEP_COUNT - 1, "failed": 1}


def test_a_symbol_that_is_none_is_refused_with_what_one_is_like(browser: Browser, tmp_path: Path) -> None:
    with serving_stocks(tmp_path, Scripted()) as served, looking(browser, refusals=True) as page:
        page.goto(f"{served.url}/?symbol=..%2FAAPL")
        state(page, "refused")
        expect(status(page)).to_have_text("A symbol is like AAPL, BRK-B, or INFY.NS.")
        expect(page.get_by_role("button", name="Try again")).to_be_enabled()
        assert ended(page) == {"pending": STEP_COUNT}


def test_a_request_that_is_refused_is_told_with_the_servers_reason(browser: Browser, tmp_path: Path) -> None:
    with serving_stocks(tmp_path, Scripted(), app_mode="dev") as served, looking(browser, refusals=True) as page:
        page.goto(f"{served.url}/?symbol=AAPL&mock=1&delay_ms=5001")
        state(page, "refused")
        expect(status(page)).to_have_text(re.compile(r"^The query parameter delay_ms.* 5000.*\.$"))


def test_the_form_does_not_send_what_is_no_symbol(browser: Browser, tmp_path: Path) -> None:
    with serving_stocks(tmp_path, Scripted()) as served, looking(browser) as page:
        page.goto(served.url)
        for text in ("", "toolong", "A A", "../A"):
            page.get_by_label("Symbol", exact=True).fill(text)
            page.keyboard.press("Enter")
            state(page, "idle")
            assert not page.get_by_label("Symbol", exact=True).evaluate("input => input.checkValidity()")
        expect(page).to_have_url(f"{served.url}/")


def test_who_asks_too_often_is_told_how_long_to_wait(browser: Browser, tmp_path: Path) -> None:
    with (
        serving_stocks(tmp_path, Scripted(), runs_per_minute=1) as served,
        looking(browser, refusals=True) as page,
    ):
        page.clock.install()
        page.goto(f"{served.url}/?symbol=AAPL")
        state(page, "complete")
        page.goto(f"{served.url}/?symbol=MSFT")

        state(page, "refused")
        expect(status(page)).to_contain_text("too many runs")
        button = page.get_by_role("button", name="Try again")
        expect(button).to_have_text(re.compile(r"^Try again in \d\d? s$"))
        expect(button).to_be_disabled()

        page.clock.fast_forward(61_000)
        expect(status(page)).to_have_text("You can try again now.")
        expect(button).to_have_text("Try again")
        expect(button).to_be_enabled()


def test_a_result_that_was_kept_is_there_at_once_on_reload(browser: Browser, tmp_path: Path) -> None:
    scripted = Scripted()
    with serving_stocks(tmp_path, scripted) as served, looking(browser) as page:
        page.goto(f"{served.url}/?symbol=AAPL")
        state(page, "complete")
        fetched = len(scripted.fetched)

        page.reload()
        state(page, "complete")
        assert cards(page) == ALL_CARDS
        assert len(scripted.fetched) == fetched


def test_the_mock_is_offered_to_developers_alone(browser: Browser, tmp_path: Path) -> None:
    with serving_stocks(tmp_path, Scripted()) as served, looking(browser) as page:
        page.goto(served.url)
        expect(page.get_by_label("Mock run")).to_have_count(0)
    with serving_stocks(tmp_path, Scripted(), app_mode="dev") as served, looking(browser) as page:
        page.goto(served.url)
        page.get_by_label("Symbol", exact=True).fill("ACME")
        page.get_by_label("Mock run").check()
        page.get_by_label("with a pause of").fill("1")
        page.get_by_role("button", name="Analyse").click()
        state(page, "complete")
        expect(page).to_have_url(f"{served.url}/?symbol=ACME&mock=1&delay_ms=1")
        expect(page.locator("#cards")).to_contain_text("a mock, whose figures mean nothing")
