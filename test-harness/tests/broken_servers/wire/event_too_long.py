"""Sends an event of 17 MiB in lines of 1 MiB."""

from literal_server import stream
from small_contracts import TICKS, ticker

ID = "wire.event-too-long"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(*[b"data: " + b"x" * 2**20 + b"\n"] * 17, b"\n" + TICKS)}
