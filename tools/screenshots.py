"""Takes the pictures of the stocks page in the documentation, in a browser that looks at the service as it runs.

    python tools/screenshots.py        (make screenshots)

Writes docs/images/stocks-*.png. It needs Chromium (Debian: apt-get install chromium). They are made of the sample data
and of the mock, so that they differ only where the page does, and by the times in them.
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

__all__ = ["PICTURES", "Picture", "main"]

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
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
        path = IMAGES / f"stocks-{picture.name}.png"
        clip = {"x": 0, "y": top, "width": picture.width, "height": picture.height}
        page.screenshot(path=path, full_page=True, clip=clip)
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1024} KiB")


def main() -> None:
    """Take all pictures."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        sys.exit("there is no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for mode in MODES:
            with tempfile.TemporaryDirectory() as folder, serving(folder, mode) as url:
                for picture in PICTURES:
                    if picture.mode == mode:
                        take(picture, browser, url)
        browser.close()


if __name__ == "__main__":
    main()
