"""Sends more than buffers hold, and waits for its reader as long as that takes."""

from large_streams import large, patient
from literal_server import stream
from small_contracts import ticker

CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(large(patient))}
