"""Which pool a task runs in.

A pool is a candidate when it runs the engine that is asked for, is not among `avoid_pools`, and has exactly the
`require_device_mask`, if there is one. Of the candidates:

| `mode` | which of them | none of these |
|---|---|---|
| `pin` | `pin_pool_id` (400 without one) | 503: a pin never gives way |
| `prefer` | those in `prefer_pools` | all candidates; 503 where `allow_fallback` is false |
| `auto` | all; `pin_pool_id` and `prefer_pools` are not looked at | 503 |
| none | as `pin` where there is a `pin_pool_id`, as `prefer` where there are `prefer_pools`, else `auto` | |

`allow_fallback` is true where it is left out. Where several are left, the one with the fewest tasks that run is taken,
of these the one that is preferred first, or comes first by its id. A task with `determinism: strict` has its pool drawn
by the job itself, as other hardware may give other tokens: the same job goes to the same pool, however busy that is.

Without any pool in the settings there is a built-in one, `builtin`, which runs every engine and has no device mask.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import anyio
import msgspec

from streamcontract.services.tasks.engines.builtin import Builtin
from streamcontract.services.tasks.engines.engine import Engine
from streamcontract.services.tasks.engines.llamacpp import LlamaCpp
from streamcontract.services.tasks.engines.retrying import Retries
from streamcontract.services.tasks.settings import PoolSettings, TasksSettings
from streamcontract.services.tasks.types import Engine as EngineName
from streamcontract.services.tasks.types import EngineCapability, Placement, TaskRequest

__all__ = ["BUILTIN", "PlacementError", "Pool", "PoolUnavailableError", "Pools", "make_pools"]

BUILTIN = "builtin"

SAME = ("engine", "model_ref", "prompt", "inputs", "seed", "sampler_profile_version")
"""What makes two requests the same job."""


class PlacementError(ValueError):
    """A placement that says nothing; the text is for clients."""


class PoolUnavailableError(Exception):
    """No pool can take the task; the text is for clients."""


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool: one engine that it runs, and how it is asked."""

    id: str
    engine_name: EngineName
    engine: Engine
    device_mask: str = ""


class Pools:
    """All pools there are. `mode` as getCapabilities tells it."""

    def __init__(self, pools: Sequence[Pool], mode: Literal["builtin", "pools"]) -> None:
        self.mode, self._pools = mode, tuple(pools)

    def choose(self, request: TaskRequest, running: Mapping[str, int]) -> Pool:
        """The pool for a task; `running` counts the tasks that run in a pool, by its id.

        Raises PlacementError and PoolUnavailableError.
        """
        placement = Placement() if request.placement is msgspec.UNSET else request.placement
        candidates = self._candidates(request.engine, placement)
        preferred = _given(placement.prefer_pools)
        match _mode(placement):
            case "pin":
                left = [pool for pool in candidates if pool.id == placement.pin_pool_id]
            case "prefer":
                left = [pool for pool in candidates if pool.id in preferred]
                if placement.allow_fallback is not False:
                    left = left or candidates
            case _:
                left, preferred = candidates, []
        if not left:
            raise PoolUnavailableError(f"no pool for {request.engine} fits the placement")
        if request.determinism == "strict":
            return min(left, key=lambda pool: _lot(pool, request))
        order = {id_: place for place, id_ in enumerate(preferred)}
        return min(left, key=lambda pool: (running.get(pool.id, 0), order.get(pool.id, len(order)), pool.id))

    def capabilities(self) -> list[EngineCapability]:
        """The engines that some pool runs, and in which pools; none of them has embeddings or reranks."""
        return [
            EngineCapability(name, ["completion"], [pool.id for pool in self._pools if pool.engine_name == name])
            for name in get_args(EngineName)
            if any(pool.engine_name == name for pool in self._pools)
        ]

    async def close(self) -> None:
        """Close all connections of all pools."""
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as group:
                for pool in self._pools:
                    group.start_soon(pool.engine.close)

    def _candidates(self, engine: EngineName, placement: Placement) -> list[Pool]:
        avoided, mask = _given(placement.avoid_pools), placement.require_device_mask
        return [
            pool
            for pool in self._pools
            if pool.engine_name == engine
            and pool.id not in avoided
            and (mask is msgspec.UNSET or pool.device_mask == mask)
        ]


def make_pools(settings: TasksSettings) -> Pools:
    """The pools of the settings, or the built-in one."""
    if settings.pools:
        return Pools([_pool(each, settings) for each in settings.pools], "pools")
    engine = Builtin()
    return Pools([Pool(BUILTIN, name, engine) for name in get_args(EngineName)], "builtin")


def _pool(pool: PoolSettings, settings: TasksSettings) -> Pool:
    key = pool.api_key.get_secret_value()
    silence, retries = settings.engine_silence, Retries(settings.engine_retries)
    engine: Engine
    if (pool.api or ("llamacpp" if pool.engine == "llamacpp" else "openai")) == "llamacpp":
        engine = LlamaCpp(pool.url, key, silence=silence, retries=retries)
    else:
        # The SDK takes most of a second to import, so only those who need it do.
        from streamcontract.services.tasks.engines.openai_engine import OpenAIEngine  # noqa: PLC0415

        engine = OpenAIEngine(pool.url, key, engine=pool.engine, model=pool.model, silence=silence, retries=retries)
    return Pool(pool.id, pool.engine, engine, pool.device_mask)


def _mode(placement: Placement) -> str:
    """The mode, also where none is given. Raises PlacementError."""
    if placement.mode is msgspec.UNSET:
        if placement.pin_pool_id is not msgspec.UNSET:
            return "pin"
        return "prefer" if _given(placement.prefer_pools) else "auto"
    if placement.mode == "pin" and placement.pin_pool_id is msgspec.UNSET:
        raise PlacementError("placement: the mode is pin, and there is no pin_pool_id")
    return placement.mode


def _given(ids: list[str] | msgspec.UnsetType) -> list[str]:
    return [] if ids is msgspec.UNSET else ids


def _lot(pool: Pool, request: TaskRequest) -> bytes:
    """A number that a job draws for a pool; the pool with the lowest is its own (rendezvous hashing)."""
    job = {name: value for name in SAME if (value := getattr(request, name)) is not msgspec.UNSET}
    return hashlib.sha256(msgspec.json.encode([pool.id, job])).digest()
