"""What the tests of `fetch_url` share."""

import pytest
from services.chat.tools.fetching import OUTSIDE, Names


@pytest.fixture
def site() -> Names:
    return Names(site=[[OUTSIDE]], inside=[["127.0.0.1"]], both=[[OUTSIDE, "127.0.0.1"]])
