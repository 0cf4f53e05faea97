"""A handler module: one function for each operation of a contract, and what it may define besides.

| name | what for |
|---|---|
| `bearer_info`, `basic_info`, `apikey_info`, `token_info`, `auth_required` | who may come in, see `security` |
| `error_body(problem)` | the shape of error answers: a pair of the body (sent as JSON) and its media type |
| `failure_event(message)` | the event that reports a failure, where the one made from its schema does not do |
| `health()` | a mapping for `/health`; raises when the service cannot work; may be a coroutine |
| `lifespan()` | an async context manager around the server's life |
"""

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import ModuleType
from typing import Any

from streamcontract.server.lowering import LoweredOperation
from streamcontract.server.parameters import MISSING, python_name
from streamcontract.server.security import CHECKS

__all__ = ["HOOKS", "HandlerError", "HandlerModule", "bind_handlers", "import_handlers"]

HOOKS = frozenset({*CHECKS.values(), "auth_required", "error_body", "failure_event", "health", "lifespan"})
"""Names that mean something in a handler module, and are no handlers."""
PLAIN_REMEDY: Mapping[str, str] = {
    "auth_required": "write `def auth_required()`",
    "error_body": "write `def error_body(problem)`",
    "failure_event": "write `def failure_event(message)`",
    "lifespan": "put `@asynccontextmanager` above it, and let it yield once",
}
PLAIN = PLAIN_REMEDY.keys()
"""Hooks that are called without being awaited."""
GIVEN = frozenset({"user", "token_info", "context_"})
"""Arguments that connexion gives to a handler that asks for them."""

Handler = Callable[..., Any]


class HandlerError(Exception):
    """A handler module does not fit its contract. Whoever wrote the module is at fault; all that is wrong is listed."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True, eq=False)
class HandlerModule:
    """One module with the handlers of one contract."""

    name: str
    contract: str
    module: ModuleType

    def hook(self, name: str) -> Callable[..., Any] | None:
        """One of HOOKS, where the module defines it."""
        found = getattr(self.module, name, None)
        return found if callable(found) else None

    @property
    def hooks(self) -> Mapping[str, Callable[..., Any]]:
        """All hooks that the module defines."""
        return {name: found for name in sorted(HOOKS) if (found := self.hook(name)) is not None}


def import_handlers(given: ModuleType | str, contract: str) -> HandlerModule:
    """The module, imported when only its name is given. Raises HandlerError."""
    if isinstance(given, ModuleType):
        return HandlerModule(given.__name__, contract, given)
    try:
        return HandlerModule(given, contract, importlib.import_module(given))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also one that exits
        raise HandlerError([f"the handler module {given} cannot be imported: {_cause(error)}"]) from error


def bind_handlers(handlers: HandlerModule, operations: Sequence[LoweredOperation]) -> dict[str, Handler]:
    """The function of each operation, by the operation's key. Raises HandlerError with everything that does not fit."""
    problems: list[str] = []
    functions = dict(_own_functions(handlers.module))
    bound: dict[str, Handler] = {}
    names: dict[str, str] = {}
    for lowered in operations:
        id_, name = lowered.operation.id, python_name(lowered.operation.id)
        if name in names:
            problems.append(f"{names[name]} and {id_} are both called {name}() in Python; rename one of them")
        names[name] = id_
        function = getattr(handlers.module, name, None)
        if not callable(function):
            near = _near(name, functions.keys() - names.keys())
            problems.append(f"{handlers.name} has no function {name}(), the handler of {id_}{near}")
        else:
            problems += _misfits(handlers.name, name, function, lowered)
            bound[lowered.key] = function
    for extra in sorted(functions.keys() - names.keys() - HOOKS):
        near = _near(extra, names.keys() - functions.keys())
        remedy = f"{near}; if it is a helper, let its name begin with an underscore"
        problems.append(f"{handlers.name}.{extra}() is the handler of no operation in {handlers.contract}{remedy}")
    asked = {CHECKS[kind] for lowered in operations for kind in lowered.schemes}
    for check in sorted(asked - handlers.hooks.keys()):
        problems.append(f"{handlers.name} has no function {check}(), and {handlers.contract} asks for credentials")
    for name in sorted(PLAIN & handlers.hooks.keys()):
        if inspect.iscoroutinefunction(inspect.unwrap(handlers.hooks[name])):
            problems.append(f"{handlers.name}.{name}() must not be a coroutine; {PLAIN_REMEDY[name]}")
    if problems:
        raise HandlerError(problems)
    return bound


def _own_functions(module: ModuleType) -> Iterator[tuple[str, Handler]]:
    """The public coroutine and generator functions that were defined in this module."""
    for name, value in vars(module).items():
        is_async = inspect.iscoroutinefunction(value) or inspect.isasyncgenfunction(value)
        if is_async and not name.startswith("_") and value.__module__ == module.__name__:
            yield name, value


def _misfits(module: str, name: str, function: Handler, lowered: LoweredOperation) -> Iterator[str]:
    """What is wrong with the kind and the arguments of a handler."""
    plain = inspect.unwrap(function)
    if lowered.operation.stream and not (inspect.isasyncgenfunction(plain) or inspect.iscoroutinefunction(plain)):
        yield f"{module}.{name}() must be an async generator: {lowered.operation.id} answers with a stream of events"
    if not lowered.operation.stream and inspect.isasyncgenfunction(plain):
        yield f"{module}.{name}() yields events, but the contract has no stream for {lowered.operation.id}"
    always = {p.argument for p in lowered.parameters if p.required or p.default is not MISSING}
    sometimes = {p.argument for p in lowered.parameters} - always
    always |= {lowered.body.argument} if lowered.body else set()
    for argument in inspect.signature(function).parameters.values():
        named = argument.name
        if argument.kind in (argument.VAR_KEYWORD, argument.VAR_POSITIONAL) or argument.default is not argument.empty:
            continue
        if argument.kind is argument.POSITIONAL_ONLY:
            yield f"{module}.{name}(): {named} is positional only, and arguments are given by name"
        elif named in sometimes:
            yield f"{module}.{name}(): {named} needs a default, as requests may leave it out"
        elif named not in always | GIVEN:
            known = ", ".join(sorted(always | sometimes)) or "none"
            yield f"{module}.{name}() asks for {named}, which {lowered.operation.id} does not have; it has: {known}"


def _near(name: str, known: Sequence[str] | set[str]) -> str:
    found = get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {found[0]}()?" if found else ""


def _cause(error: BaseException) -> str:
    """The error in one line, with the place in the module where it came up."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    text = f"{type(error).__name__}: {error}"
    if trace is None or trace.tb_frame.f_code.co_filename.startswith("<frozen"):
        return text
    return f"{text} ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})"
