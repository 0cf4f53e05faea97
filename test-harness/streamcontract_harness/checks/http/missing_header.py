"""A response header that the contract requires is missing.

Requirement: http.missing-header (MUST).
Why it matters: a client reads the header that it was promised.
What to do: send the header, or make it optional in the contract.
Right: every header of the response that has `required: true` is there.
Wrong: the contract requires `X-Correlation-Id`, and the answer has none.
Spec: OpenAPI 3.2, Header Object, https://spec.openapis.org/oas/v3.2.0.html#header-object
"""

from collections.abc import Iterator

from streamcontract import Finding
from streamcontract_harness.checks.fault import fault
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import Exchange

__all__ = ["check"]


def check(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    response = documented.find(exchange.status) if exchange.status is not None else None
    for header in response.headers if response else ():
        if header.required and exchange.header(header.name) is None:
            message = f"the answer with status {exchange.status} must have the header {header.name}"
            yield fault(
                "http.missing-header", exchange, message, expected=header.name, got="no such header", place=header.name
            )
