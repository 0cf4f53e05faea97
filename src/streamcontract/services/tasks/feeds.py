"""The logs that are being read in this process: each is fetched once, however many read it.

A feed keeps the end of a log. A reader that is further behind fetches for itself until it has caught up, so that what
is held does not grow with the log, nor with the number of readers, and no reader waits for another.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import anyio
import anyio.abc

from streamcontract.services.tasks.brokers.broker import Broker
from streamcontract.services.tasks.task import TERMINAL, Entry, Key

__all__ = ["Feeds"]

WINDOW = 1_000
"""Entries that a feed keeps, and as many more until it drops some."""
WINDOW_CHARACTERS = 256 * 1024
"""Characters of data that it keeps, likewise."""


class _Feed:
    """The end of one log, as far as it was fetched. `after` is the number of the entry behind which it begins."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.entries: list[Entry] = []
        self.size = 0
        self.readers = 0
        self.scope = anyio.CancelScope()
        self.over = False
        self.fault: Exception | None = None
        self.grown = anyio.Event()

    @property
    def last(self) -> int:
        """The number of the newest entry."""
        return self.after + len(self.entries)

    def behind(self, number: int) -> Sequence[Entry]:
        """The entries behind one that is in the window."""
        return self.entries[number - self.after :]

    def add(self, entries: Sequence[Entry]) -> None:
        """Add what was fetched, and let go of what is old."""
        self.entries.extend(entries)
        self.size += sum(len(entry.data) for entry in entries)
        if len(self.entries) > 2 * WINDOW or (self.size > 2 * WINDOW_CHARACTERS and len(self.entries) > 1):
            kept, size = 0, 0
            for entry in reversed(self.entries):
                size += len(entry.data)
                if kept and (size > WINDOW_CHARACTERS or kept >= WINDOW):
                    break
                kept += 1
            self.after += len(self.entries) - kept
            self.entries = self.entries[-kept:]
            self.size = sum(len(entry.data) for entry in self.entries)
        self.ring()

    def ring(self) -> None:
        """Wake the readers."""
        self.grown.set()
        self.grown = anyio.Event()


class Feeds:
    """All of them; what fetches runs in a task group of the owner's."""

    def __init__(self, broker: Broker, tasks: anyio.abc.TaskGroup) -> None:
        self._broker, self._tasks = broker, tasks
        self._feeds: dict[Key, _Feed] = {}

    async def read(self, key: Key, after: int) -> AsyncGenerator[Sequence[Entry], None]:
        """A log behind an entry, as it grows, up to its end. Raises UnknownError and BrokerError."""
        feed = self._joined(key, after)
        try:
            while True:
                if after < feed.after:
                    async with aclosing(self._catch_up(key, after, feed)) as pages:
                        async for page in pages:
                            yield page
                            after = page[-1].number
                elif entries := feed.behind(after):
                    yield entries
                    after = entries[-1].number
                    if entries[-1].symbol in TERMINAL:
                        return
                elif feed.fault is not None:
                    raise feed.fault
                elif feed.over:
                    return
                else:
                    await feed.grown.wait()
        finally:
            feed.readers -= 1
            if not feed.readers:
                feed.scope.cancel()
                if self._feeds.get(key) is feed:
                    del self._feeds[key]

    async def _catch_up(self, key: Key, after: int, feed: _Feed) -> AsyncGenerator[Sequence[Entry], None]:
        async with aclosing(self._broker.follow(key, after)) as pages:
            async for page in pages:
                yield page
                if page[-1].number >= feed.after:
                    return

    def _joined(self, key: Key, after: int) -> _Feed:
        feed = self._feeds.get(key)
        if feed is None:
            feed = self._feeds[key] = _Feed(after)
            self._tasks.start_soon(self._fetch, key, feed)
        feed.readers += 1
        return feed

    async def _fetch(self, key: Key, feed: _Feed) -> None:
        with feed.scope:
            try:
                async with aclosing(self._broker.follow(key, feed.after)) as pages:
                    async for page in pages:
                        feed.add(page)
            except Exception as error:  # it is told to every reader
                feed.fault = error
            feed.over = True
            if self._feeds.get(key) is feed:
                del self._feeds[key]  # who comes next looks anew: there may be another task of that key by then
            feed.ring()
