"""What runs tasks and reads logs needs of a broker, kept in lists: the tests of both decide when something happens."""

from collections import Counter
from collections.abc import AsyncGenerator, Sequence

import anyio
import anyio.lowlevel

from streamcontract.services.tasks.brokers.broker import LostError
from streamcontract.services.tasks.task import TERMINAL, Budgets, Entry, Key, Lease, Standing

__all__ = ["MadeBroker", "entry"]


def entry(number: int, symbol: str = "token", size: int = 0) -> Entry:
    """An entry whose data is so long."""
    return Entry(number, symbol, "x" * size)


class MadeBroker:
    """Logs by key, and what was asked of it. `fault` is raised by whatever comes next."""

    def __init__(self) -> None:
        self.logs: dict[Key, list[Entry]] = {}
        self.fault: Exception | None = None
        self.page = 500
        self.fetches: Counter[Key] = Counter()
        """How often a log was followed from some place on."""
        self.open = 0
        """Logs that are being followed now."""
        self.finished: list[tuple[str, str] | None] = []
        self.released = 0
        self.renewed = 0
        self.leases: list[Lease] = []
        self._grown = anyio.Event()

    # Logs ------------------------------------------------------------------------------------------------------------

    def add(self, key: Key, *entries: Entry) -> None:
        """A log grows."""
        self.logs.setdefault(key, []).extend(entries)
        self.ring()

    def drop(self, key: Key) -> None:
        """Forget a log, as after its retention."""
        self.logs[key] = []

    def fail(self, fault: Exception) -> None:
        """From now on it raises this."""
        self.fault = fault
        self.ring()

    def ring(self) -> None:
        """Let those who wait look again."""
        self._grown.set()
        self._grown = anyio.Event()

    async def follow(self, key: Key, after: int) -> AsyncGenerator[Sequence[Entry], None]:
        """As the protocol says."""
        self.fetches[key] += 1
        self.open += 1
        try:
            while True:
                await anyio.lowlevel.checkpoint()
                if self.fault is not None:
                    raise self.fault
                if page := self.logs.get(key, [])[after : after + self.page]:
                    yield page
                    after = page[-1].number
                    if page[-1].symbol in TERMINAL:
                        return
                else:
                    await self._grown.wait()
        finally:
            self.open -= 1

    # Tasks -----------------------------------------------------------------------------------------------------------

    async def take(self, worker: str, seconds: float) -> Lease | None:
        """The next of `leases`."""
        self._check()
        if self.leases:
            return self.leases.pop(0)
        with anyio.move_on_after(seconds):
            await self._grown.wait()
        return None

    async def renew(self, lease: Lease) -> None:
        """Raises LostError once the log has ended."""
        self.renewed += 1
        self._own(lease)

    async def write(self, lease: Lease, events: Sequence[tuple[str, str]], tokens: int) -> None:
        """Adds to the log."""
        self._own(lease)
        assert sum(symbol == "token" for symbol, _ in events) == tokens
        self._log(lease, events)

    async def finish(self, lease: Lease, event: tuple[str, str] | None = None) -> None:
        """Ends the log."""
        self._own(lease)
        self.finished.append(event)
        self._log(lease, [event or ("end", "{}")])

    async def release(self, lease: Lease) -> None:
        """Counts."""
        self._check()
        self.released += 1

    async def standing(self, key: Key) -> Standing:
        """Always the same."""
        self._check()
        return Standing(3, Budgets(100, 2_000, 1.5))

    def _log(self, lease: Lease, events: Sequence[tuple[str, str]]) -> None:
        begun = len(self.logs.get(lease.task.key, []))
        self.add(lease.task.key, *(Entry(begun + at, symbol, data) for at, (symbol, data) in enumerate(events, 1)))

    def _own(self, lease: Lease) -> None:
        self._check()
        log = self.logs.get(lease.task.key, [])
        if log and log[-1].symbol in TERMINAL:
            raise LostError(lease.task.key)

    def _check(self) -> None:
        if self.fault is not None:
            raise self.fault
