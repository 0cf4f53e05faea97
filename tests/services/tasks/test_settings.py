"""Settings that cannot work are told before anything is opened, and without what is secret in them."""

import traceback

import pytest

from streamcontract.server.settings import WrongSettingsError, read_settings
from streamcontract.services.tasks.settings import TasksSettings

SECRET = "swordfish"
POOL = '[{"id": "a", "engine": "llamacpp", "url": "http://127.0.0.1:1"}'


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BUDGET_COST", "inf"),
        ("BUDGET_COST", "nan"),
        ("COST_PER_TOKEN", "inf"),
        ("COST_PER_TOKEN", "nan"),
        ("BUDGET_TOKENS", "-1"),
        ("METRICS_SECONDS", "0.00001"),
        ("QUEUE_POLICY", "drop"),
        ("QUEUE_CAPACITY", "0"),
        ("TOKENS", ", ,"),
        ("TOKENS", "s3cr€t"),
        ("BROKER", "sqlite:tasks.db"),
        ("BROKER", "sqlite://"),
        ("BROKER", "postgresql://s3cr€t@host/db"),
        ("POOLS", "{}"),
        ("POOLS", "["),
        ("POOLS", POOL.replace("http", "ftp") + "]"),
        ("POOLS", POOL.replace("llamacpp", "gpt") + "]"),
        ("POOLS", f"{POOL}, {POOL[1:]}]"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"TASKS_{name}", value)
    with pytest.raises(WrongSettingsError) as found:
        read_settings(TasksSettings)
    assert str(found.value).startswith(f"TASKS_{name}")
    assert "s3cr" not in str(found.value)


def test_pools_are_read_from_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKS_POOLS", POOL.replace(":1", ":1/") + "]")
    (pool,) = read_settings(TasksSettings).pools
    assert (pool.id, pool.engine, pool.url, pool.api) == ("a", "llamacpp", "http://127.0.0.1:1", None)


@pytest.mark.parametrize(
    "url",
    [
        f"redis://127.0.0.1:{SECRET}/0",
        f"redis://:{SECRET}/x@127.0.0.1:6379/0",
        f"redis://:{SECRET}@127.0.0.1:99999/0",
        f"redis://:{SECRET}@[::1/0",
        f"redis://:{SECRET}@127.0.0.1/0?{SECRET}=1",
        f"redis://127.0.0.1/0?socket_timeout={SECRET}",
        f"redis://127.0.0.1/0?retry={SECRET}",
        f"rediss://127.0.0.1/0?ssl_cert_reqs={SECRET}",
    ],
)
def test_an_address_of_redis_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TASKS_BROKER", url)
    with pytest.raises(WrongSettingsError) as caught:
        read_settings(TasksSettings)
    assert str(caught.value).startswith("TASKS_BROKER: ")
    assert str(caught.value).endswith("it is no address, such as redis://:PASSWORD@127.0.0.1:6379/0")
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1",
        f"redis://:{SECRET}@[::1]:6379/1",
        f"rediss://somebody:{SECRET}%40@redis.test/0?ssl_ca_certs=ca.pem",
        "sqlite:///tasks.db",
    ],
)
def test_an_address_is_taken_as_it_is(url: str) -> None:
    assert TasksSettings(broker=url).broker == url
