"""The steps of the broker as scripts, which Redis runs whole."""

from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis

from streamcontract.services.tasks.brokers.broker import Limits
from streamcontract.services.tasks.brokers.endings import DROPPED, LOST, OVERDUE
from streamcontract.services.tasks.brokers.prediction import WEIGHT

__all__ = ["Scripts"]


class Scripts:
    """The scripts, each by its name; what all of them are told (prefix, limits) is said here once."""

    def __init__(self, client: Redis, namespace: str, limits: Limits) -> None:
        self._folder = files(__package__) / "scripts"
        self._common = self._text("common")
        self._client = client
        self._head: tuple[str | int, ...] = (
            f"{namespace}:",
            *(max(1, round(seconds * 1000)) for seconds in (limits.lease, limits.retention, limits.session)),
            *(data for _, data in (LOST, OVERDUE, DROPPED)),
            repr(WEIGHT),
        )
        self._made: dict[str, Callable[..., Awaitable[Any]]] = {}

    async def run(self, name: str, *arguments: str | int | float) -> Any:
        """Run a script; Redis is given its text when it does not know it yet."""
        script = self._made.get(name)
        if script is None:
            script = self._made[name] = self._client.register_script(self._common + self._text(name))
        return await script(args=(*self._head, *arguments))

    def _text(self, name: str) -> str:
        return (self._folder / f"{name}.lua").read_text(encoding="utf-8")
