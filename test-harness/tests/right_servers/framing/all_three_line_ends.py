"""Changes its mind about line ends in the middle of the stream."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = TICKS[:28].replace(b"\n", b"\r") + TICKS[28:56].replace(b"\n", b"\r\n") + TICKS[56:]
ROUTES = {"GET /ticks": stream(BODY)}
