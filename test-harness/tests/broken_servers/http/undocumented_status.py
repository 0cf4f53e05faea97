"""Answers with a status that the contract does not have."""

from literal_server import plain
from small_contracts import ticker

ID = "http.undocumented-status"
CONTRACT = ticker()
ROUTES = {"GET /ticks": plain(b"", "418 I'm a teapot")}
