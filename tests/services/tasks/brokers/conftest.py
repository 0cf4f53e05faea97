"""Every test that asks for `opening` runs over each broker."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis_server import RedisServer, missing_program, redis_server
from services.tasks.brokers.brokering import Opened, Opening

from streamcontract.services.tasks.brokers.broker import Limits
from streamcontract.services.tasks.brokers.embedded.embedded_broker import EmbeddedBroker
from streamcontract.services.tasks.brokers.opening import opened_broker
from streamcontract.services.tasks.settings import TasksSettings


@pytest.fixture(scope="session")
def server() -> Iterator[RedisServer]:
    """A Redis server for all tests that do not stop it."""
    if reason := missing_program():
        pytest.skip(reason)
    with redis_server() as running:
        yield running


@pytest.fixture(params=["embedded", "redis"])
def openings(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Opening]:
    """Makes what opens a broker, whose queue is empty each time."""
    if request.param == "embedded":

        def embedded() -> Opening:
            url = f"sqlite:///{tmp_path / secrets.token_hex(8)}"
            return lambda limits: EmbeddedBroker.running(url, limits)

        return embedded
    server: RedisServer = request.getfixturevalue("server")

    def redis() -> Opening:
        settings = settings_of(server)

        def opened(limits: Limits) -> Opened:
            return opened_broker(settings, limits)

        return opened

    return redis


@pytest.fixture
def opening(openings: Callable[[], Opening]) -> Opening:
    """Opens a broker whose queue is empty."""
    return openings()


@pytest.fixture
def redis_settings(server: RedisServer) -> TasksSettings:
    """Settings of a broker over Redis whose queue is empty."""
    return settings_of(server)


def settings_of(server: RedisServer) -> TasksSettings:
    """Settings with a namespace of their own."""
    return TasksSettings(broker=server.url, namespace=f"test-{secrets.token_hex(8)}", broker_patience=5)
