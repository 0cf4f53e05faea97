"""`GET /health`: how the server is, and what stands behind it."""

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
import msgspec
import structlog
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from streamcontract.server.handlers import HandlerModule

__all__ = ["health_response"]

log: Any = structlog.get_logger("streamcontract.server")


async def health_response(modules: Sequence[HandlerModule], *, seconds: float, stopping: bool) -> Response:
    """200 when all services are well, 503 when one is not, or the server stops. Details of a fault are in the log."""
    reports: dict[str, Mapping[str, Any]] = {}

    async def ask(module: HandlerModule) -> None:
        reports[Path(module.contract).stem] = await _report(module, seconds)

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


async def _report(module: HandlerModule, seconds: float) -> Mapping[str, Any]:
    ask = module.hook("health")
    if ask is None:
        return {"status": "ok"}
    with anyio.move_on_after(seconds):
        try:
            found = await ask() if inspect.iscoroutinefunction(ask) else await run_in_threadpool(ask)
            report = {"status": "ok", **(found or {})}
            msgspec.json.encode(report)
        except Exception:
            log.exception("a service is not well", module=module.name)
            return {"status": "failing"}
        return report
    log.error("a service does not say how it is", module=module.name, seconds=seconds)
    return {"status": "failing"}
