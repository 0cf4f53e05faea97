"""Work that would hold up other streams, done in processes of its own.

SciPy's `linkage` and the vectorizer hold the interpreter's lock, so a thread would not do. A process that is cancelled
is killed, so a client that leaves stops its work at once.
"""

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import anyio
import anyio.to_process
from anyio.lowlevel import RunVar

from streamcontract.services.dedupe.settings import get_settings

__all__ = ["in_process", "waiting"]

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")

_limiter: RunVar[anyio.CapacityLimiter] = RunVar("dedupe-workers")


def _workers() -> anyio.CapacityLimiter:
    try:
        return _limiter.get()
    except LookupError:
        made = anyio.CapacityLimiter(get_settings().workers)
        _limiter.set(made)
        return made


async def in_process(function: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
    """Call a module's function in a worker process; waits for a free one. Cancelling kills the process."""
    return await anyio.to_process.run_sync(function, *arguments, cancellable=True, limiter=_workers())


def waiting() -> int:
    """How many calls wait for a process."""
    return _workers().statistics().tasks_waiting
