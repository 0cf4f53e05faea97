"""The page in a browser: nothing is loaded, nothing goes wrong, and everybody can read it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from reporters.html.sample import SECRET, sample

from streamcontract.redaction import Redactor
from streamcontract_harness.reporters.html.page import write

ROOT = Path(__file__).resolve().parents[4]
AXE = (ROOT / "tests/services/stocks/page/vendor/axe.min.js").read_text(encoding="utf-8")
COUNTS = (0, 1, 500)
FEWER = "for (const one of document.querySelectorAll(':is(.finding, .check):nth-of-type(n + 4)')) one.remove()"
NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])  # CI runs as root
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    folder = tmp_path_factory.mktemp("pages")
    for count in COUNTS:
        write(sample(folder, count), Redactor([("Authorization", f"Bearer {SECRET}")]), folder / f"{count}.html")
    return {count: folder / f"{count}.html" for count in COUNTS}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab in which nothing may go wrong, nor be asked for beside the page."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    page.on("request", lambda sent: wrong.append(sent.url) if not sent.url.endswith(".html") else None)
    try:
        yield page
        assert not wrong, wrong
    finally:
        context.close()


@pytest.mark.parametrize("count", COUNTS)
def test_axe_finds_nothing_in_light_and_dark(page: Page, pages: dict[int, Path], count: int) -> None:
    """Of the many findings and explanations, which are all made alike, it looks at the first ones."""
    page.goto(pages[count].as_uri())
    page.evaluate(FEWER)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.evaluate(AXE)
    page.emulate_media(color_scheme="light")
    found = page.evaluate("axe.run(document)")["violations"]
    page.emulate_media(color_scheme="dark")
    found += page.evaluate("axe.run(document, {runOnly: ['color-contrast']})")["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"][:3]]) for one in found] == []


def test_that_axe_would_find_a_fault(page: Page, pages: dict[int, Path]) -> None:
    page.goto(pages[0].as_uri())
    page.evaluate("document.querySelector('h1').remove()")
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {runOnly: ['page-has-heading-one']})")["violations"]
    assert [one["id"] for one in found] == ["page-has-heading-one"]


@pytest.mark.parametrize("count", COUNTS)
def test_nothing_is_wider_than_a_phone(page: Page, pages: dict[int, Path], count: int) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(pages[count].as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_a_link_of_the_matrix_opens_its_finding_and_from_there_its_explanation(
    page: Page, pages: dict[int, Path]
) -> None:
    page.goto(pages[500].as_uri())
    cell = page.locator("td.violated a").last
    finding = page.locator(str(cell.get_attribute("href")))
    cell.click()
    expect(finding).to_have_attribute("open", "")
    link = page.locator(".finding[open] a[href^='#check-']").first
    link.click()
    assert page.locator(f"[id='{str(link.get_attribute('href'))[1:]}']").is_visible()


def test_findings_are_filtered_by_words(page: Page, pages: dict[int, Path]) -> None:
    page.goto(pages[500].as_uri())
    page.get_by_label("Filter findings").fill("warning wire.cut")
    shown = page.locator(".finding:visible summary").all_text_contents()
    assert shown
    assert all("warning" in text and "wire.cut" in text for text in shown)
    assert page.get_by_role("status").text_content() == f"{len(shown)} of 500 findings"


def test_a_request_is_copied_as_it_stands(browser: Browser, pages: dict[int, Path]) -> None:
    with browser.new_context(permissions=["clipboard-read", "clipboard-write"]) as context:
        page = context.new_page()
        page.goto(pages[1].as_uri())
        block = page.locator(".finding .copied")
        block.get_by_role("button").click()
        page.get_by_text("Copied", exact=True).wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == block.locator("code").text_content()


def test_only_what_did_not_hold_is_shown_when_asked(page: Page, pages: dict[int, Path]) -> None:
    page.goto(pages[1].as_uri())
    page.get_by_label("Show only the checks").check()
    rows = page.locator(".matrix tbody tr:visible th[scope=row]").all_text_contents()
    assert rows == ["life.two-readers", "timing.silence"]


def test_without_scripts_it_is_whole(browser: Browser, pages: dict[int, Path]) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(pages[1].as_uri())
        page.locator(".finding summary").click()
        assert page.locator(".finding .body").is_hidden()  # the first ones are open
        assert page.locator("svg.railroad").count() == 3
        assert page.get_by_role("button").count() == 0
