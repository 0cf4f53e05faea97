"""One browser for each module: one for all would keep an event loop beside tests that have their own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from services.stocks.page.browsing import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found
