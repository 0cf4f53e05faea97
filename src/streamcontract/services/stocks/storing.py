"""Files of a symbol's directory: written whole or not at all, read whole or not at all."""

import errno
import os
import stat
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from streamcontract.services.stocks.symbols import SymbolError, directory_of

__all__ = ["drop_parts", "read_whole", "write_whole"]

PART = ".part"
OLD_SECONDS = 60.0
"""A part that nobody has touched for so long is of a writer that was killed."""
FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""A FIFO without a writer would hold up the thread for ever, were it not opened without waiting."""


def read_whole(path: Path, largest: int) -> bytes:
    """The content of a file. Raises OSError: EINVAL for one that is no regular file, EFBIG for one that is larger."""
    with os.fdopen(os.open(path, FLAGS), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        content = file.read(largest + 1)
    if len(content) > largest:
        raise OSError(errno.EFBIG, f"it is larger than {largest:,} bytes")
    return content


def write_whole(symbol: str, name: str, data: bytes, folder: Path) -> None:
    """Write a file of a symbol's directory. Whoever reads it, or kills us meanwhile, finds the old one or the new.

    Blocks until the disk has it. Raises OSError, also for a directory that is a link to elsewhere.
    """
    directory = directory_of(symbol, folder)
    if directory.is_symlink():
        raise OSError(errno.ELOOP, "the symbol's directory is a link")
    directory.mkdir(parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(prefix=_prefix(name), suffix=PART, dir=directory)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        Path(part).replace(directory / name)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def drop_parts(folder: Path, names: Collection[str]) -> None:
    """Remove what writers of these files that were killed have left. Raises OSError."""
    for directory in _directories(folder):
        for part in [found for name in names for found in directory.glob(f"{_prefix(name)}*{PART}")]:
            with suppress(FileNotFoundError):  # another server, which starts as we do, was first
                if time.time() - part.stat().st_mtime > OLD_SECONDS:
                    part.unlink()


def _directories(folder: Path) -> Iterator[Path]:
    """Those of symbols: what else is in the folder is not ours."""
    for directory in folder.iterdir():
        with suppress(SymbolError):
            if directory_of(directory.name, folder).is_dir() and not directory.is_symlink():
                yield directory


def _prefix(name: str) -> str:
    return f".{name.lstrip('.')}."
