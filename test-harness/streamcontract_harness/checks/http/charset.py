"""An event stream's content type names another charset than UTF-8.

Requirement: http.charset (SHOULD).
Why it matters: an event stream is always read as UTF-8, so whoever believes the header reads something else.
What to do: write `Content-Type: text/event-stream` and nothing behind it. It is a warning, as no client reads the
stream in another way for it.
Right: `Content-Type: text/event-stream`, or `; charset=utf-8` behind it.
Wrong: `Content-Type: text/event-stream; charset=latin1`.
Spec: HTML, the registration of text/event-stream, https://html.spec.whatwg.org/multipage/iana.html#text/event-stream
"""

import re
from collections.abc import Iterator

from streamcontract import Finding, Level
from streamcontract_harness.checks.fault import fault
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import Exchange

__all__ = ["check"]

CHARSET = re.compile(r""";\s*charset\s*=\s*"?([^\s";]+)""", re.IGNORECASE)


def check(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    named = CHARSET.search(exchange.header("content-type") or "")
    if exchange.media_type != "text/event-stream" or named is None or named[1].lower() in ("utf-8", "utf8"):
        return
    message = f"an event stream is always read as UTF-8; its Content-Type says {named[1]}"
    yield fault("http.charset", exchange, message, level=Level.SHOULD, expected="utf-8, or none", got=named[1])
