"""Answers HEAD with the head of GET, OPTIONS with Allow, and refuses who cannot read a stream, as documented."""

from literal_server import Received, Step, head, plain, stream
from small_contracts import TICKS, ticker


def watch(request: Received) -> list[Step]:
    if "text/event-stream" in request.headers.get("accept", "*/*").replace("*/*", "text/event-stream"):
        refused = "text/event-stream;q=0" in request.headers.get("accept", "")
        return plain(b"", "406 Not Acceptable") if refused else stream(TICKS)
    return plain(b"", "406 Not Acceptable")


CONTRACT = ticker()
CONTRACT["paths"]["/ticks"]["get"]["responses"]["406"] = {"description": "it is an event stream"}
ROUTES = {
    "GET /ticks": watch,
    "HEAD /ticks": [head(content_type="text/event-stream", transfer_encoding="chunked")],
    "OPTIONS /ticks": [b"HTTP/1.1 204 No Content\r\nallow: GET, HEAD, OPTIONS\r\nconnection: close\r\n\r\n"],
}
