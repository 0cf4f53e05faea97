"""No stream could be had from a streaming operation.

Requirement: coverage.no-stream (MUST).
Why it matters: nothing of what the contract says about the stream was checked, and a check that saw nothing is no pass.
What to do: pass the credentials with `--header`, and give the contract an example of a request that works, or a link
from the operation that comes before.
Right: at least one request is answered with the stream.
Wrong: every request is answered with an error, because a credential is missing or the examples do not fit.
Spec: the contract language, section 1, docs/contract-language.md#1-the-document
"""

from collections.abc import Iterator

from streamcontract import Finding, Level
from streamcontract_harness.results import Reported, Tally

__all__ = ["check"]


def check(tally: Tally) -> Iterator[Reported]:
    if tally.stream is None or tally.streams or tally.explained:
        return
    got = _statuses(tally)
    hint = ""
    if tally.statuses and set(tally.statuses) <= {401, 403}:
        hint = "; pass the credentials with --header"
    elif tally.statuses:
        hint = "; give the contract an example of a request that works, or a link from the operation that comes before"
    finding = Finding(
        id="coverage.no-stream",
        level=Level.MUST,
        operation=tally.operation,
        message=f"no stream could be had: {got}{hint}",
        expected=f"status {tally.stream.status} with {tally.stream.media_type}",
        got=got,
        location=tally.stream.location,
    )
    yield Reported(finding)


def _statuses(tally: Tally) -> str:
    if not tally.requests:
        return "no request could be made from the contract"
    if not tally.statuses:
        return "no request was answered"
    return "answers had " + ", ".join(f"status {status} (×{count})" for status, count in sorted(tally.statuses.items()))
