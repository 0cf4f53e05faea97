"""Makes time pass for one task, whichever broker has it: nobody could wait for as many orders of things otherwise."""

from typing import Literal

import redis.asyncio
from sqlalchemy import Connection, update

from streamcontract.services.tasks.brokers.broker import Broker
from streamcontract.services.tasks.brokers.embedded.embedded_broker import EmbeddedBroker
from streamcontract.services.tasks.brokers.embedded.tables import TASKS
from streamcontract.services.tasks.brokers.redis.redis_broker import RedisBroker
from streamcontract.services.tasks.task import Key

__all__ = ["hasten"]


async def hasten(broker: Broker, key: Key, what: Literal["deadline", "lease"]) -> None:
    """Let the deadline or the lease of a task be over."""
    await broker.sweep()  # workers that nobody has looked for in a while are excused
    if isinstance(broker, RedisBroker):
        client: redis.asyncio.Redis = broker._connection.client
        prefix = broker._scripts._head[0]
        await client.zadd(f"{prefix}{what}s", {key: 1}, xx=True)
        if what == "deadline":
            await client.hset(f"{prefix}task:{key}", "deadline", "1")
        return
    assert isinstance(broker, EmbeddedBroker)
    column = "seen" if what == "lease" else "deadline"

    def step(connection: Connection) -> None:
        connection.execute(update(TASKS).where(TASKS.c.key == key).values({column: 1.0}))

    await broker._journal.do(step)
