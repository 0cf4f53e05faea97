"""The page over the service as it runs, with data from files that mean harm, and with the sample."""

import re
import shutil
from pathlib import Path

import msgspec
from playwright.sync_api import Browser, expect
from services.stocks.analysing import serving_stocks
from services.stocks.page.browsing import looking, state, status

from streamcontract.services.stocks.providers.make import SAMPLE

HARM = """<script>window.hacked = 1</script><img src="/nowhere" onerror="window.hacked = 1">"""
NAME = f"""Evil" data-stage='complete' onmouseover='window.hacked = 1' & Sons {HARM}"""
HEADLINE = f"""Record profit "beats" '> expectations </div></article> {HARM}"""


def test_hostile_names_and_headlines_are_shown_as_they_stand(browser: Browser, tmp_path: Path) -> None:
    evil = tmp_path / "files" / "EVIL"
    shutil.copytree(SAMPLE / "AAPL", evil)
    for name, change in (("profile.json", {"name": NAME}), ("news.json", {"headlines": [{"title": HEADLINE}]})):
        known = msgspec.json.decode((evil / name).read_bytes())
        (evil / name).write_bytes(msgspec.json.encode({**known, **change}))
    with (
        serving_stocks(tmp_path / "data", provider="files", files_dir=evil.parent) as served,
        looking(browser) as page,
    ):
        page.goto(f"{served.url}/?symbol=EVIL")
        state(page, "complete")
        expect(page.locator("#report .summary")).to_contain_text(NAME)
        expect(page.locator('#cards [data-substage="analyzing_market_sentiment"]')).to_contain_text(HEADLINE)
        assert page.locator("#cards :is(script, img, [onmouseover], [onerror])").count() == 0
        assert page.evaluate("'hacked' in window") is False


def test_the_sample_is_offered_and_shown_with_its_chart(browser: Browser, tmp_path: Path) -> None:
    with serving_stocks(tmp_path) as served, looking(browser) as page:
        page.goto(served.url)
        page.get_by_role("link", name="MSFT").click()
        state(page, "complete")
        expect(status(page)).to_have_text("The analysis of MSFT is complete.")
        expect(page.locator("#cards").get_by_role("img")).to_have_accessible_name(re.compile("^Closing prices: "))
        expect(page.locator("#report")).to_contain_text("Sample data: all figures are invented.")


def test_a_phone_has_room_for_every_figure(browser: Browser, tmp_path: Path) -> None:
    with serving_stocks(tmp_path) as served, looking(browser, viewport={"width": 360, "height": 740}) as page:
        page.goto(f"{served.url}/?symbol=BRK-B")
        state(page, "complete")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        wide = "cards => cards.filter(({scrollWidth, clientWidth}) => scrollWidth > clientWidth).length"
        assert page.locator(".card").evaluate_all(wide) == 0
