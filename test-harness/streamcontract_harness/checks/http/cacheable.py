"""An event stream that says it may be stored and used again.

Requirement: http.cacheable (SHOULD).
Why it matters: a cache that believes it answers the next client with yesterday's events, at once and with no server
behind them; some hold the stream back until it is whole, so as to store it.
What to do: send `Cache-Control: no-store`, or say nothing. What may well be used again is rather a plain answer.
Right: `Cache-Control: no-store`; `no-cache`; `max-age=0`; no such header.
Wrong: `Cache-Control: public, max-age=3600`; `s-maxage=60`; `Expires` an hour from now.
Not wrong: the answer to a POST, which caches leave alone; `max-age` beside `no-cache`; `Vary: *`, as such an answer
fits no other request.
Spec: advice of this project, docs/findings.md; RFC 9111, section 5.2.2,
https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2; RFC 9111, section 4.2.1,
https://www.rfc-editor.org/rfc/rfc9111#section-4.2.1; RFC 9111, section 4.1, on `Vary`,
https://www.rfc-editor.org/rfc/rfc9111#section-4.1
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from streamcontract import Finding, Level
from streamcontract.contract.written import beginning
from streamcontract_harness.checks.fault import fault
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import Exchange

__all__ = ["check"]

DIRECTIVE = re.compile(r"""([!#$%&'*+.^_`|~0-9a-z-]+)(?:="?([^",]*)"?)?""", re.IGNORECASE)
NOT_REUSED = frozenset({"no-store", "no-cache"})


def check(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    if exchange.request.method != "GET" or not documented.is_stream(exchange.status or 0, exchange.media_type):
        return
    said = beginning(_reusable(exchange))
    if said:
        message = f"the stream may be stored and used again ({said}); send Cache-Control: no-store, or nothing"
        expected = "Cache-Control: no-store"
        yield fault("http.cacheable", exchange, message, level=Level.SHOULD, expected=expected, got=said)


def _reusable(exchange: Exchange) -> str:
    """What says so; empty when nothing does."""
    headers = exchange.header_map()
    text = headers.get("cache-control", "")
    directives = {name.lower(): value for name, value in DIRECTIVE.findall(text)}
    ages = [directives[name] for name in ("max-age", "s-maxage") if name in directives]
    if NOT_REUSED & directives.keys() or "*" in map(str.strip, headers.get("vary", "").split(",")):
        return ""
    if ages:
        return f"Cache-Control: {text}" if any(age.isdigit() and int(age[:9]) for age in ages) else ""
    if {"public", "immutable"} & directives.keys():
        return f"Cache-Control: {text}"
    return f"Expires: {headers['expires']}" if _is_later(headers.get("expires"), headers.get("date")) else ""


def _is_later(expires: str | None, date: str | None) -> bool:
    """Whether it expires after it was made; what is no date has expired (RFC 9111, section 5.3)."""
    try:
        until = parsedate_to_datetime(expires or "")
        made = parsedate_to_datetime(date) if date else datetime.now(UTC)
        return until.replace(tzinfo=until.tzinfo or UTC) > made.replace(tzinfo=made.tzinfo or UTC)
    except (ValueError, TypeError, OverflowError):
        return False
