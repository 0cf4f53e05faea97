"""Security schemes, checked by functions of the handler module; connexion decides which schemes a request must satisfy.

| scheme | function in the handler module |
|---|---|
| `http`, `bearer` | `bearer_info(token)` |
| `http`, `basic` | `basic_info(username, password)` |
| `apiKey` | `apikey_info(key)` |
| `oauth2`, `openIdConnect` | `token_info(token)`, with the token's scopes under `scope` |

Each returns a mapping for whoever may come in (handlers get it as `token_info`, its `sub` as `user`), else None; each
may be a coroutine. A function `auth_required()` decides where that depends on how a server is set up: when it returns
False, nobody is asked; when it returns True, everybody is, also where the contract has an empty alternative (`{}`), by
which it says that credentials may be left out. Functions that a contract itself names (connexion's `x-bearerInfoFunc`)
are not called: a contract is data.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from connexion.security import (
    NO_VALUE,
    ApiKeySecurityHandler,
    BasicSecurityHandler,
    BearerSecurityHandler,
    OAuthSecurityHandler,
)

__all__ = ["CHALLENGES", "CHECKS", "SERVICE_KEY", "Checks", "anonymous_scheme", "lower_scheme", "named", "security_map"]

CHECKS: Mapping[str, str] = {
    "bearer": "bearer_info",
    "basic": "basic_info",
    "apiKey": "apikey_info",
    "oauth2": "token_info",
}
"""The function that checks what a scheme of this kind asks for."""
CHALLENGES: Mapping[str, str] = {"bearer": "Bearer", "basic": 'Basic realm="api", charset="UTF-8"', "oauth2": "Bearer"}
"""What WWW-Authenticate says beside a 401 (RFC 9110, 11.6.1)."""
ANONYMOUS = "anonymous"
"""The http scheme, unknown to the world, that stands for an empty alternative in the lowered document."""
_LOWERED = re.compile(r"s[0-9]+-")
"""What lowering puts before the name of a scheme, as two contracts may have the same ones."""
SERVICE_KEY = "x-service"
"""The number of the contract that a lowered scheme belongs to."""

Checks = Mapping[str, Callable[..., Any]]
"""The functions of one handler module, by name; `auth_required` among them."""


def lower_scheme(scheme: Mapping[str, Any], number: int) -> tuple[str, dict[str, Any]] | None:
    """The kind of a scheme, and the scheme for connexion; None when it cannot be checked here."""
    type_, http = scheme.get("type"), str(scheme.get("scheme", "")).lower()
    made: dict[str, Any]
    if type_ == "http" and http in ("bearer", "basic"):
        kind, made = http, {"type": "http", "scheme": http}
    elif type_ == "apiKey":
        kind, made = "apiKey", {"type": "apiKey", "name": scheme.get("name"), "in": scheme.get("in")}
    elif type_ in ("oauth2", "openIdConnect"):
        kind, made = "oauth2", {"type": "oauth2", "flows": {}}
    else:
        return None
    return kind, {**made, SERVICE_KEY: number}


def anonymous_scheme(number: int) -> dict[str, Any]:
    """The scheme that lets everybody in, unless the module says that credentials are required."""
    return {"type": "http", "scheme": ANONYMOUS, SERVICE_KEY: number}


def security_map(services: list[Checks]) -> dict[str, Any]:
    """Connexion's `security_map`: its own handlers, with the functions of the handler modules."""
    handlers = {"bearer": _Bearer, "basic": _Basic, "apiKey": _ApiKey, "oauth2": _OAuth, ANONYMOUS: _Anonymous}
    return {kind: partial(handler, services) for kind, handler in handlers.items()}


def named(given: Mapping[str, Any]) -> dict[str, Any]:
    """What connexion gives to a handler, with the schemes of an AND by the contract's names, and a user if any."""
    info = given.get("token_info")
    if not isinstance(info, Mapping) or not info or not all(_LOWERED.match(str(name)) for name in info):
        return dict(given)
    info = {_LOWERED.sub("", name): found for name, found in info.items()}
    users = (found.get("sub", found.get("uid")) for found in info.values() if isinstance(found, Mapping))
    user = next((user for user in users if user is not None), None)
    return {**given, "token_info": info, **({"user": user} if "user" in given else {})}


class _ByModule:
    """Finds functions in the handler modules instead of by a name in the contract or the environment."""

    kind: str

    def __init__(self, services: list[Checks]) -> None:
        self.services = services

    def _resolve_func(self, scheme: Mapping[str, Any]) -> Callable[..., Any] | None:
        checks: Checks = self.services[scheme[SERVICE_KEY]]
        return checks.get(CHECKS[self.kind])

    def get_tokeninfo_func(self, scheme: Mapping[str, Any]) -> Callable[..., Any] | None:
        return self._resolve_func(scheme)

    def get_fn(self, scheme: Mapping[str, Any], required_scopes: list[str]) -> Callable[..., Any] | None:
        check: Callable[..., Any] | None = super().get_fn(scheme, required_scopes)  # type: ignore[misc]
        required = self.services[scheme[SERVICE_KEY]].get("auth_required")
        if check is None or required is None:
            return check
        return lambda request: check(request) if required() else {}


class _Bearer(_ByModule, BearerSecurityHandler):  # type: ignore[misc] # connexion has no types
    kind = "bearer"


class _Basic(_ByModule, BasicSecurityHandler):  # type: ignore[misc]
    kind = "basic"


class _ApiKey(_ByModule, ApiKeySecurityHandler):  # type: ignore[misc]
    kind = "apiKey"


class _OAuth(_ByModule, OAuthSecurityHandler):  # type: ignore[misc]
    kind = "oauth2"


class _Anonymous:
    def __init__(self, services: list[Checks]) -> None:
        self.services = services

    def get_fn(self, scheme: Mapping[str, Any], required_scopes: list[str]) -> Callable[..., Any]:
        required = self.services[scheme[SERVICE_KEY]].get("auth_required")
        return lambda request: NO_VALUE if required is not None and required() else {}
