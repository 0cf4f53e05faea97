"""What the handlers work with, from the start of the server to its end."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import anyio
import structlog

from streamcontract.server import StartError
from streamcontract.services.chat.conversation import Limits
from streamcontract.services.chat.providers.builtin import Builtin
from streamcontract.services.chat.providers.make import make_providers
from streamcontract.services.chat.providers.provider import Provider
from streamcontract.services.chat.settings import ChatSettings
from streamcontract.services.chat.store.engine import make_engine
from streamcontract.services.chat.store.migrate import migrate
from streamcontract.services.chat.store.rows import StoreError
from streamcontract.services.chat.store.store import Store
from streamcontract.services.chat.tools.toolbox import Toolbox, make_toolbox

__all__ = ["Service", "running"]

MARGIN_MS = 60_000
"""Beyond the longest that a call may take: a call that still runs then is one of a process that is gone."""
LOST_SECONDS = 60.0
"""How often such calls are looked for."""
LOST = "The server was gone before the answer was whole"

log: Any = structlog.get_logger("streamcontract.chat")


@dataclass(frozen=True, slots=True)
class Service:
    """The store, the providers by name, and the tools."""

    settings: ChatSettings
    store: Store
    providers: Mapping[str, Provider]
    toolbox: Toolbox

    @property
    def limits(self) -> Limits:
        """What bounds an answer."""
        settings = self.settings
        return Limits(settings.call_timeout, settings.tool_rounds, settings.answer_limit)

    @property
    def mode(self) -> str:
        """Who answers: `builtin`, `real` providers, or `none`."""
        if not self.providers:
            return "none"
        return "builtin" if all(isinstance(provider, Builtin) for provider in self.providers.values()) else "real"


@asynccontextmanager
async def running(settings: ChatSettings) -> AsyncIterator[Service]:
    """A service whose database is up to date. Raises StartError when it cannot be."""
    with _the_database_answers():
        await migrate(settings.database_url)
    engine = make_engine(
        settings.database_url, connections=settings.database_connections, seconds=settings.database_timeout
    )
    providers = make_providers(settings)
    try:
        store = Store(
            engine, seconds=settings.database_timeout, messages=settings.messages_limit, size=settings.size_limit
        )
        longest = int(settings.call_timeout * 1000) + MARGIN_MS
        with _the_database_answers():
            await _end_lost_once(store, longest)
        service = Service(settings, store, providers, make_toolbox(settings))
        log.info("chat is ready", providers=service.mode, offered=sorted(providers), database=engine.dialect.name)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_end_lost_calls, store, longest)
            yield service
            tasks.cancel_scope.cancel()
    finally:
        for provider in providers.values():
            await provider.close()
        await engine.dispose()


@contextmanager
def _the_database_answers() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # SQLAlchemy's, the driver's own while it connects, OSError, TimeoutError
        why = f"{type(error).__name__}: {error}".splitlines()[0]
        raise StartError(f"the database cannot be used: {why[:500]}") from error


async def _end_lost_calls(store: Store, longest: int) -> None:
    """A call whose end could not be recorded, or whose server is gone, does not run for ever in what getChat shows."""
    while True:
        await anyio.sleep(LOST_SECONDS)
        try:
            await _end_lost_once(store, longest)
        except StoreError as error:
            log.warning("the database does not answer", why=str(error)[:2000])


async def _end_lost_once(store: Store, longest: int) -> None:
    if lost := await store.end_lost(longest, LOST):
        log.warning("calls that nobody runs any more were ended", calls=lost)
