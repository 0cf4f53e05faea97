"""Escapes what need not be escaped, and half of a surrogate pair, which JSON's grammar has."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = TICKS.replace(b'{"n": 1}', b'{"\\u006e": 1, "half": "\\ud83d", "\\/": "\\u0000"}')
ROUTES = {"GET /ticks": stream(BODY)}
