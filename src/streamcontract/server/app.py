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
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from streamcontract.contract.model import Contract
from streamcontract.contract.problems import ContractError
from streamcontract.contract.problems import Problem as ContractProblem
from streamcontract.server.binding import Binding, bind
from streamcontract.server.call import Call, too_large
from streamcontract.server.cancelling import was_cancelled
from streamcontract.server.connexion_app import connexion_app
from streamcontract.server.errors import ErrorAnswers
from streamcontract.server.handlers import HandlerError, HandlerModule, import_handlers
from streamcontract.server.health import health_response
from streamcontract.server.lifespan import run_lifespan
from streamcontract.server.logs import configure_logs
from streamcontract.server.lowering import Lowered, lower
from streamcontract.server.paths import Paths
from streamcontract.server.problems import stopping, wrapped
from streamcontract.server.runtime import Runtime
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
        self._errors = ErrorAnswers(self._paths, self.modules)
        self._connexion = connexion_app(lowered, modules, runtime)
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
        scope = {**scope, "extensions": dict(scope.get("extensions") or {})}
        call = Call(scope, receive, send, self.runtime)
        with (
            call.current(),
            structlog.contextvars.bound_contextvars(correlation_id=call.correlation_id),
            request_span(call),
        ):
            try:
                await self._dispatch(call)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # a panic in an extension and an exit asked for are to be answered, too
                if was_cancelled(error):
                    raise
                await self._errors.answer(call, wrapped(error))
            finally:
                self._account(call)
                await call.drop_body()

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


def _with_cors(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["*"],  # all that a contract names; there are no credentials that this would not cover
    )
