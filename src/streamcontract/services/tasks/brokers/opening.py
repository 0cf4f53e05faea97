"""Which broker a URL asks for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streamcontract.services.tasks.brokers.broker import Broker, BrokerError, Limits
from streamcontract.services.tasks.brokers.embedded.embedded_broker import EmbeddedBroker
from streamcontract.services.tasks.settings import TasksSettings
from streamcontract.services.tasks.task import Budgets

__all__ = ["is_shared", "limits_of", "opened_broker"]


def is_shared(settings: TasksSettings) -> bool:
    """Whether other processes use the broker too, so that `streamcontract worker` runs the tasks."""
    return not settings.broker.startswith("sqlite:")


def limits_of(settings: TasksSettings, slots: int) -> Limits:
    """What the operator allows, for a process that runs so many tasks at a time."""
    return Limits(
        capacity=settings.queue_capacity,
        policy=settings.queue_policy,
        slots=slots,
        lease=settings.lease_seconds,
        retention=settings.retention_seconds,
        session=settings.session_seconds,
        budgets=Budgets(settings.budget_tokens, settings.budget_time_ms, settings.budget_cost),
        cost_per_token=settings.cost_per_token,
    )


@asynccontextmanager
async def opened_broker(settings: TasksSettings, limits: Limits) -> AsyncIterator[Broker]:
    """The broker that the settings name. Raises BrokerError."""
    if is_shared(settings):
        try:
            from streamcontract.services.tasks.brokers.redis.redis_broker import RedisBroker  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise BrokerError(f"pip install 'streamcontract[redis]' ({error})") from error
        async with RedisBroker.running(
            settings.broker,
            limits,
            namespace=settings.namespace,
            timeout=settings.broker_timeout,
            patience=settings.broker_patience,
        ) as shared:
            yield shared
    else:
        async with EmbeddedBroker.running(settings.broker, limits) as embedded:
            yield embedded
