"""Sends the event again that the client had last."""

from numbered import EVENTS, Numbered, numbered

ID = "life.resume"
CONTRACT = numbered()
ROUTES = {"GET /ticks": Numbered(lambda has: EVENTS[max(has - 1, 0) :]).watch}
