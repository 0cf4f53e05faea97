"""The handlers of countdown.yaml: one function for each operationId."""

from collections.abc import AsyncIterator
from typing import Any

from streamcontract import Event


async def count_down(body: dict[str, Any]) -> AsyncIterator[Event]:
    for left in range(int(body["from"]), 0, -1):  # to JSON Schema, 5.0 is an integer too
        yield Event("tick", {"left": left})
    yield Event("liftoff", "up and away")
