"""Sends a line of 17 MiB."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "wire.line-too-long"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(b":", *[b"x" * 2**20] * 17, b"\n" + TICKS)}
