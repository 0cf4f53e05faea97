"""Takes the pictures of the documentation: of the stocks page as it runs, and of a report of the harness.

    python tools/screenshots.py [stocks] [report]        (make screenshots)

Writes docs/images/stocks-*.png and report-*.png. It needs Chromium (Debian: apt-get install chromium). The stocks are
made of the sample data and of the mock, so that they differ only where the page does, and by the times in them; the
report is of a server with two faults, which is checked as it runs.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

__all__ = ["PICTURES", "REPORT_PICTURES", "Picture", "ReportPicture", "main"]

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
CONTRACT = ROOT / "examples" / "first-contract" / "countdown.yaml"
COMMAND = Path(sys.executable).with_name("streamcontract")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MODES = ("production", "dev")
WIDTH, PHONE = 1120, 360
DONE = 'li.step[data-substage="analyzing_price_performance"][data-status="success"]'


@dataclass(frozen=True)
class Picture:
    """One picture: the page in a state (once it shows what `until` selects), from the top of what `top` selects."""

    name: str
    query: str
    state: str
    height: int
    width: int = WIDTH
    scheme: Literal["light", "dark"] = "light"
    top: str = "html"
    until: str = "h1"

    @property
    def mode(self) -> str:
        """The mode of the service that it is taken of."""
        return "dev" if "mock" in self.query else "production"


PICTURES = (
    Picture("idle", "", "idle", 880),
    Picture("running", "?symbol=AAPL&mock=1&delay_ms=300", "running", 880, until=DONE),
    Picture("complete", "?symbol=AAPL", "complete", 1494, top=".panel"),
    Picture("complete-dark", "?symbol=AAPL", "complete", 1494, scheme="dark", top=".panel"),
    Picture("failed", "?symbol=FAIL&mock=1&delay_ms=50", "failed", 880),
    Picture("phone", "?symbol=AAPL", "complete", 1440, width=PHONE),
)


@dataclass(frozen=True)
class ReportPicture:
    """One picture of the report: from the top of what `top` selects, down to that of what `bottom` does."""

    name: str
    top: str
    bottom: str
    scheme: Literal["light", "dark"] = "light"


REPORT_PICTURES = (
    ReportPicture("matrix", "header", "#operation-1"),
    ReportPicture("operation", "#operation-1", "#checks", "dark"),
)
REPORT_WIDTH, REPORT_HEIGHT = 1000, 1900
FAULTY = '''"""The countdown, which falls silent in the middle and loses count."""

import asyncio

from streamcontract import Event


async def count_down(body):
    for left in range(int(body["from"]), 0, -1):
        if left == 5:
            await asyncio.sleep(0.8)
        yield Event("tick", {"left": left if left != 4 else 40})
    yield Event("liftoff", "up and away")
'''


@contextmanager
def faulty(folder: str) -> Iterator[str]:
    """A server of the first contract with faults of its own; yields its address."""
    (Path(folder) / "faulty_countdown.py").write_text(FAULTY, encoding="utf-8")
    pair = f"{CONTRACT}=faulty_countdown"
    with subprocess.Popen(
        [COMMAND, "serve", pair, "--guard", "off", "--port", "0"],
        env={**os.environ, "PYTHONPATH": folder},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            line = server.stdout.readline() if server.stdout else ""
            if not line.startswith("serving "):
                sys.exit("the faulty server did not start")
            yield line.removeprefix("serving ").strip()
        finally:
            server.terminate()


def take_report(browser: Browser) -> None:
    """Check the faulty server, and take the pictures of the report."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        with faulty(folder) as url:
            options = ["--seed", "1", "--max-examples", "4", "--report", f"html:{path}"]
            contract = CONTRACT.relative_to(ROOT)
            subprocess.run([COMMAND, "check", contract, "--url", url, *options], cwd=ROOT, check=False)
        for picture in REPORT_PICTURES:
            size = {"width": REPORT_WIDTH, "height": 900}
            with browser.new_context(viewport=size, color_scheme=picture.scheme) as context:
                page: Page = context.new_page()
                page.goto(path.as_uri())
                top, bottom = (
                    page.locator(place).evaluate("element => element.getBoundingClientRect().top + scrollY")
                    for place in (picture.top, picture.bottom)
                )
                height = min(bottom - top, REPORT_HEIGHT)
                clip = {"x": 0, "y": max(0, top - 16), "width": REPORT_WIDTH, "height": height}
                save(page, IMAGES / f"report-{picture.name}.png", clip)


def save(page: Page, path: Path, clip: dict[str, float]) -> None:
    """Take a part of the page."""
    page.screenshot(path=path, full_page=True, clip=clip)  # type: ignore[arg-type]
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1024} KiB")


@contextmanager
def serving(folder: str, mode: str) -> Iterator[str]:
    """The service, in a process of its own; yields its address."""
    environment = {**os.environ, "STOCKS_APP_MODE": mode, "STOCKS_PROVIDER": "sample", "STOCKS_ANALYST": "rules"}
    with (
        (Path(folder) / "log").open("w", encoding="utf-8") as log,
        subprocess.Popen(
            [COMMAND, "serve", "--services", "stocks", "--port", "0"],
            env={**environment, "STOCKS_DATA_DIR": folder},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as server,
    ):
        try:
            line = server.stdout.readline() if server.stdout else ""
            if not line.startswith("serving "):
                sys.exit(f"the server did not start: {Path(log.name).read_text(encoding='utf-8')}")
            yield line.removeprefix("serving ").strip()
        finally:
            server.terminate()


def take(picture: Picture, browser: Browser, url: str) -> None:
    """Take one picture."""
    size = {"width": picture.width, "height": 900}
    with browser.new_context(viewport=size, color_scheme=picture.scheme, reduced_motion="reduce") as context:
        page: Page = context.new_page()
        page.goto(f"{url}/{picture.query}")
        expect(page.locator("main")).to_have_attribute("data-state", picture.state, timeout=30_000)
        page.locator(picture.until).wait_for(timeout=30_000)
        top = page.locator(picture.top).evaluate("element => Math.max(0, element.getBoundingClientRect().top - 20)")
        clip = {"x": 0, "y": top, "width": picture.width, "height": picture.height}
        save(page, IMAGES / f"stocks-{picture.name}.png", clip)


def take_stocks(browser: Browser) -> None:
    """Take the pictures of the stocks page."""
    for mode in MODES:
        with tempfile.TemporaryDirectory() as folder, serving(folder, mode) as url:
            for picture in PICTURES:
                if picture.mode == mode:
                    take(picture, browser, url)


WHAT = {"stocks": take_stocks, "report": take_report}


def main() -> None:
    """Take all pictures, or those that are asked for."""
    asked = sys.argv[1:] or [*WHAT]
    if unknown := set(asked) - WHAT.keys():
        sys.exit(f"there are no pictures of {', '.join(unknown)}; there are: {', '.join(WHAT)}")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        sys.exit("there is no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for what in asked:
            WHAT[what](browser)
        browser.close()


if __name__ == "__main__":
    main()
