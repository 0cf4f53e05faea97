"""Which pool takes a task."""

from typing import Any

import anyio
import msgspec
import pytest
from services.tasks.engines.working import HELLO

from streamcontract.services.tasks.engines.builtin import Builtin
from streamcontract.services.tasks.engines.llamacpp import LlamaCpp
from streamcontract.services.tasks.engines.openai_engine import OpenAIEngine
from streamcontract.services.tasks.engines.pools import PlacementError, Pools, PoolUnavailableError, make_pools
from streamcontract.services.tasks.settings import TasksSettings
from streamcontract.services.tasks.types import EngineCapability, TaskRequest

URL = "http://127.0.0.1:9"
FOUR = [
    {"id": "a", "engine": "vllm", "url": URL, "device_mask": "GPU0"},
    {"id": "b", "engine": "vllm", "url": URL, "device_mask": "GPU1"},
    {"id": "c", "engine": "vllm", "url": URL},
    {"id": "l", "engine": "llamacpp", "url": URL},
]


def request(placement: dict[str, Any] | None = None, **changes: Any) -> TaskRequest:
    asked = {
        "task_id": "5f0b7a52-65b1-4b7e-9d0c-0a6c8a3e3b01",
        "session_id": "0d8a4f6e-7c55-4d7e-8a35-3c1b9a4a7e10",
        "workload": "completion",
        "model_ref": "hf:maker/tiny",
        "engine": "vllm",
        "ctx": 0,
        "priority": "batch",
        "max_tokens": 1,
        "deadline_ms": 1000,
        **({} if placement is None else {"placement": placement}),
        **changes,
    }
    return msgspec.convert(asked, TaskRequest)


def pools(*configured: dict[str, Any]) -> Pools:
    return make_pools(TasksSettings(pools=list(configured)))


def chosen(placement: dict[str, Any] | None = None, busy: dict[str, int] | None = None, **changes: Any) -> str:
    return pools(*FOUR).choose(request(placement, **changes), busy or {}).id


CHOSEN: list[tuple[dict[str, Any] | None, dict[str, int], str | None]] = [
    (None, {}, "a"),
    (None, {"a": 1}, "b"),
    (None, {"a": 2, "b": 2, "c": 1}, "c"),
    ({"mode": "auto"}, {"a": 1}, "b"),
    ({"mode": "auto", "pin_pool_id": "c", "prefer_pools": ["c"]}, {}, "a"),
    ({"mode": "pin", "pin_pool_id": "b"}, {"b": 9}, "b"),
    ({"pin_pool_id": "b"}, {"b": 9}, "b"),
    ({"mode": "pin", "pin_pool_id": "nowhere"}, {}, None),
    ({"mode": "pin", "pin_pool_id": "nowhere", "allow_fallback": True}, {}, None),
    ({"mode": "pin", "pin_pool_id": "l"}, {}, None),
    ({"mode": "pin", "pin_pool_id": "b", "avoid_pools": ["b"]}, {}, None),
    ({"mode": "pin", "pin_pool_id": "b", "require_device_mask": "GPU0"}, {}, None),
    ({"mode": "prefer", "prefer_pools": ["c", "b"]}, {}, "c"),
    ({"prefer_pools": ["c", "b"]}, {"c": 1}, "b"),
    ({"mode": "prefer", "prefer_pools": ["nowhere"]}, {}, "a"),
    ({"mode": "prefer", "prefer_pools": ["nowhere"], "allow_fallback": False}, {}, None),
    ({"mode": "prefer", "prefer_pools": ["b"], "allow_fallback": False}, {"b": 9}, "b"),
    ({"mode": "prefer", "prefer_pools": ["b"], "avoid_pools": ["b"]}, {}, "a"),
    ({"mode": "prefer"}, {}, "a"),
    ({"avoid_pools": ["a", "nowhere"]}, {}, "b"),
    ({"avoid_pools": ["a", "b", "c"]}, {}, None),
    ({"require_device_mask": "GPU1"}, {"b": 9}, "b"),
    ({"require_device_mask": "GPU"}, {}, None),
]


@pytest.mark.parametrize(("placement", "busy", "pool"), CHOSEN, ids=range(len(CHOSEN)))
def test_a_placement_is_heeded(placement: dict[str, Any] | None, busy: dict[str, int], pool: str | None) -> None:
    if pool is not None:
        assert chosen(placement, busy) == pool
        return
    with pytest.raises(PoolUnavailableError, match="vllm"):
        chosen(placement, busy)


def test_a_pin_without_a_pool_is_a_mistake_of_the_request() -> None:
    with pytest.raises(PlacementError, match="pin_pool_id"):
        chosen({"mode": "pin"})


def test_an_engine_that_no_pool_runs_is_unavailable() -> None:
    with pytest.raises(PoolUnavailableError, match="tgi"):
        chosen(engine="tgi")


def test_a_strict_job_always_has_the_same_pool_and_others_may_have_another() -> None:
    again = {chosen(busy={"a": n, "b": 3 - n}, determinism="strict", prompt="x", max_tokens=1 + n) for n in range(4)}
    assert len(again) == 1
    made = pools(*FOUR)
    spread = {made.choose(request(determinism="strict", prompt=f"Question {number}"), {}).id for number in range(50)}
    assert spread == {"a", "b", "c"}


def test_a_strict_job_stays_where_it_is_when_another_pool_goes() -> None:
    all_, two = pools(*FOUR), pools(*FOUR[:2])
    for number in range(50):
        asked = request(determinism="strict", prompt=f"Question {number}")
        before, after = all_.choose(asked, {}).id, two.choose(asked, {}).id
        assert before in {after, "c"}


def test_without_pools_the_built_in_one_runs_every_engine() -> None:
    made = pools()
    assert made.mode == "builtin"
    for engine in ("llamacpp", "vllm", "tgi", "triton"):
        pool = made.choose(request(engine=engine), {})
        assert (pool.id, pool.engine_name) == ("builtin", engine)
        assert isinstance(pool.engine, Builtin)
    assert made.choose(request({"mode": "pin", "pin_pool_id": "builtin"}), {}).id == "builtin"
    with pytest.raises(PoolUnavailableError):
        made.choose(request({"mode": "pin", "pin_pool_id": "gpu-1"}), {})
    assert [each.engine for each in made.capabilities()] == ["llamacpp", "vllm", "tgi", "triton"]


def test_the_capabilities_are_those_of_the_pools() -> None:
    made = pools(*FOUR)
    assert made.mode == "pools"
    assert made.capabilities() == [
        EngineCapability("llamacpp", ["completion"], ["l"]),
        EngineCapability("vllm", ["completion"], ["a", "b", "c"]),
    ]


@pytest.mark.parametrize(
    ("engine", "api", "kind"),
    [
        ("llamacpp", None, LlamaCpp),
        ("llamacpp", "openai", OpenAIEngine),
        ("vllm", None, OpenAIEngine),
        ("tgi", "llamacpp", LlamaCpp),
    ],
)
def test_a_pool_is_spoken_to_in_its_own_way(engine: str, api: str | None, kind: type) -> None:
    made = pools({"id": "p", "engine": engine, "url": URL, "api": api})
    assert isinstance(made.choose(request(engine=engine), {}).engine, kind)


@pytest.mark.parametrize("key", ["ключ", "two\nlines", "a\x7fb"])
def test_a_key_that_fits_no_header_is_told_at_the_start_and_is_not_shown(key: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII") as caught:
        pools({**FOUR[0], "api_key": key})
    assert key not in str(caught.value)


def test_closing_closes_every_engine() -> None:
    async def run() -> None:
        made = pools(*FOUR)
        await made.close()
        for engine in ("vllm", "llamacpp"):
            with pytest.raises(RuntimeError, match="closed"):
                async for _ in made.choose(request(engine=engine), {}).engine.tokens(HELLO):
                    pass

    anyio.run(run)
