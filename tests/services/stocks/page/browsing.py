"""A real browser that looks at the page, and what a test may ask of it."""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

__all__ = ["STEP_COUNT", "cards", "chromium", "listen", "looking", "said", "state", "status", "step"]

NAMES = ("chromium", "chromium-browser", "google-chrome")
STEP_COUNT = 16
REFUSED = re.compile(r"Failed to load resource: ")
"""What the console says of an answer that is none, which is no fault of the page."""

expect.set_options(timeout=20_000)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window; the test is skipped where there is none."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])  # CI runs as root
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def looking(browser: Browser, *, refusals: bool = False, **options: Any) -> Iterator[Page]:
    """A tab of its own, in which nothing may go wrong that the console would tell; `refusals`: of answers, it may."""
    context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **options})
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    try:
        yield page
        unforeseen = [text for text in wrong if not (refusals and REFUSED.match(text))]
        assert not unforeseen, unforeseen
    finally:
        context.close()


def state(page: Page, name: str, seconds: float = 20.0) -> None:
    """Wait until the page is in a state."""
    expect(page.locator("main")).to_have_attribute("data-state", name, timeout=seconds * 1000)


def status(page: Page) -> Locator:
    """What the page says of the run, also to a screen reader."""
    return page.get_by_role("status")


LISTEN = """
    window.said = [];
    const listener = new MutationObserver(() => window.said.push(document.getElementById("status").textContent));
    const options = { childList: true, characterData: true, subtree: true };
    addEventListener("DOMContentLoaded", () => listener.observe(document.getElementById("status"), options));
"""


def listen(page: Page) -> None:
    """Note what the live region says from now on, of this page and those that it will show."""
    page.add_init_script(f"if (location.protocol !== 'about:') {{ {LISTEN} }}")


def said(page: Page) -> list[str]:
    """What the live region has said, one sentence after the other."""
    found: list[str] = page.evaluate("window.said")
    return found


def step(page: Page, name: str) -> Locator:
    """The row of a step."""
    return page.locator(f'li.step[data-substage="{name}"]')


def cards(page: Page) -> Sequence[str]:
    """The steps whose results are shown, in the order in which they stand there."""
    found: list[str] = page.locator("#cards > *").evaluate_all("found => found.map(card => card.dataset.substage)")
    return found
