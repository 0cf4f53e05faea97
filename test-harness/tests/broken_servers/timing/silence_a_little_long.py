"""Passes the limit of its silence, within a tolerance that is wide here. A warning."""

from literal_server import Pause, stream
from small_contracts import TICKS, ticker

from streamcontract import Tolerance

ID = "timing.silence"
LEVEL = "should"
CONTRACT = ticker({"timing": {"silenceMs": 20}})
ROUTES = {"GET /ticks": stream(TICKS[:28], Pause(0.1), TICKS[28:])}
OPTIONS = {"tolerance": Tolerance(factor=1000)}
