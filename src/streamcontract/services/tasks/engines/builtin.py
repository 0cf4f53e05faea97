"""The engine for a machine without models: words that are the same every time, and say what they are.

So that a client can meet all that may happen, it heeds a few words in a prompt:

| words | what happens |
|---|---|
| `say nothing` | there is no token |
| `count to N` | there are N tokens, the numbers from 1 on |
| `take your time` | a token comes only every 0.1 s, and they go on up to `max_tokens` |
| `fail at once` | it fails before the first token |
| `fail midway` | it fails after half of them |
"""

import random
import re
from collections.abc import AsyncGenerator, Iterator
from itertools import islice

import anyio

from streamcontract.services.tasks.engines.engine import EngineError, Job
from streamcontract.services.tasks.engines.sampling import identity

__all__ = ["Builtin"]

SLOW = 0.1

_SAYS = ("No ", "model ", "wrote ", "this: ")
_TEXT = (
    "river stone light paper north garden seven winter copper window open quiet blue maple harbor field morning salt "
    "ladder bread amber cloud signal lantern thread orchard pebble summer bridge willow silver engine candle meadow"
)
_WORDS = _TEXT.split()
_FEWEST, _MOST = 8, 60
_COUNT = re.compile(r"\bcount\s+to\s+(\d{1,6})\b", re.IGNORECASE)
_ASKED_TO_FAIL = "the built-in engine fails when it is asked to"


class Builtin:
    """Draws words by the prompt, model, sampler profile and seed: the same for the same, strict or not. Asks nobody."""

    def __init__(self, pace: float = 0.02) -> None:
        self._pace = pace

    async def tokens(self, job: Job) -> AsyncGenerator[str, None]:
        """The tokens, one every `pace` seconds. Raises EngineError when it is asked to fail."""
        said = job.prompt.lower()
        if "fail at once" in said:
            raise EngineError("INTERNAL", _ASKED_TO_FAIL, retriable=True, retry_after_ms=1000)
        slow = "take your time" in said
        found = _words(job, said, endless=slow)
        if "fail midway" in said:
            found = found[: max(1, len(found) // 2)]
        for token in found:
            await anyio.sleep(max(self._pace, SLOW) if slow else self._pace)
            yield token
        if "fail midway" in said:
            raise EngineError("WORKER_RESET", _ASKED_TO_FAIL, retriable=True, retry_after_ms=1000)

    async def close(self) -> None:
        """Nothing is held."""


def _words(job: Job, said: str, *, endless: bool) -> list[str]:
    if "say nothing" in said:
        return []
    if asked := _COUNT.search(said):
        return [f"{number} " for number in range(1, min(int(asked[1]), job.max_tokens) + 1)]
    drawing = random.Random(identity(job))  # noqa: S311 - the same for the same job, which is the point
    natural = drawing.randint(_FEWEST, _MOST)
    return list(islice(_drawn(drawing), job.max_tokens if endless else min(natural, job.max_tokens)))


def _drawn(drawing: random.Random) -> Iterator[str]:
    yield from _SAYS
    while True:
        yield drawing.choice(_WORDS) + drawing.choice((" ", " ", " ", ", ", ". "))
