"""The bytes of a file, whole: a regular one, of a size that is bounded."""

import errno
import os
from pathlib import Path

from streamcontract.services.stocks.providers.provider import ProviderError
from streamcontract.services.stocks.storing import read_whole

__all__ = ["LARGEST", "read_file"]

LARGEST = 4 * 1024 * 1024
"""Bytes of one file: 80 years of daily prices are a quarter of it."""


def read_file(path: Path, symbol: str) -> bytes:
    """The content of a symbol's file. Raises ProviderError."""
    name = f"{symbol}/{path.name}"
    said = {
        errno.ENOENT: f"There is no {path.name} for {symbol}.",
        errno.EISDIR: f"{name} is no regular file.",
        errno.EINVAL: f"{name} is no regular file.",
        errno.EFBIG: f"{name} is larger than {LARGEST // 1024 // 1024} MiB.",
    }
    try:
        return read_whole(path, LARGEST)
    except OSError as error:
        number = error.errno or 0
        raise ProviderError(said.get(number, f"{name} cannot be read: {os.strerror(number)}.")) from None
