"""Connexion, set up as we need it: our validators and resolver in it, without its error pages, and made safe."""

import re
from collections.abc import Sequence

from connexion import AsyncApp
from connexion.datastructures import MediaTypeDict
from connexion.exceptions import UnsupportedMediaTypeProblem
from connexion.middleware.context import ContextMiddleware
from connexion.middleware.request_validation import RequestValidationMiddleware
from connexion.middleware.routing import RoutingMiddleware
from connexion.middleware.security import SecurityMiddleware
from starlette.routing import Mount, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from streamcontract.server.bodies import BodyValidator
from streamcontract.server.call import Call
from streamcontract.server.handlers import HandlerModule
from streamcontract.server.lowering import Lowered
from streamcontract.server.parameters import ParameterValidator, UriParser
from streamcontract.server.problems import Problem
from streamcontract.server.resolver import HandlerResolver
from streamcontract.server.runtime import Runtime
from streamcontract.server.security import security_map

__all__ = ["connexion_app"]

FORM_TYPES = (b"multipart/form-data", b"application/x-www-form-urlencoded")

_MEDIA_TYPE = re.compile(
    rb"[!#$&^_.+a-z0-9-]+/[!#$&^_.+a-z0-9-]+"
)  # https://www.rfc-editor.org/rfc/rfc6838#section-4.2


def connexion_app(lowered: Lowered, modules: Sequence[HandlerModule], runtime: Runtime) -> ASGIApp:
    """An ASGI application that routes, secures, validates and calls handlers; errors come out of it as exceptions."""
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
    inner, layers = app.middleware._build_middleware_stack()
    app.middleware.app, app.middleware.middleware_stack = inner, layers
    for layer in layers:
        _never_redirect(layer)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app.middleware({**scope, "headers": _normalised(scope["headers"])}, receive, send)
        except UnsupportedMediaTypeProblem:
            raise _unsupported(Call.of(scope)) from None

    return serve


def _never_redirect(layer: object) -> None:
    """Starlette's routers send `/path/` to `/path`, which no contract says, at the host that the client has named."""
    router = layer if isinstance(layer, Router) else getattr(layer, "router", None)
    if isinstance(router, Router):
        router.redirect_slashes = False
        for route in router.routes:
            if isinstance(route, Mount):
                _never_redirect(route.app)


def _normalised(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers with a media type that connexion can do no harm with.

    It compares the type as it is spelled, and does not validate the body of one that it does not recognise; what is no
    UTF-8 is a 500 to it; and it would parse forms, which no operation takes, even for one without a body.
    """
    return [(name, _plain_type(value) if name.lower() == b"content-type" else value) for name, value in headers]


def _plain_type(value: bytes) -> bytes:
    media_type = value.partition(b";")[0].strip().lower()
    readable = _MEDIA_TYPE.fullmatch(media_type) and media_type not in FORM_TYPES
    return media_type if readable else b"application/x-unreadable"


def _unsupported(call: Call) -> Problem:
    given = call.headers.get("content-type", "")[:100]
    taken = ", ".join(call.binding.body.contents) if call.binding and call.binding.body else "another"
    return Problem(415, f"the body is {given!r}, and the operation takes {taken}")
