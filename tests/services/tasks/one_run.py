"""A runner over a made broker, for tests that decide when its task, its engine or its broker ends."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel
import msgspec
from services.tasks.made_broker import MadeBroker
from services.tasks.tasking import Script, Scripted, asking, scripted_pools

from streamcontract.services.tasks.engines.pools import Pools
from streamcontract.services.tasks.runner import Runner
from streamcontract.services.tasks.task import Entry, Lease, Task
from streamcontract.services.tasks.types import TaskRequest

__all__ = ["KEY", "LONG", "Run", "lease_of"]

KEY = "-/task"
LONG = 600.0


def lease_of(seconds: float = LONG, **changes: Any) -> Lease:
    return Lease(Task(KEY, "-/session", msgspec.convert(asking(**changes), TaskRequest)), "worker", 1, seconds, True)


class Run:
    """A runner over a made broker, and the engine that it asks."""

    def __init__(
        self, script: Script, *, lease: float = 0.2, metrics: float = LONG, pools: Pools | None = None
    ) -> None:
        self.engine = Scripted(script)
        self.broker = MadeBroker()
        self.runner = Runner(self.broker, pools or scripted_pools(self.engine), lease=lease, metrics=metrics)  # type: ignore[arg-type]

    def whole(self, **changes: Any) -> list[Entry]:
        """Run a task to its end; returns its log."""
        return self.during(lambda _: anyio.lowlevel.checkpoint(), **changes)

    def during(self, body: Callable[[anyio.CancelScope], Awaitable[object]], **changes: Any) -> list[Entry]:
        """The same, while something else happens, which may cancel the runner."""

        async def main() -> None:
            with anyio.fail_after(20):
                async with anyio.create_task_group() as tasks:
                    with anyio.CancelScope() as scope:
                        tasks.start_soon(body, scope)
                        await self.runner.run(lease_of(**changes))
            assert self.engine.ended == len(self.engine.asked)
            assert set(self.runner.running.values()) <= {0}

        anyio.run(main)
        return self.broker.logs.get(KEY, [])

    @property
    def ending(self) -> dict[str, Any] | None:
        """The data of the `error` by which the task was ended; None for `end`."""
        (event,) = self.broker.finished
        if event is None:
            return None
        assert event[0] == "error"
        data: dict[str, Any] = msgspec.json.decode(event[1])
        return data
