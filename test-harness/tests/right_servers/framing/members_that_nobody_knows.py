"""Sends more members than the schema has, with letters and signs from everywhere."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = TICKS.replace(b'{"n": 1}', b'{"n": 1, "caf\xc3\xa9": "\xf0\x9f\x98\x80 \xe2\x80\xa8"}')
ROUTES = {"GET /ticks": stream(BODY)}
