"""An ASGI application of this process, served on loopback for as long as a run lasts (`check --app module:app`).

The server is uvicorn, in a thread: bytes, connections and clients that leave are as real as with any other server.
This is the one module that needs the extra `app`.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn

__all__ = ["AppError", "ServedApp", "load_app", "served"]

START_SECONDS = 60.0
"""The longest that the application's start (ASGI lifespan) may take."""
GRACE_SECONDS = 3
STOP_SECONDS = 8.0
"""How long calls may go on once the run is over, and how long the stop may take as a whole; then it is cancelled."""
MOST_FAILURES = 10
LONGEST = 500
"""Characters of an exception's text that are told."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class AppError(Exception):
    """The application cannot be found or started; the text says why."""


class ServedApp:
    """An application while it is served; an ASGI layer that counts its calls, and keeps what it raised."""

    def __init__(self, app: App) -> None:
        self.url = ""
        self.raised: Counter[str] = Counter()
        self.start_failed = ""
        self._app = app
        self._open = 0

    def open_calls(self) -> int:
        """How many calls of the application are running."""
        return self._open

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, self._overheard(send))
            return
        self._open += 1
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            text = _said(error)
            if text in self.raised or len(self.raised) < MOST_FAILURES:
                self.raised[text] += 1
            raise
        finally:
            self._open -= 1

    def _overheard(self, send: Send) -> Send:
        async def overhear(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                lines = str(message.get("message", "")).strip().splitlines()  # a traceback, with Starlette
                self.start_failed = (lines[-1] if lines else "it gave no reason")[:LONGEST]
            await send(message)

        return overhear


@contextmanager
def served(name: str) -> Iterator[ServedApp]:
    """Serve the application `module:name` on a free port until the block ends. Raises AppError."""
    app = ServedApp(load_app(name))
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, interface="asgi3", lifespan="auto", ws="none", log_config=None,
        log_level="critical", access_log=False, timeout_graceful_shutdown=GRACE_SECONDS,
    )  # fmt: skip
    server = _Server(config)
    thread = threading.Thread(target=server.work, name=f"streamcontract {name}", daemon=True)
    thread.start()
    try:
        if not server.settled.wait(START_SECONDS):
            raise AppError(f"{name} has not started within {START_SECONDS:g} s (its ASGI lifespan)")
        if not server.started:
            raise AppError(f"{name} failed at its start (its ASGI lifespan): {app.start_failed or server.failure}")
        app.url = f"http://127.0.0.1:{server.port}"
        yield app
    finally:
        server.stop(thread)


class _Server(uvicorn.Server):
    """Tells when it has started or failed, and ends in bounded time."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()
        self.failure = "no reason is known"
        self._cancel: Callable[[], object] = lambda: None

    @property
    def port(self) -> int:
        number: int = self.servers[0].sockets[0].getsockname()[1]
        return number

    def work(self) -> None:
        """What the thread does."""
        try:
            self.run()
        except SystemExit:
            pass  # uvicorn's way to say that the application did not start
        except Exception as error:  # whatever keeps it from serving is told where it is waited for
            self.failure = _said(error)
        finally:
            self.settled.set()

    async def serve(self, sockets: Any = None) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        if task is not None:
            self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        with suppress(asyncio.CancelledError):
            await super().serve(sockets)

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.settled.set()

    def stop(self, thread: threading.Thread) -> None:
        """End in good order; what does not is cancelled, and what blocks its thread is left alone."""
        if self.started:
            self.should_exit = True
            thread.join(STOP_SECONDS)
        if thread.is_alive():
            with suppress(RuntimeError):  # the loop has just ended
                self._cancel()
            thread.join(1.0)


def load_app(name: str) -> App:
    """The application `module:name`, looked for in the current directory, too. Raises AppError."""
    module_name, colon, path = name.partition(":")
    if not colon or not module_name or not path:
        raise AppError(f"{name!r} names no application; write module:app, such as my_package.main:app")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    found: Any = _module(module_name)
    for part in path.split("."):
        if not hasattr(found, part):
            raise AppError(f"{module_name} has no {path!r}; write module:app, with the name that the application has")
        found = getattr(found, part)
    if obstacle := _obstacle(found):
        raise AppError(f"{name} {obstacle}")
    app: App = found
    return app


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise AppError(f"there is no module {error.name!r}, in the current directory or installed") from None
        raise AppError(f"{name} cannot be imported: {_said(error)}") from None
    except (Exception, SystemExit) as error:
        raise AppError(f"{name} cannot be imported: {_said(error)}") from None


def _obstacle(found: Any) -> str:
    """Why something is no ASGI application, as far as can be told without calling it."""
    if not callable(found):
        return f"is no ASGI application, but {type(found).__name__!r}"
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):
        return ""  # made in C, say: it is not known what it takes
    if inspect.isfunction(found) and not inspect.iscoroutinefunction(found) and _takes(signature, 0):
        return "is a function that makes an application; name what it returns, as by `app = create_app()`"
    if _takes(signature, 3):
        return ""
    if _takes(signature, 2):
        return "takes two arguments, as a WSGI application does; wrap it, for instance with a2wsgi.WSGIMiddleware"
    return "is no ASGI application: it does not take (scope, receive, send)"


def _takes(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True


def _said(error: BaseException) -> str:
    """An exception in one line, with the place that raised it."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<frozen")]
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return f"{text[:LONGEST]}{where}"
