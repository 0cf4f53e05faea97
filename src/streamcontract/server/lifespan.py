"""The server's start and stop (ASGI's lifespan), and signals, which come long before ASGI says that the server stops.

A server such as uvicorn lets open connections end before it tells the application to shut down, and a stream may never
end by itself. So the handlers for SIGTERM and SIGINT that the server has set are called through ours, which lets the
streams end; a second signal ends the wait for services that take their time. Where signals cannot be had (a server in a
thread), call `Application.stop()`.
"""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

import anyio
import structlog
from starlette.types import Receive, Send

from streamcontract.server.handlers import HandlerModule

__all__ = ["StartError", "run_lifespan"]

SIGNALS = (signal.SIGTERM, signal.SIGINT)

log: Any = structlog.get_logger("streamcontract.server")


class StartError(Exception):
    """For a module's `lifespan()`: what it needs is not there. The log has its text, in one line, and no traceback."""


async def run_lifespan(
    receive: Receive, send: Send, modules: Sequence[HandlerModule], stop: Callable[[], None]
) -> None:
    """Answer ASGI's lifespan messages; the modules' own `lifespan()` are entered before the first request."""
    await receive()
    with anyio.CancelScope() as ending:
        async with contextlib.AsyncExitStack() as services:
            if not await _started(services, modules, send):
                return
            with _called_on_signals(stop, ending):
                await send({"type": "lifespan.startup.complete"})
                with anyio.CancelScope(shield=True):  # services are there as long as there are connections
                    await _asked(receive, ending)
                stop()
                await services.aclose()
    await send({"type": "lifespan.shutdown.complete"})


async def _started(services: contextlib.AsyncExitStack, modules: Sequence[HandlerModule], send: Send) -> bool:
    for module in modules:
        lifespan = module.hook("lifespan")
        try:
            if lifespan is not None:
                await services.enter_async_context(lifespan())
        except Exception as error:
            why = str(error)
            if not isinstance(error, StartError):
                log.exception("a service could not start", module=module.name)
                why = f"{type(error).__name__}: {error}"
            await send({"type": "lifespan.startup.failed", "message": f"{module.name} could not start: {why}"})
            return False
    return True


async def _asked(receive: Receive, ending: anyio.CancelScope) -> None:
    """Wait for the message that the server stops; after a second Ctrl-C uvicorn cancels this instead."""
    try:
        await receive()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or not ending.cancel_called:
            raise
        task.uncancel()


@contextlib.contextmanager
def _called_on_signals(stop: Callable[[], None], ending: anyio.CancelScope) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[signal.Signals, Any] = {}
    loop, told = asyncio.get_running_loop(), False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal told
        if told:
            loop.call_soon_threadsafe(hurry)  # wakes the loop, as a signal's handler alone does not
        told = True
        stop()
        before[signal.Signals(number)](number, frame)

    def hurry() -> None:
        log.info("stopping at once")
        ending.cancel()

    for number in SIGNALS:
        known = signal.getsignal(number)
        if callable(known):  # without a handler of the server's, the signal ends the process at once: leave it so
            before[number] = known
            signal.signal(number, handle)
    try:
        yield
    finally:
        for installed, known in before.items():
            if signal.getsignal(installed) is handle:
                signal.signal(installed, known)
