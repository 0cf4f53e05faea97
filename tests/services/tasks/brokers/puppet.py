"""A worker in a process of its own, which does what it is told, a line at a time, and says what came of it.

    python puppet.py        (settings come from the environment)

`take SECONDS`, `write NUMBER`, `renew`, `finish`: the answer is `ok`, `lost` or `nothing`. `work`: take and run what
waits, until nothing has come for a second; the answer is the keys of that.
"""

import asyncio
import sys

import anyio
from services.tasks.brokers.brokering import limits, token

from streamcontract.services.tasks.brokers.broker import Broker, LostError
from streamcontract.services.tasks.brokers.opening import opened_broker
from streamcontract.services.tasks.settings import TasksSettings
from streamcontract.services.tasks.task import Lease

__all__ = ["LEASE"]

LEASE = 2.0
"""Seconds; a machine that is busy must not lose a worker that is alive."""


class Puppet:
    """One worker, and the task that it has."""

    def __init__(self, broker: Broker, name: str) -> None:
        self.broker, self.name = broker, name
        self.lease: Lease | None = None

    async def obey(self, word: str, *arguments: str) -> str:
        """Do what a line says."""
        if word == "work":
            return " ".join(await self.work())
        if word == "take":
            self.lease = await self.broker.take(self.name, float(arguments[0]))
            return "ok" if self.lease else "nothing"
        assert self.lease is not None
        try:
            match word:
                case "write":
                    await self.broker.write(self.lease, [token(int(arguments[0]))], 1)
                case "renew":
                    await self.broker.renew(self.lease)
                case "finish":
                    await self.broker.finish(self.lease)
        except LostError:
            return "lost"
        return "ok"

    async def work(self) -> list[str]:
        """Run whatever waits."""
        done = []
        while lease := await self.broker.take(self.name, 1.0):
            for number in range(3):
                await self.broker.write(lease, [token(number)], 1)
            await self.broker.finish(lease)
            done.append(lease.task.key)
        return done


async def main() -> None:
    """Read lines, and obey."""
    async with opened_broker(TasksSettings(), limits(lease=LEASE)) as broker:
        puppet = Puppet(broker, sys.argv[1])
        print("ready", flush=True)  # noqa: T201
        while line := (await asyncio.to_thread(sys.stdin.readline)).split():
            print(await puppet.obey(*line), flush=True)  # noqa: T201


if __name__ == "__main__":
    anyio.run(main)
