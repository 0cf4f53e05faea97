"""`GET /health`: how the server is, and what stands behind it."""

import inspect
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import msgspec
import structlog
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from starlette.responses import Response

from streamcontract.server.handlers import HandlerModule

__all__ = ["health_response"]

log: Any = structlog.get_logger("streamcontract.server")


THREADS = 4
"""For plain functions that say how a service is. `/health` is open to all: it must not take other handlers' threads."""

_limiter: RunVar[CapacityLimiter] = RunVar("streamcontract-health-threads")


async def health_response(modules: Sequence[HandlerModule], *, seconds: float, stopping: bool) -> Response:
    """200 when all services are well, 503 when one is not, or the server stops. Details of a fault are in the log."""
    reports: dict[str, Mapping[str, Any]] = {}
    names = _names(modules)

    async def ask(module: HandlerModule) -> None:
        reports[names[module]] = await _report(module, seconds)

    async with anyio.create_task_group() as tasks:
        for module in modules:
            tasks.start_soon(ask, module)
    failing = any(report["status"] != "ok" for report in reports.values())
    status = "stopping" if stopping else "failing" if failing else "ok"
    body = {"status": status, "services": dict(sorted(reports.items()))}
    return Response(
        msgspec.json.encode(body),
        200 if status == "ok" else 503,
        headers={"cache-control": "no-store"},
        media_type="application/json",
    )


def _names(modules: Sequence[HandlerModule]) -> dict[HandlerModule, str]:
    """Services are called by their contract's file, and where two are the same, by their module too."""
    stems = Counter(Path(module.contract).stem for module in modules)
    names: dict[HandlerModule, str] = {}
    for number, module in enumerate(modules, 1):
        stem = Path(module.contract).stem
        name = stem if stems[stem] == 1 else f"{stem} ({module.name})"
        names[module] = f"{name} {number}" if name in names.values() else name
    return names


async def _report(module: HandlerModule, seconds: float) -> Mapping[str, Any]:
    ask = module.hook("health")
    if ask is None:
        return {"status": "ok"}
    with anyio.move_on_after(seconds):
        try:
            found = await (ask() if inspect.iscoroutinefunction(ask) else _in_thread(ask))
            report = {"status": "ok", **(found or {})}
            msgspec.json.encode(report)
        except Exception:
            log.exception("a service is not well", module=module.name)
            return {"status": "failing"}
        return report
    log.error("a service does not say how it is", module=module.name, seconds=seconds)
    return {"status": "failing"}


async def _in_thread(ask: Callable[[], Any]) -> Any:
    """Ask in a thread that is left to itself when it takes too long."""
    limiter = _limiter.get(None)
    if limiter is None:
        limiter = CapacityLimiter(THREADS)
        _limiter.set(limiter)
    return await anyio.to_thread.run_sync(ask, abandon_on_cancel=True, limiter=limiter)
