"""Spans of requests and stages, and no trace of OpenTelemetry where it is not installed."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from served import COUNTER, counting

from streamcontract import Event
from streamcontract.server import stage

trace = pytest.importorskip("opentelemetry.trace", reason="the extra [otel] is not installed")
sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="the extra [otel] is not installed")


@pytest.fixture(scope="module")
def exporter() -> Iterator[Any]:
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415 - an extra
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: PLC0415

    exporter = InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


async def count_up(body: Any) -> AsyncIterator[Event]:
    with stage("first", size=3):
        yield Event("number", {"n": 0})
    with stage("second"):
        yield Event("done", "")


def test_a_request_is_a_span_with_its_stages_below(exporter: Any) -> None:
    exporter.clear()
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with counting(count_up) as served:
        served.client.post("/v1/count", json={"to": 1}, headers={"traceparent": parent, "X-Correlation-Id": "c-2"})
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert set(spans) == {"countUp", "first", "second"}
    request = spans["countUp"]
    assert f"{request.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert f"{request.parent.span_id:016x}" == "b7ad6b7169203331"
    assert {spans[name].parent.span_id for name in ("first", "second")} == {request.context.span_id}
    assert spans["first"].attributes["size"] == 3
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["streamcontract.outcome"] == "success"
    assert request.attributes["streamcontract.events"] == 2
    assert request.attributes["streamcontract.correlation_id"] == "c-2"


def test_a_fault_of_ours_marks_the_span(exporter: Any) -> None:
    async def failing(body: Any) -> AsyncIterator[Event]:
        raise RuntimeError("no")
        yield Event("done", "")

    exporter.clear()
    with counting(failing) as served:
        served.client.post("/v1/count", json={"to": 1})
    (span,) = exporter.get_finished_spans()
    assert span.status.status_code is trace.StatusCode.ERROR


def test_a_stream_that_fails_after_its_head_marks_the_span(exporter: Any) -> None:
    async def failing(body: Any) -> AsyncIterator[Event]:
        yield Event("number", {"n": 0})
        raise RuntimeError("no")

    exporter.clear()
    with counting(failing) as served:
        assert served.client.post("/v1/count", json={"to": 1}).status_code == 200
    (span,) = exporter.get_finished_spans()
    assert span.status.status_code is trace.StatusCode.ERROR


def test_a_stage_outside_of_a_request_does_no_harm() -> None:
    with stage("alone"):
        pass


WITHOUT = f"""
import sys
sys.modules["opentelemetry"] = None
import anyio, httpx
from streamcontract import Event
from streamcontract.server import create_app, stage
from types import ModuleType

async def count_up(body):
    with stage("one"):
        yield Event("done", "")

module = ModuleType("made")
module.count_up = count_up
app = create_app({{{str(COUNTER)!r}: module}})

async def main():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        print((await client.post("/v1/count", json={{"to": 0}})).text)
        print((await client.get("/metrics")).text)

anyio.run(main)
"""


def test_everything_works_without_opentelemetry() -> None:
    ran = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "event: done" in ran.stdout
    assert 'streamcontract_stage_seconds_count{operation="countUp",stage="one"} 1.0' in ran.stdout
