"""Passes the limit of its whole length, within a tolerance that is wide here. A warning."""

from literal_server import Pause, stream
from small_contracts import TICKS, ticker

from streamcontract import Tolerance

ID = "timing.total"
LEVEL = "should"
CONTRACT = ticker({"timing": {"totalMs": 20}})
ROUTES = {"GET /ticks": stream(*[Pause(0.05), b":\n"] * 3, TICKS)}
OPTIONS = {"tolerance": Tolerance(factor=1000)}
