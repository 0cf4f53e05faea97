"""The head of a stream: status and headers, from the contract and from the handler."""

from collections.abc import Mapping

import msgspec

from streamcontract.monitor.request import Response
from streamcontract.server.binding import Binding
from streamcontract.server.call import CORRELATION_HEADER, Call, refuse_line_breaks

__all__ = ["Head", "head_message", "settled"]


class Head(msgspec.Struct, frozen=True):
    """What a handler may yield before its first event: headers of the answer, and its status. It is sent at once."""

    headers: Mapping[str, str] = {}
    status: int | None = None


def settled(head: Head | None, binding: Binding, call: Call) -> Response:
    """The head as it is sent, and as rules see it: what the handler gives goes before what the contract says."""
    given = head or Head()
    headers = {**binding.headers, **{name.lower(): value for name, value in given.headers.items()}}
    headers[CORRELATION_HEADER] = call.correlation_id
    return Response(given.status or binding.status, headers)


def head_message(head: Response) -> dict[str, object]:
    """The ASGI message for a head. Raises ValueError for a header that cannot be sent."""
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in head.headers.items()]
    refuse_line_breaks(raw)
    return {"type": "http.response.start", "status": head.status, "headers": raw}
