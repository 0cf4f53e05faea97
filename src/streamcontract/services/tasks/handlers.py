"""The handlers of contracts/tasks.yaml."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, NoReturn

import msgspec
from anyio.lowlevel import RunVar

from streamcontract.server import Head, Problem
from streamcontract.services.bearer import is_known, tokens_of
from streamcontract.services.tasks.answers import (
    budget_headers,
    envelope,
    pool_unavailable,
    refused,
    too_many_readers,
    unavailable,
    unknown,
)
from streamcontract.services.tasks.brokers.broker import BrokerError, RefusedError, UnknownError, View
from streamcontract.services.tasks.engines.pools import PlacementError, PoolUnavailableError
from streamcontract.services.tasks.service import Service, running
from streamcontract.services.tasks.settings import get_settings
from streamcontract.services.tasks.task import Entry, Key, Task, key_of
from streamcontract.services.tasks.types import (
    AdmissionResponse,
    Capabilities,
    Limits,
    Queue,
    Session,
    TaskError,
    TaskRequest,
)
from streamcontract.wire.events import Event

__all__ = [
    "auth_required",
    "bearer_info",
    "cancel_task",
    "create_task",
    "delete_session",
    "error_body",
    "failure_event",
    "get_capabilities",
    "get_session",
    "health",
    "lifespan",
    "stream_task",
]

NOBODY = "-"
"""The owner of everything, where no tokens are asked for."""
MOST_TOKENS, MOST_CONTEXT = 50_000, 32_768
MOST_CHARACTERS = 1_000_000
"""Of the prompt and all inputs."""

_service: RunVar[Service] = RunVar("tasks-service")


async def create_task(body: dict[str, Any], user: str | None = None) -> tuple[Any, int, dict[str, str]]:
    """POST /v1/tasks."""
    service = _service.get()
    request = msgspec.convert(body, TaskRequest, strict=False)  # to JSON Schema, 5.0 is an integer
    if request.workload != "completion":
        raise Problem(400, f"no engine for the workload {request.workload} is bound here; send completion")
    if (size := _characters(request)) > MOST_CHARACTERS:
        raise Problem(400, f"prompt and inputs have {size} characters in all; at most {MOST_CHARACTERS} are taken")
    task = Task(_key(user, request.task_id), _key(user, request.session_id), request)
    try:
        service.pools.choose(request, {})
        admission = await service.broker.admit(task)
    except PlacementError as error:
        raise Problem(400, str(error)) from error
    except PoolUnavailableError as error:
        raise pool_unavailable(error, request.engine) from error
    except RefusedError as error:
        raise refused(error, request, service.settings) from error
    except BrokerError as error:
        raise unavailable(error) from error
    answer = AdmissionResponse(
        request.task_id, admission.queue_position, admission.predicted_start_ms, admission.backoff_ms
    )
    return msgspec.to_builtins(answer), 202, budget_headers(admission.budgets)


async def stream_task(id_: str, user: str | None = None, last_event_id: str | None = None) -> Any:
    """GET /v1/tasks/{id}/stream."""
    service, key = _service.get(), _key(user, id_)
    view = await _view(service, key, id_)
    after = int(last_event_id or 0)
    if after > view.last:
        raise Problem(400, f"Last-Event-ID: {after} is no event of this stream; the newest is {view.last}")
    if after and after == view.last and view.ended:
        return None, 204
    return _events(service, key, id_, after, view)


async def _events(service: Service, key: Key, id_: str, after: int, view: View) -> AsyncIterator[Event | Head]:
    if service.readers >= service.settings.readers_limit:
        raise too_many_readers(service.settings.readers_limit)
    service.readers += 1
    try:
        async with aclosing(service.feeds.read(key, after)) as pages:
            # What is there is fetched before the head, so that what goes wrong with it is still an answer of its own.
            ready = await anext(pages) if view.last > after else ()
            yield Head(budget_headers(view.budgets))
            for entry in ready:
                yield _event(entry)
            async for page in pages:
                for entry in page:
                    yield _event(entry)
    except BrokerError as error:
        raise unavailable(error) from error
    except UnknownError as error:  # its time was over since it was looked for
        raise unknown("task", id_) from error
    finally:
        service.readers -= 1


async def cancel_task(id_: str, user: str | None = None) -> tuple[None, int]:
    """POST /v1/tasks/{id}/cancel."""
    try:
        await _service.get().broker.cancel(_key(user, id_))
    except (UnknownError, BrokerError) as error:
        _fail(error, "task", id_)
    return None, 204


async def get_session(id_: str, user: str | None = None) -> dict[str, Any]:
    """GET /v1/sessions/{id}."""
    try:
        found = await _service.get().broker.session(_key(user, id_))
    except (UnknownError, BrokerError) as error:
        _fail(error, "session", id_)
    left = found.budgets
    shown: dict[str, Any] = msgspec.to_builtins(
        Session(id_, found.ttl_ms, found.turns, found.warm, left.tokens, left.time_ms, left.cost)
    )
    return shown


async def delete_session(id_: str, user: str | None = None) -> tuple[None, int]:
    """DELETE /v1/sessions/{id}."""
    try:
        await _service.get().broker.forget(_key(user, id_))
    except (UnknownError, BrokerError) as error:
        _fail(error, "session", id_)
    return None, 204


async def get_capabilities() -> dict[str, Any]:
    """GET /v1/capabilities."""
    service = _service.get()
    shown: dict[str, Any] = msgspec.to_builtins(
        Capabilities(
            api_version="1.0.0",
            mode=service.pools.mode,
            engines=service.pools.capabilities(),
            queue=Queue(service.settings.queue_capacity, service.settings.queue_policy),
            limits=Limits(MOST_TOKENS, MOST_CONTEXT),
        )
    )
    return shown


def auth_required() -> bool:
    """Tokens are asked for when the server was given some."""
    return bool(tokens_of(get_settings().tokens))


def bearer_info(token: str) -> Mapping[str, Any] | None:
    """Whose token this is."""
    if not is_known(token, get_settings().tokens):
        return None
    return {"sub": hashlib.sha256(token.encode()).hexdigest()[:16]}


def error_body(problem: Problem) -> tuple[Any, str]:
    """Errors are an ErrorEnvelope."""
    return envelope(problem), "application/json"


def failure_event(message: str) -> Event:
    """It is the stream that fails and not the task, so that this has no id: a reader may come back."""
    return Event("error", msgspec.to_builtins(TaskError("INTERNAL", message, retriable=True)))


@asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    """The broker is opened before the first request."""
    async with running(get_settings()) as service:
        _service.set(service)
        yield


async def health() -> Mapping[str, Any]:
    """Who runs tasks, and how many wait. Raises BrokerError when the broker does not answer."""
    service = _service.get()
    await service.broker.ping()
    waiting = await service.broker.depth()
    return {
        "broker": service.settings.broker.partition(":")[0],
        "waiting": waiting,
        "readers": service.readers,
        "pools": service.pools.mode,
    }


async def _view(service: Service, key: Key, id_: str) -> View:
    try:
        return await service.broker.view(key)
    except (UnknownError, BrokerError) as error:
        _fail(error, "task", id_)


def _characters(request: TaskRequest) -> int:
    return len(request.prompt or "") + sum(len(text) for text in request.inputs or ())


def _event(entry: Entry) -> Event:
    return Event(entry.symbol, entry.data, id=str(entry.number))


def _key(user: str | None, id_: str) -> Key:
    return key_of(user or NOBODY, id_)


def _fail(error: UnknownError | BrokerError, what: str, id_: str) -> NoReturn:
    raise (unknown(what, id_) if isinstance(error, UnknownError) else unavailable(error)) from error
