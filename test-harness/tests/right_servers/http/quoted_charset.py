"""Names the charset in quotes, with blanks around it."""

from literal_server import stream
from small_contracts import TICKS, ticker

CONTRACT = ticker()
ROUTES = {"GET /ticks": stream(TICKS, content_type='Text/Event-Stream ; Charset="utf-8"')}
