"""The answer asks a proxy to hold the stream back.

Requirement: http.buffering (SHOULD).
Why it matters: nginx, and others that took the header over, collect such an answer in buffers of some KiB and pass it
on when one is full: events come in bursts, or all at the end, and heartbeats do not come at all.
What to do: send `X-Accel-Buffering: no`, which also switches off the buffering that nginx does when nothing is said.
Right: `X-Accel-Buffering: no`, or no such header.
Wrong: `X-Accel-Buffering: yes`.
Spec: advice of this project, docs/findings.md; nginx, proxy_buffering,
https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering; HTML, section 9.2.7,
https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes
"""

from collections.abc import Iterator

from streamcontract import Finding, Level
from streamcontract_harness.checks.fault import fault
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import Exchange

__all__ = ["check"]


def check(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    said = exchange.header("x-accel-buffering")
    if said is None or said.strip().lower() != "yes":
        return
    if documented.is_stream(exchange.status or 0, exchange.media_type):
        message = "the stream asks the proxies before the server to hold it back (X-Accel-Buffering: yes); send no"
        yield fault("http.buffering", exchange, message, level=Level.SHOULD, expected="X-Accel-Buffering: no", got=said)
