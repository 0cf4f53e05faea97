"""A response header does not fit its schema.

Requirement: http.invalid-header (MUST).
Why it matters: a client that reads a number out of the header gets something else.
What to do: send a value that the header's schema allows; the message says what is wrong with it.
Right: `X-Budget-Tokens-Remaining: 120` where the schema says `type: integer, minimum: 0`.
Wrong: `X-Budget-Tokens-Remaining: unlimited`; the same header twice, which means `120, 118` and is no integer.
Spec: OpenAPI 3.2, Header Object, https://spec.openapis.org/oas/v3.2.0.html#header-object
"""

from collections.abc import Iterator

from streamcontract import Finding
from streamcontract.contract.written import beginning
from streamcontract.redaction import HIDDEN, is_secret_parameter
from streamcontract_harness.checks.fault import fault
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import Exchange

__all__ = ["check"]


def check(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    response = documented.find(exchange.status) if exchange.status is not None else None
    sent = exchange.header_map()
    for header in response.headers if response else ():
        # the one header whose lines are not parts of one value (RFC 9110, section 5.3)
        text = exchange.header(header.name) if header.name == "set-cookie" else sent.get(header.name)
        if text is None or header.validator is None:
            continue
        for error in header.validator.errors(header.read(text)):
            if not error.judged:
                break
            secret = is_secret_parameter(header.name)
            what = HIDDEN if secret else error.message
            yield fault(
                "http.invalid-header",
                exchange,
                f"the header {header.name} does not fit its schema: {what}",
                expected=error.expected,
                got=HIDDEN if secret else beginning(text),
                place=header.name,
            )
            break
