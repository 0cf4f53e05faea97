"""What must hold once a stream has ended, seen by another operation (section 7 of the contract language)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from streamcontract import Finding, Level, Stream, StreamMonitor, Unsettled, Verdict
from streamcontract.contract.expressions import EvaluationError, Expression, LimitError
from streamcontract.contract.model import Afterwards
from streamcontract.monitor.reading import what_came
from streamcontract_harness.exchange import Ending, Exchange, SentRequest
from streamcontract_harness.judge import Judgement
from streamcontract_harness.spoken import parsed, unreadable

__all__ = ["FollowUp", "follow_up", "never_asked"]

BODY = "the body"
"""What the body is called among the parts of a request; a parameter's name has no blank."""
Make = Callable[[str, Mapping[str, Any], Any, bool], SentRequest]
"""Makes a request: operationId, parameters, body, whether it has a body."""
Examine = Callable[[SentRequest], Judgement]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One follow-up: what its exchange showed, what the contract's assertion found, or why it was not judged."""

    id: str
    judgement: Judgement | None = None
    finding: Finding | None = None
    unsettled: Unsettled | None = None


def follow_up(judgement: Judgement, make: Make, examine: Examine) -> Iterator[FollowUp]:
    """Send what `afterwards` asks for behind this stream, and hold the answers to it."""
    monitor, exchange = judgement.monitor, judgement.exchange
    if monitor is None or exchange.ending not in (Ending.SERVER, Ending.ENOUGH):
        return
    for rule in monitor.stream.afterwards:
        if rule.after and monitor.last_symbol not in rule.after:
            continue
        if rule.needs_link and exchange.request.linked is None:
            continue
        if monitor.verdict is Verdict.VIOLATES:
            reason = "the stream itself was wrong, so what follows from it was not looked at"
            yield _unsettled(rule, reason)
            continue
        try:
            yield from _follow(rule, monitor, exchange, make, examine)
        except LimitError as error:
            yield _unsettled(rule, str(error))


def never_asked(stream: Stream, asked: Collection[str]) -> Iterator[Unsettled]:
    """What no stream of a run led to: the contract asks for it, and nothing is known of it."""
    for rule in stream.afterwards:
        if _id(rule) not in asked:
            yield Unsettled(_id(rule), "it was never asked, as no stream that was read to its end led to it")


def _unsettled(rule: Afterwards, reason: str) -> FollowUp:
    return FollowUp(_id(rule), unsettled=Unsettled(_id(rule), reason))


def _id(rule: Afterwards) -> str:
    return f"afterwards.{rule.id}"


def _follow(
    rule: Afterwards, monitor: StreamMonitor, exchange: Exchange, make: Make, examine: Examine
) -> Iterator[FollowUp]:
    linked = exchange.request.linked
    scope: dict[str, Any] = {
        "request": exchange.request.view.scope(),
        "linked": linked.scope() if linked is not None else {},
        **monitor.collected(rule),
    }
    if monitor.last is not None:
        scope["last"] = monitor.last
    if rule.when is not None and not _holds(rule.when.evaluate, scope):
        return
    made: dict[str, Any] = {}
    for name, expression in _parts(rule):
        try:
            made[name] = expression.evaluate(scope)
        except EvaluationError as error:
            message = f"{rule.operation} cannot be asked, as what its request is made of is missing"
            expected, got = f"{name}: {expression.shown}", f"{error}: {what_came(scope, expression)}"
            yield FollowUp(_id(rule), finding=_finding(rule, monitor, exchange, message, expected, got))
            return
    body = made.pop(BODY, None)
    request = make(rule.operation, made, body, rule.body is not None)
    before = (*exchange.request.before, exchange.request.as_step())
    answer = examine(replace(request, before=before))
    finding = unsettled = None
    if reason := unreadable(answer.exchange):
        unsettled = Unsettled(_id(rule), reason)
    elif answer.exchange.ending in (Ending.SERVER, Ending.ENOUGH):
        try:
            finding = _assert(rule, monitor, answer.exchange, {**scope, "response": _response(answer.exchange)})
        except LimitError as error:
            unsettled = Unsettled(_id(rule), str(error))
    yield FollowUp(_id(rule), answer, finding, unsettled)


def _assert(rule: Afterwards, monitor: StreamMonitor, answer: Exchange, scope: Mapping[str, Any]) -> Finding | None:
    wanted = rule.assertion.shown
    try:
        if rule.assertion.evaluate(scope) is True:
            return None
        what, got = "does not hold", what_came(scope, rule.assertion)
    except EvaluationError as error:
        what, got = "has no value", f"{error}: {what_came(scope, rule.assertion)}"
    said = rule.message or f"`{wanted}` {what}"
    return _finding(rule, monitor, answer, f"{rule.operation} answered {answer.status}: {said}", wanted, got)


def _parts(rule: Afterwards) -> Iterator[tuple[str, Expression]]:
    """What the request is made of."""
    yield from rule.parameters.items()
    if rule.body is not None:
        yield BODY, rule.body


def _finding(
    rule: Afterwards, monitor: StreamMonitor, exchange: Exchange, message: str, expected: str, got: str
) -> Finding:
    """A finding about the stream's operation, whose contract says it; its request is the one that showed it."""
    return Finding(
        id=_id(rule),
        level=Level.SHOULD if rule.level == "should" else Level.MUST,
        operation=monitor.stream.operation,
        message=message,
        expected=expected,
        got=got,
        location=rule.location,
        request=exchange.request.view,
    )


def _holds(evaluate: Callable[[Mapping[str, Any]], Any], scope: Mapping[str, Any]) -> bool:
    """A `when` that fails to evaluate means no."""
    try:
        return evaluate(scope) is True
    except EvaluationError:
        return False


def _response(exchange: Exchange) -> dict[str, Any]:
    """The follow-up's answer, its body parsed where it is JSON."""
    body = parsed(exchange.body, exchange.media_type)
    return {"status": exchange.status, "headers": dict(exchange.header_map()), "body": body}
