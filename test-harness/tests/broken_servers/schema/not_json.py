"""Sends data that begins like JSON and is none."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "schema.not-json"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS.replace(b'{"n": 1}', b"{"))}
