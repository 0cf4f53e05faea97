"""Runs that clients share: one for each symbol, as long as anybody reads it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import anyio
import anyio.abc
import structlog

from streamcontract.server import new_reference
from streamcontract.server.cancelling import was_cancelled
from streamcontract.services.stocks.cache import Cache
from streamcontract.services.stocks.pipeline import RunError
from streamcontract.services.stocks.plain import one_line

__all__ = ["FailedRunError", "Run", "Runs"]

MOST = 500
"""Characters of what readers are told of a failure."""

log: Any = structlog.get_logger("streamcontract.stocks")


class FailedRunError(Exception):
    """A run has failed; the text is what its readers are told, with a reference to the log."""


class Run:
    """One run and what it has said so far; whoever comes late reads it from the beginning, too."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.fragments: list[str] = []
        self.failure: str | None = None
        self.ended = False
        self.readers = 0
        self.scope = anyio.CancelScope()
        self._news = anyio.Event()

    def say(self, fragment: str) -> None:
        """One more fragment."""
        self.fragments.append(fragment)
        self._wake()

    def end(self, failure: str | None) -> None:
        """Nothing more comes."""
        self.failure, self.ended = failure, True
        self._wake()

    async def read(self) -> AsyncGenerator[str, None]:
        """All fragments, as they come. Raises FailedRunError at the end of one that failed. The last to go stops it."""
        self.readers += 1
        sent = 0
        try:
            while True:
                while sent < len(self.fragments):
                    sent += 1
                    yield self.fragments[sent - 1]
                if self.ended:
                    break
                await self._news.wait()
        finally:
            self.readers -= 1
            if not self.readers:
                self.scope.cancel()
        if self.failure is not None:
            raise FailedRunError(self.failure)

    def _wake(self) -> None:
        self._news.set()
        self._news = anyio.Event()


class Runs:
    """All runs that are under way, at most `limit`; `make` gives the fragments of one, `seconds` is its time."""

    def __init__(
        self,
        tasks: anyio.abc.TaskGroup,
        make: Callable[[str], AsyncGenerator[str, None]],
        cache: Cache,
        *,
        limit: int,
        seconds: float,
    ) -> None:
        self.limit, self.succeeded = limit, 0
        self.working = 0
        """Runs whose work has not ended, those that are being stopped among them."""
        self._tasks, self._make, self._cache, self._seconds = tasks, make, cache, seconds
        self._open: dict[str, Run] = {}

    def find(self, symbol: str) -> Run | None:
        """The run of a symbol, if there is one that a reader can join: one that is being stopped is none."""
        run = self._open.get(symbol)
        return None if run is None or run.scope.cancel_called else run

    @property
    def is_full(self) -> bool:
        """Whether no more can be started now."""
        return self.working >= self.limit

    def start(self, symbol: str) -> Run:
        """Start a run, which has to be read at once; whoever asks has seen that there is room for it."""
        run = self._open[symbol] = Run(symbol)
        self.working += 1
        self._tasks.start_soon(self._work, run)
        return run

    async def _work(self, run: Run) -> None:
        failure, stopped = None, True
        try:
            with run.scope:
                failure = await self._outcome(run)
                stopped = False
        finally:
            self.working -= 1
            if self._open.get(run.symbol) is run:
                del self._open[run.symbol]
            if stopped:
                log.info("a run was stopped", symbol=run.symbol, readers=run.readers)
                failure = _told(run, "It was stopped.") if run.readers else None
            run.end(failure)

    async def _outcome(self, run: Run) -> str | None:
        """Do the work. Returns what readers are told when it fails."""
        try:
            with anyio.move_on_after(self._seconds) as time:
                async with aclosing(self._make(run.symbol)) as fragments:
                    async for fragment in fragments:
                        run.say(fragment)
        except RunError as error:
            return _told(run, str(error))
        except BaseException as error:
            if was_cancelled(error) or isinstance(error, KeyboardInterrupt):
                raise
            # Also what a library has made of a task of its own: other runs are not to end with this one.
            return _told(run, "Internal error.", exc_info=True)
        if time.cancelled_caught:
            return _told(run, f"It took longer than {self._seconds:g} s.")
        await self._keep(run)
        self.succeeded += 1
        return None

    async def _keep(self, run: Run) -> None:
        try:
            await self._cache.write(run.symbol, run.fragments)
        except OSError as error:  # its readers have the result all the same
            log.error("the result cannot be kept", symbol=run.symbol, why=str(error))


def _told(run: Run, why: str, **known: Any) -> str:
    """The text for readers; the log knows more under its reference."""
    reference = new_reference()
    log.warning("a run has failed", symbol=run.symbol, why=why, reference=reference, **known)
    shown = one_line(why, MOST)
    return f"{run.symbol} could not be analysed. {shown} Reference: {reference}"
