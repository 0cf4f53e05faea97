"""Connexion's way from an operation to its handler: arguments in, a stream or an answer out."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import msgspec
from connexion.resolver import Resolution, Resolver
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from streamcontract.contract.build import is_sequential
from streamcontract.server.binding import Binding
from streamcontract.server.bodies import is_json
from streamcontract.server.call import Call, current_call
from streamcontract.server.problems import Problem, wrapped
from streamcontract.server.stream import StreamAnswer

__all__ = ["HandlerResolver"]

VARIADIC = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


class HandlerResolver(Resolver):  # type: ignore[misc] # connexion has no types
    """Finds the function that connexion calls for an operation of the lowered document."""

    def __init__(self, bindings: Mapping[str, Binding]) -> None:
        super().__init__()
        self.endpoints = {key: _endpoint(binding) for key, binding in bindings.items()}

    def resolve(self, operation: Any) -> Resolution:
        """The function for an operation; there is one for each, as the document was made from the bindings."""
        return Resolution(self.endpoints[operation.operation_id], operation.operation_id)


def _endpoint(binding: Binding) -> Callable[..., Any]:
    """What connexion calls. From it come path parameters as text, and what security found; the rest is in the call."""
    accepted = inspect.signature(binding.handler).parameters
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in accepted.values())
    own = {parameter.argument for parameter in binding.parameters}
    body = binding.body.argument if binding.body else None
    needed = body if body and body in accepted and accepted[body].default is inspect.Parameter.empty else None

    async def endpoint(**given: Any) -> Response:
        call = current_call()
        assert call is not None  # noqa: S101 - connexion is called inside of one
        if binding.body and not call.body_checked:  # connexion passes over what it has no validator for
            raise RuntimeError(f"the body of {binding.operation.id} was not validated")
        known = {**{name: value for name, value in given.items() if name in asked}, **call.arguments}
        arguments = {name: value for name, value in known.items() if takes_all or name in accepted}
        if needed is not None:
            arguments.setdefault(needed, {})  # as connexion does for a body that may be left out, and was
        return await _answer(binding, call, arguments)

    # Connexion looks at the signature to see what to give: only what is not in the call, the body least of all, which
    # it would parse again.
    asked = [name for name in accepted if name not in own and name != body]
    keyword = inspect.Parameter.KEYWORD_ONLY
    endpoint.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, keyword) for name in asked if accepted[name].kind not in VARIADIC]
    )
    return endpoint


async def _answer(binding: Binding, call: Call, arguments: Mapping[str, Any]) -> Response:
    if binding.stream is not None and all(is_sequential(type_) for type_ in binding.types):
        _check_accept(call, binding.stream.media_type)
    try:
        result = await _call(binding.handler, arguments, call)
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:  # a panic in an extension, an exit asked for: no reason to leave without an answer
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            raise
        raise wrapped(error) from error
    if not isinstance(result, AsyncIterator):
        return _plain(result, binding)
    if call.scope["method"] == "HEAD":
        return Response(None, binding.status, headers=dict(binding.headers))
    return StreamAnswer(call, binding, result)


async def _call(handler: Callable[..., Any], arguments: Mapping[str, Any], call: Call) -> Any:
    plain = inspect.unwrap(handler)
    if inspect.isasyncgenfunction(plain):
        return handler(**arguments)
    if inspect.iscoroutinefunction(plain):
        return await call.while_connected(handler(**arguments))
    return await run_in_threadpool(handler, **arguments)


def _plain(result: Any, binding: Binding) -> Response:
    """The answer for what a handler returned: a body, (body, status), (body, headers) or (body, status, headers)."""
    if isinstance(result, Response):
        return result
    body, status, headers = _unpacked(result)
    if body is None:
        return Response(None, status or 204, headers=headers)
    media_type = headers.pop("content-type", None) or next(
        (type_ for type_ in binding.types if not is_sequential(type_)), "application/json"
    )
    raw = isinstance(body, bytes) or (isinstance(body, str) and not is_json(media_type))
    content = body if raw else msgspec.json.encode(body)
    return Response(content, status or binding.status, headers=headers, media_type=media_type)


def _unpacked(result: Any) -> tuple[Any, int | None, dict[str, str]]:
    match result if isinstance(result, tuple) else (result,):
        case (body, int(status), Mapping() as headers):
            return body, status, _lower_names(headers)
        case (body, int(status)):
            return body, status, {}
        case (body, Mapping() as headers):
            return body, None, _lower_names(headers)
        case (body,):
            return body, None, {}
    raise TypeError("a handler returns a body, (body, status), (body, headers) or (body, status, headers)")


def _lower_names(headers: Mapping[str, Any]) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in headers.items()}


def _check_accept(call: Call, media_type: str) -> None:
    """Raises Problem when the client says that it does not take event streams (RFC 9110, 12.5.1)."""
    accept = call.headers.get("accept", "").strip()
    if accept and not _accepts(accept, media_type.split(";", maxsplit=1)[0].strip().lower()):
        raise Problem(406, f"the answer is {media_type}, and the request accepts {accept[:100]} only")


def _accepts(accept: str, media_type: str) -> bool:
    """Whether the most specific media range that covers the type has a weight above 0."""
    wanted: dict[str, bool] = {}
    for part in accept.split(","):
        range_, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((piece[2:].strip() for piece in parameters if piece.startswith("q=")), "1")
        wanted[range_] = weight.strip("0.") != ""
    covering = (media_type, f"{media_type.split('/', maxsplit=1)[0]}/*", "*/*")
    return next((wanted[range_] for range_ in covering if range_ in wanted), False)
