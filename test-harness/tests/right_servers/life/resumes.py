"""Goes on behind Last-Event-ID, by 204 where nothing is left; heartbeats between its events have no id."""

from numbered import EVENTS, Numbered, numbered


def behind(has: int) -> tuple[bytes, ...]:
    return b": here\n\n", *EVENTS[has:]


CONTRACT = numbered()
ROUTES = {"GET /ticks": Numbered(behind).watch}
