"""Puts aside what Hypothesis takes from the process: the same seed is to lead to the same values in another one, too.

Now and then it draws a constant that stands in a module which happens to be loaded (the application of `--app`, the
project whose tests run). There is no setting for it, so it is replaced for as long as it matters; where a Hypothesis
does not have it, nothing is. Shrinking inside a text goes through sets, and is not wholly repeated all the same.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis.internal.cache import LRUCache
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

__all__ = ["by_seed_alone"]


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (providers, "_get_local_constants", Constants),  # of which one without arguments is empty
    (providers, "CONSTANTS_CACHE", LRUCache(1024)),  # has been filled with the constants of modules elsewhere
)
_lock = threading.Lock()
_before: list[tuple[Any, str, Any]] = []
_blocks = 0
"""How many blocks go on; the last one to end puts all back."""


@contextmanager
def by_seed_alone() -> Iterator[None]:
    """Within the block, what is drawn and how it is shrunk hangs on the seed, and on nothing of the process."""
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _blocks  # noqa: PLW0603 - what is replaced is the process's, too
    with _lock:
        _blocks += 1
        if _blocks > 1:
            return
        for owner, name, ours in REPLACED:
            if hasattr(owner, name):
                _before.append((owner, name, getattr(owner, name)))
                setattr(owner, name, ours)


def _leave() -> None:
    global _blocks  # noqa: PLW0603
    with _lock:
        _blocks -= 1
        while not _blocks and _before:
            setattr(*_before.pop())
