"""Never succeeds: every stream is a failure, and that is a warning."""

from literal_server import stream
from small_contracts import ticker

ID = "coverage.no-success"
CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(b'event: error\ndata: {"message": "no"}\n\n')}
