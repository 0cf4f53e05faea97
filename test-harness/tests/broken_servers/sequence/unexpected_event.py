"""Says that it is done before the first tick, where the contract asks for at least one."""

from literal_server import stream
from small_contracts import ticker

ID = "sequence.unexpected-event"
CONTRACT = ticker({"sequence": "tick+ (done | error)"})
ROUTES = {"GET /ticks": stream(b'event: done\ndata: {"ticks": 0}\n\n')}
