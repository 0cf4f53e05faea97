"""No stream ended in success.

Requirement: coverage.no-success (SHOULD).
Why it matters: streams that only ever report failures may be right, and still show nothing of what a client comes for.
What to do: give the contract an example of a request that leads to success; where nothing can go well in a test,
leave it out with `--ignore coverage.no-success`.
Right: at least one stream ends with an event that `outcome.success` names.
Wrong: every stream ends with `error`.
Spec: the contract language, section 3, docs/contract-language.md#3-sequence-the-order
"""

from collections.abc import Iterator

from streamcontract import Finding, Level
from streamcontract_harness.results import Reported, Tally

__all__ = ["check"]


def check(tally: Tally) -> Iterator[Reported]:
    stream = tally.stream
    if stream is None or not stream.outcome.success or not tally.right_streams:
        return  # where every stream is wrong in itself, that is what is to be told
    if not any(tally.outcomes[symbol] for symbol in stream.outcome.success):
        expected = " or ".join(sorted(stream.outcome.success))
        got = ", ".join(f"{symbol} (×{count})" for symbol, count in sorted(tally.outcomes.items())) or "none"
        finding = Finding(
            id="coverage.no-success",
            level=Level.SHOULD,
            operation=tally.operation,
            message=f"none of {tally.streams} streams ended with {expected}; outcomes seen: {got}",
            expected=expected,
            got=got,
            location=stream.location,
        )
        yield Reported(finding)
