"""Gives its events ids, and does not look at Last-Event-ID."""

from literal_server import stream
from numbered import EVENTS, numbered

ID = "life.resume-ignored"
LEVEL = "should"
CONTRACT = numbered(declared=False)
ROUTES = {"GET /ticks": stream(*EVENTS)}
