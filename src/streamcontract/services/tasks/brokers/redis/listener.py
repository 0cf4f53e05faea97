"""What Redis tells of its own accord: that a log has grown, that a task waits. One connection for the whole process.

A message only says where to look, and may get lost: whoever waits looks after a second in any case.
"""

import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import anyio
import structlog
from redis.exceptions import RedisError

from streamcontract.services.tasks.brokers.redis.connection import Connection

__all__ = ["TICK", "Listener", "Reader"]

TICK = 1.0
"""Seconds after which is looked for what no message has told of."""
SILENCE = 3.0
"""Seconds after which the server is asked whether it is still there."""
BATCH = 500
"""Logs that are asked after at a time."""
FIRST_PAUSE = 0.02

log: Any = structlog.get_logger("streamcontract.tasks")


class Reader:
    """Somebody who follows a log, and has it up to `after`."""

    def __init__(self, key: str, after: int) -> None:
        self.key, self.after = key, after
        self._grown = anyio.Event()

    def look(self) -> None:
        """What is told from now on ends the next wait."""
        self._grown = anyio.Event()

    def tell(self) -> None:
        """Say that there may be more."""
        self._grown.set()

    async def wait(self) -> None:
        """Wait until somebody says so."""
        await self._grown.wait()


class Listener:
    """Wakes those who wait. `lasts` gives the numbers of the last entries of some logs."""

    def __init__(
        self, connection: Connection, prefix: str, lasts: Callable[[Sequence[str]], Awaitable[Sequence[int]]]
    ) -> None:
        self._connection, self._wake, self._on, self._lasts = connection, f"{prefix}wake", f"{prefix}on:", lasts
        self._readers: dict[str, set[Reader]] = {}
        self._idle: deque[anyio.Event] = deque()
        self._changed = anyio.Event()
        self.calls = 0
        """How often was told that a task waits."""

    @contextlib.contextmanager
    def following(self, key: str, after: int) -> Iterator[Reader]:
        """A reader, who is told when the log grows."""
        reader = Reader(key, after)
        self._readers.setdefault(self._on + key, set()).add(reader)
        self._changed.set()
        try:
            yield reader
        finally:
            readers = self._readers[self._on + key]
            readers.discard(reader)
            if not readers:
                del self._readers[self._on + key]
                self._changed.set()

    async def work(self, calls: int, seconds: float) -> None:
        """Wait until a task may wait, when nothing was told since `calls`."""
        if self.calls != calls or seconds <= 0:
            return
        event = anyio.Event()
        self._idle.append(event)
        try:
            # All together look about once a tick.
            with anyio.move_on_after(min(seconds, TICK * len(self._idle))):
                await event.wait()
        finally:
            if not event.is_set():
                self._idle.remove(event)

    def call(self) -> None:
        """Wake one of those who wait for a task; it wakes the next one if it gets one."""
        self.calls += 1
        if self._idle:
            self._idle.popleft().set()

    async def listen(self) -> None:
        """Hear what Redis tells, until this is cancelled."""
        pause = FIRST_PAUSE
        while True:
            connection = self._connection.another()
            try:
                await connection.connect()
                pause = FIRST_PAUSE
                async with anyio.create_task_group() as group:
                    group.start_soon(self._subscribe, connection)
                    await self._read(connection)
            except* Exception as errors:  # one that breaks while it is both read and written breaks in many ways
                log.info("Redis is not heard, and is listened to again", why=repr(errors.exceptions[0])[:500])
            finally:
                with anyio.CancelScope(shield=True), contextlib.suppress(Exception):
                    await connection.disconnect(nowait=True)
            # What was told meanwhile is lost.
            self._tell_all()
            await anyio.sleep(pause)
            pause = min(2 * pause, TICK)

    async def look(self) -> None:
        """Look for what no message has told of, until this is cancelled."""
        while True:
            await anyio.sleep(TICK)
            everybody = [reader for readers in self._readers.values() for reader in readers]
            for at in range(0, len(everybody), BATCH):
                some = everybody[at : at + BATCH]
                try:
                    lasts = await self._lasts([reader.key for reader in some])
                except (RedisError, OSError):
                    for reader in some:
                        reader.tell()
                    continue
                for reader, last in zip(some, lasts, strict=True):
                    if not 0 <= last <= reader.after:
                        reader.tell()

    async def _subscribe(self, connection: Any) -> None:
        """Keep the subscriptions as they are wanted."""
        have: set[str] = set()
        while True:
            self._changed = anyio.Event()
            want = {self._wake, *self._readers}
            for word, channels in (("SUBSCRIBE", want - have), ("UNSUBSCRIBE", have - want)):
                if channels:
                    await self._send(connection, word, *channels)
            have = want
            with anyio.move_on_after(min(SILENCE, self._connection.timeout / 3)) as silence:
                await self._changed.wait()
            if silence.cancelled_caught:
                await self._send(connection, "PING")

    async def _send(self, connection: Any, *words: str) -> None:
        with anyio.CancelScope(shield=True):  # half a command would be worse than none
            await connection.send_command(*words, check_health=False)

    async def _read(self, connection: Any) -> None:
        while True:
            match await connection.read_response(disconnect_on_error=False):
                case ["message" | "subscribe", self._wake, *_]:
                    self.call()
                case ["message" | "subscribe", str(channel), *_]:
                    # What was written before the subscription stood was not told.
                    for reader in self._readers.get(channel, ()):
                        reader.tell()

    def _tell_all(self) -> None:
        for readers in self._readers.values():
            for reader in readers:
                reader.tell()
        for _ in range(len(self._idle)):
            self.call()
