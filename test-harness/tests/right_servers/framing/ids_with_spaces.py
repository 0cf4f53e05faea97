"""Sends ids with blanks in and around them, an empty one, and one in Chinese."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = TICKS.replace(b"event: tick", b"id:  a b \nid:\nid: \xe4\xba\x8c\nevent: tick")
ROUTES = {"GET /ticks": stream(BODY)}
