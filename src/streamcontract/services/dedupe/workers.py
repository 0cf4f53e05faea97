"""The arithmetic of the service: in worker processes, or in threads where it lets others in.

SciPy's `linkage` and the vectorizer hold the interpreter's lock, so a thread would not do. How many there are of each
is bounded, and how many threads each takes.
"""

import os
from collections.abc import Callable
from typing import Any, TypeVar, TypeVarTuple

import anyio
import anyio.to_thread
from threadpoolctl import threadpool_limits

from streamcontract.services import workers
from streamcontract.services.dedupe.settings import get_settings

__all__ = ["in_process", "in_thread", "limited_threads", "waiting"]

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


def _limiter(name: str) -> anyio.CapacityLimiter:
    return workers.limiter(name, get_settings().workers)


async def in_process(function: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
    """Call a module's function in a worker process; waits for a free one. Cancelling kills the process."""
    return await workers.in_process(_limiter("dedupe-processes"), _limited, get_settings().threads, function, arguments)


async def in_thread(function: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
    """Call a function that is done soon, or lets others in, in a thread; waits for a free one."""
    return await anyio.to_thread.run_sync(function, *arguments, limiter=_limiter("dedupe-threads"))


def limited_threads(threads: int) -> Any:
    """A context in which the arithmetic of this process takes no more threads than that."""
    return threadpool_limits(limits=threads)


def waiting() -> int:
    """How many calls wait for a process."""
    return _limiter("dedupe-processes").statistics().tasks_waiting


def _limited(threads: int, function: Callable[[*Arguments], Result], arguments: tuple[*Arguments]) -> Result:
    """In the worker: what is loaded already is limited, and what the function loads reads the variable."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    with limited_threads(threads):
        return function(*arguments)
