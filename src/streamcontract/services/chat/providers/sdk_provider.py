"""A provider that is reached through its SDK: what OpenAI's and Anthropic's have in common."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from streamcontract.services.chat.providers.call import SdkStream, Times, events
from streamcontract.services.chat.providers.faults import SdkErrors, fault
from streamcontract.services.chat.providers.provider import Completion
from streamcontract.services.chat.providers.reading import Item, Reading

__all__ = ["SdkProvider"]


@dataclass(frozen=True, slots=True)
class SdkProvider:
    """One provider: how a call is opened, how its events are read, and what its SDK raises."""

    name: str
    opening: Callable[[Completion], Awaitable[SdkStream]]
    reading: Callable[[], Reading]
    errors: SdkErrors
    times: Times
    secret: str = field(repr=False)
    closing: Callable[[], Awaitable[None]]

    async def stream(self, completion: Completion) -> AsyncGenerator[Item, None]:
        """The answer as it comes; closing this closes the response. Raises ProviderError."""
        reading = self.reading()
        try:
            async with aclosing(events(lambda: self.opening(completion), self.times)) as found:
                async for event in found:
                    for item in reading.feed(event):
                        yield item
            for item in reading.end():
                yield item
        except Exception as error:
            failed = fault(error, self.errors, self.secret)
            if failed is None:
                raise
            raise failed from None  # what it was may hold the key

    async def close(self) -> None:
        """Give back its connections."""
        await self.closing()
