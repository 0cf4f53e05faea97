"""Spans of OpenTelemetry for requests and the stages that handlers name; without the extra [otel] only their time.

Where the spans go is set up outside, as OpenTelemetry wants it: `opentelemetry-instrument streamcontract serve …`.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from streamcontract.server.call import Call, current_call

try:
    from opentelemetry import propagate, trace
except ImportError:  # the extra [otel] is not installed
    HAS_OTEL = False
else:
    HAS_OTEL = True

__all__ = ["HAS_OTEL", "request_span", "stage"]

_NAME = "streamcontract"


@contextmanager
def stage(name: str, **attributes: str | float | bool) -> Iterator[None]:
    """For handlers: one stage of the work, as a span and in the metrics. Usable outside of a request too."""
    call = current_call()
    started = time.monotonic()
    try:
        if HAS_OTEL:
            with trace.get_tracer(_NAME).start_as_current_span(name, attributes=attributes):
                yield
        else:
            yield
    finally:
        if call is not None:
            seconds = time.monotonic() - started
            call.metrics.stage_seconds.labels(call.operation, name).observe(seconds)


@contextmanager
def request_span(call: Call) -> Iterator[None]:
    """The span of one request, below the one that the client names in `traceparent`."""
    if not HAS_OTEL:
        yield
        return
    scope = call.scope
    given: Mapping[str, Any] = {"http.request.method": scope["method"], "url.path": scope["path"]}
    with trace.get_tracer(_NAME).start_as_current_span(
        scope["method"], context=propagate.extract(call.headers), kind=trace.SpanKind.SERVER, attributes=given
    ) as span:
        try:
            yield
        finally:
            if span.is_recording():
                span.update_name(call.operation if call.binding else scope["method"])
                span.set_attribute("streamcontract.operation", call.operation)
                span.set_attribute("streamcontract.correlation_id", call.correlation_id)
                span.set_attribute("streamcontract.events", call.events)
                if call.outcome is not None:
                    span.set_attribute("streamcontract.outcome", call.outcome)
                if call.status is not None:
                    span.set_attribute("http.response.status_code", call.status)
                if (call.status or 0) >= 500 or call.outcome in ("failure", "cut"):
                    span.set_status(trace.StatusCode.ERROR)
