"""The server's start and stop (ASGI's lifespan), and signals, which come long before ASGI says that the server stops.

A server such as uvicorn lets open connections end before it tells the application to shut down, and a stream may never
end by itself. So the handlers for SIGTERM and SIGINT that the server has set are called through ours, which lets the
streams end. Where signals cannot be had (a server in a thread), call `Application.stop()`.
"""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

import structlog
from starlette.types import Receive, Send

from streamcontract.server.handlers import HandlerModule

__all__ = ["run_lifespan"]

SIGNALS = (signal.SIGTERM, signal.SIGINT)

log: Any = structlog.get_logger("streamcontract.server")


async def run_lifespan(
    receive: Receive, send: Send, modules: Sequence[HandlerModule], stop: Callable[[], None]
) -> None:
    """Answer ASGI's lifespan messages; the modules' own `lifespan()` are entered before the first request."""
    await receive()
    async with contextlib.AsyncExitStack() as stack:
        try:
            for module in modules:
                lifespan = module.hook("lifespan")
                if lifespan is not None:
                    await stack.enter_async_context(lifespan())
        except Exception as error:
            log.exception("a service could not start", module=module.name)
            await send(
                {"type": "lifespan.startup.failed", "message": f"{module.name}: {type(error).__name__}: {error}"}
            )
            return
        with _called_on_signals(stop):
            await send({"type": "lifespan.startup.complete"})
            await receive()
        stop()
    await send({"type": "lifespan.shutdown.complete"})


@contextlib.contextmanager
def _called_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[signal.Signals, Any] = {}

    def handle(number: int, frame: FrameType | None) -> None:
        stop()
        before[signal.Signals(number)](number, frame)

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
