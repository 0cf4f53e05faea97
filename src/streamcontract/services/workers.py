"""Work that blocks, done in worker processes. One whose call is cancelled is killed, so nobody waits for its end.

A library that holds the interpreter's lock would hold up other streams from a thread, and a thread cannot be ended.
"""

import signal
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import anyio
import anyio.to_process
from anyio.lowlevel import RunVar

__all__ = ["in_process", "limiter"]

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")

_limiters: RunVar[dict[str, anyio.CapacityLimiter]] = RunVar("worker-limiters")


def limiter(name: str, size: int) -> anyio.CapacityLimiter:
    """What bounds the work of that name in this event loop; made, with that size, by the first who asks."""
    try:
        known = _limiters.get()
    except LookupError:
        _limiters.set(known := {})
    if name not in known:
        known[name] = anyio.CapacityLimiter(size)
    return known[name]


async def in_process(
    bound: anyio.CapacityLimiter,
    function: Callable[[*Arguments], Result],
    *arguments: *Arguments,
    seconds: float | None = None,
) -> Result:
    """Call a module's function in a worker process; waits for a free one.

    Raises BrokenWorkerProcess when it ends, and TimeoutError when the call takes longer, the wait not counted.
    """
    alone = anyio.CapacityLimiter(1)  # the bound is kept here already, where the clock starts
    try:
        async with bound:
            with anyio.CancelScope(shield=True):  # a process whose start is cancelled would be left behind
                await anyio.to_process.run_sync(_ready, limiter=alone)
            with anyio.fail_after(seconds):
                return await anyio.to_process.run_sync(function, *arguments, cancellable=True, limiter=alone)
    except (KeyboardInterrupt, SystemExit) as error:  # of the worker: nobody wants to end this process
        raise anyio.BrokenWorkerProcess(f"the worker was ended by {type(error).__name__}") from error


def _ready() -> None:
    """In the worker. Ctrl-C at a terminal goes to each process of the group; it is for the parent, which ends this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
