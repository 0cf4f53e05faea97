"""Sends fields that the standard does not have; names are told apart by case."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
BODY = TICKS.replace(b"event:", b"x-kind: y\nEvent: no\nevent:")
ROUTES = {"GET /ticks": stream(BODY)}
