"""Results of successful runs, kept in files, and used for a while instead of a new run."""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio.to_thread
import msgspec
import structlog

from streamcontract.services.stocks.storing import read_whole, write_whole
from streamcontract.services.stocks.symbols import directory_of

__all__ = ["CACHE_NAME", "Cache", "Kept"]

CACHE_NAME = ".ui_stream_cache.json"
STAMP_NAME = ".made_by"
LARGEST = 8 * 1024 * 1024
"""Bytes of a file that is read."""
BEGINNING = '<div class="workspace-entry" '
END = f'{BEGINNING}data-status="success" data-stage="complete">'

log: Any = structlog.get_logger("streamcontract.stocks")


class Kept(msgspec.Struct, frozen=True):
    """What a file holds: the data of a run's events, exactly as they were sent."""

    symbol: str
    messages: list[str]


class Cache:
    """The results in a folder that are not older than `ttl` seconds, and were made as they are made now.

    `made_by` says how: by which version, from what, by whom. Its digest is the content of a file in the folder, and
    what is older than that file is not used. Raises OSError when the folder cannot be used.
    """

    def __init__(self, folder: Path, ttl: float, made_by: str) -> None:
        self.folder, self.ttl = folder, ttl
        self._digest = hashlib.sha256(made_by.encode()).hexdigest().encode()
        self._stamp = folder / STAMP_NAME
        folder.mkdir(parents=True, exist_ok=True)
        self._put_stamp()

    async def read(self, symbol: str) -> Sequence[str] | None:
        """The fragments of a run that may be replayed."""
        return await anyio.to_thread.run_sync(self._read, symbol)

    async def write(self, symbol: str, fragments: Sequence[str]) -> None:
        """Keep the fragments of a run that has succeeded. Raises OSError; what was there is there still then."""
        await anyio.to_thread.run_sync(self._write, symbol, fragments)

    def _read(self, symbol: str) -> Sequence[str] | None:
        path = directory_of(symbol, self.folder) / CACHE_NAME
        try:
            if path.parent.is_symlink() or not self._is_usable(path.stat().st_mtime):
                return None
            kept = msgspec.json.decode(read_whole(path, LARGEST), type=Kept)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            log.warning("a kept result cannot be read, and is made again", symbol=symbol, why=str(error)[:500])
            return None
        if kept.symbol != symbol or not _is_result(kept.messages):
            log.warning("a kept result is no result of ours, and is made again", symbol=symbol)
            return None
        return kept.messages

    def _write(self, symbol: str, fragments: Sequence[str]) -> None:
        self._put_stamp()
        write_whole(symbol, CACHE_NAME, msgspec.json.encode(Kept(symbol, list(fragments))), self.folder)

    def _is_usable(self, made: float) -> bool:
        """One of the future is not: the clock was put back, and who knows how old it is."""
        since = self._stamped()
        return since is not None and made >= since and 0 <= time.time() - made < self.ttl

    def _stamped(self) -> float | None:
        """Since when results are made as they are now; None where another server has made some otherwise."""
        try:
            return self._stamp.stat().st_mtime if read_whole(self._stamp, 1000) == self._digest else None
        except FileNotFoundError:
            return None

    def _put_stamp(self) -> None:
        """All that was kept before is not used any more, unless the stamp is ours already."""
        since = self._stamped()
        if since is None or since > time.time():
            self._stamp.write_bytes(self._digest)


def _is_result(fragments: Sequence[str]) -> bool:
    """Whether these are fragments, the last of them that of a success."""
    return all(map(_is_fragment, fragments)) and bool(fragments) and fragments[-1].startswith(END)


def _is_fragment(fragment: str) -> bool:
    return fragment.startswith(BEGINNING) and "\n" not in fragment and "\r" not in fragment
