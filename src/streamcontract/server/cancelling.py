"""Cancellation that was asked for, told from a task of its own that a library has given up."""

import asyncio

__all__ = ["was_cancelled"]


def was_cancelled(error: BaseException) -> bool:
    """Whether this ends the task that it came up in because somebody cancelled that task."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and (task is None or task.cancelling() > 0)
