"""A status that the contract does not document.

Requirement: http.undocumented-status (MUST).
Why it matters: clients are written, and generated, from the statuses that the contract lists.
What to do: answer with a status of the contract, or document this one.
Right: a status under `responses`, by itself, by its class (`4XX`) or by `default`.
Wrong: a 500 where 200 and 400 are documented.
Spec: OpenAPI 3.2, Responses Object, https://spec.openapis.org/oas/v3.2.0.html#responses-object
"""

from collections.abc import Iterator

from streamcontract import Finding
from streamcontract_harness.checks.fault import fault
from streamcontract_harness.documented import Documented
from streamcontract_harness.exchange import Exchange

__all__ = ["check"]


def check(exchange: Exchange, documented: Documented) -> Iterator[Finding]:
    status = exchange.status
    if status is None or documented.find(status) is not None:
        return
    expected = ", ".join(sorted(documented.responses)) or "none"
    message = f"the answer has status {status}, which the contract does not document; it has {expected}"
    yield fault("http.undocumented-status", exchange, message, expected=expected, got=str(status), place=str(status))
