"""Gives only its last event an id, and does not look at Last-Event-ID: a client that has all gets all again."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "life.resume-ignored"
LEVEL = "should"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS.replace(b"event: done", b"id: 5\nevent: done"))}
