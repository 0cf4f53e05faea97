"""The session with which yfinance asks: what an answer may weigh, and errors that yfinance takes for data."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

__all__ = ["errors_raised", "session"]

LARGEST_ANSWER = 16 * 2**20
"""Bytes of one answer; two years of prices are 60,000."""
UNSEEN = ("/xhr/ncp", "/ws/fundamentals-timeseries/", "/v8/finance/chart/")
"""Paths whose answers yfinance reads whatever their status: an error in JSON is no news then, or no statement."""
SEEN = (404, 429)
"""There is nothing of the kind, and asked too often: yfinance tells these apart."""

_answers: dict[str, Any] = {}
"""The last answer to each question: after an error, yfinance asks again with another cookie and crumb."""
_CRUMB = re.compile(r"\bcrumb=[^&]*")


@lru_cache(maxsize=1)
def session() -> Any:
    """The session, which keeps the last answer to each question."""
    from curl_cffi import CurlOpt, requests  # noqa: PLC0415

    made: Any = requests.Session(impersonate="chrome", curl_options={CurlOpt.MAXFILESIZE_LARGE: LARGEST_ANSWER})
    request = made.request

    def kept(*arguments: Any, **more: Any) -> Any:
        answer = request(*arguments, **more)
        _answers[_CRUMB.sub("", answer.url)] = answer
        return answer

    made.request = kept
    return made


@contextmanager
def errors_raised() -> Iterator[None]:
    """Raise the error that an answer was, instead of what yfinance made of it."""
    _answers.clear()
    try:
        yield
    finally:
        for url, answer in _answers.items():
            if urlsplit(url).path.startswith(UNSEEN) and answer.status_code not in SEEN:
                answer.raise_for_status()
