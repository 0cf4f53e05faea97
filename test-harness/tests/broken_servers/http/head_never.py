"""Leaves whoever asks by HEAD waiting. A warning: no standard says how long an answer may take."""

from literal_server import Hang, stream
from small_contracts import TICKS, ticker

ID = "http.head"
LEVEL = "should"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS), "HEAD /ticks": [Hang()]}
OPTIONS = {"timeout": 1.0, "select": ("http", "coverage")}
