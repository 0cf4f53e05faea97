"""Refuses what the contract lets it refuse, before a stream begins."""

from literal_server import stream
from small_contracts import counted, counted_by

SIZES = (1, 3)
CONTRACT = counted(*SIZES)
ROUTES = {"GET /ticks": counted_by(lambda events: stream(*events), *SIZES)}
