"""Keeps the room that it was last asked for in a variable, from which all streams that are open read."""

from collections.abc import Iterator

from literal_server import Pause, Received, Step, stream
from small_contracts import Tree, field_event, ticker


def rooms() -> Tree:
    """The ticker, whose ticks say which room they are from; no rule says that it is the one that was asked for."""
    room = {"name": "room", "in": "query", "schema": {"enum": ["red", "blue"]}}
    tree = ticker({"rules": []}, parameters=[room])
    content = tree["paths"]["/ticks"]["get"]["responses"]["200"]["content"]["text/event-stream"]
    content["itemSchema"]["oneOf"][0] = field_event("tick", room="string")
    tree["paths"]["/ticks"]["get"]["responses"]["400"] = {"description": "no such room"}
    return tree


class Rooms:
    """One variable for all."""

    def __init__(self) -> None:
        self.room = ""

    def watch(self, request: Received) -> Iterator[Step]:
        _, _, self.room = request.target.partition("room=")
        if self.room not in ("", "red", "blue"):
            yield b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            return
        before, *_, end = stream(b"", b'event: done\ndata: {"ticks": 3}\n\n')
        yield before
        for _ in range(3):
            yield stream(b'event: tick\ndata: {"room": "%s"}\n\n' % self.room.encode())[1]
            yield Pause(0.03)
        yield stream(b'event: done\ndata: {"ticks": 3}\n\n')[1]
        yield end


ID = "life.two-readers"
CONTRACT = rooms()
ROUTES = {"GET /ticks": Rooms().watch}
