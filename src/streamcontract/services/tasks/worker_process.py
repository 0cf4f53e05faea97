"""A process that runs tasks for servers elsewhere: `streamcontract worker`."""

import signal
from collections.abc import Callable

import anyio
import anyio.abc
import structlog

from streamcontract.services.tasks.brokers.broker import BrokerError
from streamcontract.services.tasks.brokers.opening import is_shared
from streamcontract.services.tasks.service import working
from streamcontract.services.tasks.settings import TasksSettings

__all__ = ["NotSharedError", "run_worker"]

log = structlog.get_logger("streamcontract.tasks")


class NotSharedError(Exception):
    """The broker is of one process alone, which is the server."""

    def __init__(self) -> None:
        super().__init__(
            "a server with its own queue runs its tasks itself; to share them with workers, "
            "set TASKS_BROKER=redis://HOST for both"
        )


async def run_worker(settings: TasksSettings, started: Callable[[str], None]) -> signal.Signals:
    """Take tasks and run them until SIGTERM or SIGINT, and return which; what runs has `drain_seconds` to end.

    A second signal ends that time at once, and what runs is given back. `started` is called with the worker's name once
    it takes tasks. Raises NotSharedError, and BrokerError when the broker cannot be reached at the start.
    """
    if not is_shared(settings):
        raise NotSharedError
    told: list[signal.Signals] = []
    stop = anyio.Event()
    fault: BrokerError | None = None
    async with anyio.create_task_group() as group:
        await group.start(_listen, told, stop, group.cancel_scope)
        try:
            async with working(settings) as workers:
                started(workers.name)
                await stop.wait()
        except BrokerError as error:  # not through the group, which would wrap it
            fault = error
        group.cancel_scope.cancel()
    if fault is not None:
        raise fault
    return told[0]


async def _listen(
    told: list[signal.Signals],
    stop: anyio.Event,
    scope: anyio.CancelScope,
    *,
    task_status: anyio.abc.TaskStatus[None],
) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for number in signals:
            told.append(number)
            if stop.is_set():
                scope.cancel()
            log.info("stopping", signal=number.name, at_once=stop.is_set())
            stop.set()
