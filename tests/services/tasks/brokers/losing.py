"""Somebody who stands between a broker and Redis, and can lose the answer to a request that Redis has done."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio
import anyio.abc

__all__ = ["Between", "between"]


class Between:
    """`lose`: answers to scripts that are still to be lost; `lost`: those that were."""

    def __init__(self, port: int) -> None:
        self.port, self.lose, self.lost = port, 0, 0

    async def serve(self, client: anyio.abc.SocketStream, behind: int) -> None:
        """Pass on what comes, in both directions, until one side ends."""
        async with client, await anyio.connect_tcp("127.0.0.1", behind) as server:
            doomed = False

            async def answer() -> None:
                with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                    while True:
                        data = await server.receive()
                        if doomed:
                            self.lost += 1
                            break
                        await client.send(data)
                group.cancel_scope.cancel()

            async with anyio.create_task_group() as group:
                group.start_soon(answer)
                with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                    while True:
                        data = await client.receive()
                        if self.lose and b"EVALSHA" in data:
                            self.lose -= 1
                            doomed = True
                        await server.send(data)
                group.cancel_scope.cancel()


@asynccontextmanager
async def between(port: int) -> AsyncIterator[Between]:
    """Stand before the server on a port."""
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        proxy = Between(listener.extra(anyio.abc.SocketAttribute.local_port))  # noqa: S610
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, lambda client: proxy.serve(client, port))
            yield proxy
            tasks.cancel_scope.cancel()
