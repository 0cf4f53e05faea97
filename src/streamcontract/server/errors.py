"""Errors become answers, in one place: whatever layer they come from, in the shape of the contract that was asked."""

from collections.abc import Sequence
from typing import Any

import structlog

from streamcontract.server.call import LEFT, Call, ClientLeftError
from streamcontract.server.handlers import HandlerModule
from streamcontract.server.paths import Paths
from streamcontract.server.problems import ErrorBody, Problem, problem_for, problem_response
from streamcontract.server.security import CHALLENGES

__all__ = ["ErrorAnswers"]

log: Any = structlog.get_logger("streamcontract.server")


class ErrorAnswers:
    """Answers the errors of one application."""

    def __init__(self, paths: Paths, modules: Sequence[HandlerModule]) -> None:
        self.paths, self.modules = paths, modules

    async def answer(self, call: Call, error: Exception) -> None:
        """Tell the client, as far as that is still possible."""
        if isinstance(error, ClientLeftError):
            call.outcome = LEFT
            call.metrics.clients_left.labels(call.operation).inc()
            return
        if call.status is not None:
            # Too late for an answer; without its last message the server drops the connection.
            log.error("failed in the middle of an answer", operation=call.operation, exc_info=error)
            return
        problem = problem_for(error, "the request failed", operation=call.operation)
        self._add_headers(problem, call)
        if problem.status == 413:
            await call.drain()
        try:
            await problem_response(problem, self._shape(call))(call.scope, call.receive, call.send)
        except Exception:
            log.exception("the answer to an error could not be made", operation=call.operation)
            if call.status is None:
                await problem_response(Problem(problem.status))(call.scope, call.receive, call.send)

    def _add_headers(self, problem: Problem, call: Call) -> None:
        """The headers that HTTP asks for beside a status."""
        if problem.status == 405:
            problem.headers["Allow"] = ", ".join(self.paths.methods(call.scope["path"]))
        elif problem.status == 401 and (binding := call.binding):
            challenges = [CHALLENGES[kind] for kind in sorted(binding.schemes) if kind in CHALLENGES]
            problem.headers.setdefault("WWW-Authenticate", ", ".join(challenges) or "ApiKey")

    def _shape(self, call: Call) -> ErrorBody | None:
        """The shape of the contract that was asked: by its operation, by its path, or because it is the only one."""
        matching = [call.binding] if call.binding else self.paths.matching(call.scope["path"])
        if matching and matching[0] is not None:
            return matching[0].error_body
        return self.modules[0].hook("error_body") if len(self.modules) == 1 else None
