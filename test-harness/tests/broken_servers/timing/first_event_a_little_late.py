"""Passes the limit of its first event, within a tolerance that is wide here. A warning."""

from literal_server import Pause, stream
from small_contracts import TICKS, ticker

from streamcontract import Tolerance

ID = "timing.first-event"
LEVEL = "should"
CONTRACT = ticker({"timing": {"firstEventMs": 20}})
ROUTES = {"GET /ticks": stream(Pause(0.1), TICKS)}
OPTIONS = {"tolerance": Tolerance(factor=1000)}
