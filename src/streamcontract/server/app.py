"""The ASGI application: around connexion, what every contract gets without a line in a handler.

Correlation ids, problem answers, `/health`, `/metrics`, logs, spans, CORS, and an end of all streams when the server
stops.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import structlog
from connexion import AsyncApp
from connexion.datastructures import MediaTypeDict
from connexion.middleware.context import ContextMiddleware
from connexion.middleware.request_validation import RequestValidationMiddleware
from connexion.middleware.routing import RoutingMiddleware
from connexion.middleware.security import SecurityMiddleware
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from streamcontract.contract.model import Contract
from streamcontract.contract.problems import ContractError
from streamcontract.contract.problems import Problem as ContractProblem
from streamcontract.server.binding import Binding, bind
from streamcontract.server.bodies import BodyValidator
from streamcontract.server.call import CORRELATION_HEADER, Call, too_large
from streamcontract.server.handlers import HandlerError, HandlerModule, import_handlers
from streamcontract.server.health import health_response
from streamcontract.server.lifespan import run_lifespan
from streamcontract.server.logs import configure_logs
from streamcontract.server.lowering import Lowered, lower
from streamcontract.server.parameters import ParameterValidator, UriParser
from streamcontract.server.paths import Paths
from streamcontract.server.problems import ErrorBody, Problem, problem_for, problem_response, stopping
from streamcontract.server.resolver import HandlerResolver
from streamcontract.server.runtime import Runtime
from streamcontract.server.security import CHALLENGES, security_map
from streamcontract.server.settings import GuardMode, Settings
from streamcontract.server.tracing import request_span

__all__ = ["Application", "create_app"]

OWN_PAGES = ("/health", "/metrics")

Source = TypeVar("Source", str, Path, str | Path)

log: Any = structlog.get_logger("streamcontract.server")


class Application:
    """An ASGI application that serves some contracts. `stop()` lets all open streams end."""

    def __init__(self, lowered: Lowered, modules: Sequence[HandlerModule], runtime: Runtime) -> None:
        self.modules, self.runtime = tuple(modules), runtime
        self._loop: asyncio.AbstractEventLoop | None = None
        self._paths = Paths(runtime.bindings.values())
        self._connexion = _connexion(lowered, modules, runtime)
        origins = runtime.settings.cors_origins
        self._http: ASGIApp = _with_cors(self._answer, origins) if origins else self._answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's scope."""
        self._loop = asyncio.get_running_loop()
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await run_lifespan(receive, send, self.modules, self.stop)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})

    def stop(self) -> None:
        """Take no more requests, and end every open stream with its contract's failure event.

        May be called from any thread, and by a signal's handler.
        """
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.runtime.stop)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope = {**scope, "extensions": dict(scope.get("extensions") or {}), "headers": _normalised(scope["headers"])}
        call = Call(scope, receive, send, self.runtime)
        with (
            call.current(),
            structlog.contextvars.bound_contextvars(correlation_id=call.correlation_id),
            request_span(call),
        ):
            try:
                await self._dispatch(call)
            except Exception as error:
                await self._answer_error(call, error)
            finally:
                self._account(call)

    async def _dispatch(self, call: Call) -> None:
        scope, settings = call.scope, self.runtime.settings
        own = scope["path"] in OWN_PAGES and scope["method"] in ("GET", "HEAD")
        if own and not self._paths.matching(scope["path"]):
            await (await self._own_page(scope["path"]))(scope, call.receive, call.send)
            return
        if self.runtime.stopping:
            raise stopping()
        length = call.headers.get("content-length", "0")
        if length.isdecimal() and int(length[:20]) > settings.body_limit:
            raise too_large(settings.body_limit)
        await self._connexion(scope, call.receive, call.send)

    async def _own_page(self, path: str) -> Response:
        if path == "/metrics":
            return Response(self.runtime.metrics.text(), media_type=CONTENT_TYPE_LATEST)
        seconds = self.runtime.settings.health_seconds
        return await health_response(self.modules, seconds=seconds, stopping=self.runtime.stopping)

    async def _answer_error(self, call: Call, error: Exception) -> None:
        if call.status is not None:
            # Too late for an answer; without its last message the server drops the connection.
            log.error("failed in the middle of an answer", operation=call.operation, exc_info=error)
            return
        problem = problem_for(error, "the request failed", operation=call.operation)
        self._complete(problem, call)
        if problem.status == 413:
            await call.drain()
        try:
            await problem_response(problem, self._error_body(call))(call.scope, call.receive, call.send)
        except Exception:
            log.exception("the answer to an error could not be made", operation=call.operation)
            if call.status is None:
                await problem_response(Problem(problem.status))(call.scope, call.receive, call.send)

    def _complete(self, problem: Problem, call: Call) -> None:
        """The headers that HTTP asks for beside a status."""
        if problem.status == 405:
            problem.headers["Allow"] = ", ".join(self._paths.methods(call.scope["path"]))
        elif problem.status == 401 and (binding := call.binding):
            challenges = [CHALLENGES[kind] for kind in sorted(binding.schemes) if kind in CHALLENGES]
            problem.headers.setdefault("WWW-Authenticate", ", ".join(challenges) or "ApiKey")

    def _error_body(self, call: Call) -> ErrorBody | None:
        """The shape of the contract that was asked: by its operation, by its path, or because it is the only one."""
        matching = [call.binding] if call.binding else self._paths.matching(call.scope["path"])
        if matching and matching[0] is not None:
            return matching[0].error_body
        return self.modules[0].hook("error_body") if len(self.modules) == 1 else None

    def _account(self, call: Call) -> None:
        seconds = time.monotonic() - call.started
        status = str(call.status) if call.status is not None else "none"
        self.runtime.metrics.requests.labels(call.operation, status).inc()
        self.runtime.metrics.request_seconds.labels(call.operation).observe(seconds)
        known: dict[str, Any] = {"events": call.events, "outcome": call.outcome} if call.outcome else {}
        say = log.debug if call.scope["path"] in OWN_PAGES else log.info  # those are asked for all the time
        say(
            "answered",
            method=call.scope["method"],
            path=call.scope["path"][:200],
            operation=call.operation,
            status=call.status,
            seconds=round(seconds, 4),
            **known,
        )


def create_app(
    contracts: Mapping[Source, ModuleType | str],
    guard: GuardMode | None = None,
    settings: Settings | None = None,
) -> Application:
    """An ASGI application that serves each contract by a handler module (or the name of one).

    `guard` goes before the settings' own. Raises ContractError for contracts that are wrong or cannot be served, and
    HandlerError for modules that do not fit them, each with everything that was found.
    """
    settings = settings or Settings()
    configure_logs(settings)
    loaded = _load(list(contracts))
    lowered = lower(loaded)
    modules: list[HandlerModule] = []
    bindings: list[Binding] = []
    problems: list[str] = []
    for number, (contract, given) in enumerate(zip(loaded, contracts.values(), strict=True)):
        try:
            module = import_handlers(given, contract.document.path)
            bindings += bind(contract, module, [found for found in lowered.operations if found.number == number])
            modules.append(module)
        except HandlerError as error:
            problems += error.problems
    if problems:
        raise HandlerError(problems)
    runtime = Runtime(settings, guard or settings.guard, {binding.key: binding for binding in bindings})
    return Application(lowered, modules, runtime)


def _load(sources: Sequence[str | Path]) -> list[Contract]:
    contracts: list[Contract] = []
    problems: list[ContractProblem] = []
    for source in sources:
        try:
            contracts.append(Contract.load(source))
        except ContractError as error:
            problems += error.problems
    if problems:
        raise ContractError(problems)
    return contracts


def _connexion(lowered: Lowered, modules: Sequence[HandlerModule], runtime: Runtime) -> ASGIApp:
    """Connexion, without its own error pages and lifespan, which are ours."""
    stack = [RoutingMiddleware, SecurityMiddleware, RequestValidationMiddleware, ContextMiddleware]
    app = AsyncApp(__name__, middlewares=stack)
    app.add_api(
        lowered.document,
        resolver=HandlerResolver(runtime.bindings),
        security_map=security_map([module.hooks for module in modules]),
        uri_parser_class=UriParser,
        validator_map={"parameter": ParameterValidator, "body": MediaTypeDict({"*/*": BodyValidator})},
    )
    # Built now, so that nothing is left to go wrong at the first request, and that one is not slow.
    app.middleware.app, app.middleware.middleware_stack = app.middleware._build_middleware_stack()
    found: ASGIApp = app.middleware
    return found


def _with_cors(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=[CORRELATION_HEADER],
    )


def _normalised(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers with the media type in lower case: connexion compares it as it is, and does not validate the body of
    what it does not recognise."""
    return [(name, _lower_type(value) if name.lower() == b"content-type" else value) for name, value in headers]


def _lower_type(value: bytes) -> bytes:
    media_type, semicolon, parameters = value.partition(b";")
    return media_type.strip().lower() + semicolon + parameters
