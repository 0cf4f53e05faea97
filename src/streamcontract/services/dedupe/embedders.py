"""What makes vectors of texts: one table of embedders, chosen by DEDUPE_EMBEDDER."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np

from streamcontract.services.dedupe import lexical, minilm
from streamcontract.services.dedupe.openai_embedder import EmbedderError, OpenAIEmbedder
from streamcontract.services.dedupe.settings import DedupeSettings
from streamcontract.services.dedupe.vectors import Vector
from streamcontract.services.dedupe.workers import in_process

__all__ = ["Embedder", "EmbedderError", "make_embedder"]


class Embedder(Protocol):
    """Makes vectors; `dimensions` is their length, None where it is not known before the first."""

    name: str
    dimensions: int | None

    async def embed(self, texts: Sequence[str]) -> Vector:
        """One row for each text. Raises EmbedderError, whose text a client may read."""


class _InProcess:
    """An embedder that computes on this machine."""

    def __init__(self, name: str, dimensions: int, function: Callable[[Sequence[str]], Vector]) -> None:
        self.name = name
        self.dimensions: int | None = dimensions
        self._function = function

    async def embed(self, texts: Sequence[str]) -> Vector:
        rows = await in_process(self._function, list(texts))
        if not np.isfinite(rows).all():
            raise EmbedderError(f"the embedder {self.name} made numbers that are not finite")
        return rows


def _lexical(_: DedupeSettings) -> Embedder:
    return _InProcess("lexical", lexical.DIMENSIONS, lexical.embed_lexically)


def _minilm(_: DedupeSettings) -> Embedder:
    missing = minilm.what_is_missing()
    if missing:
        raise RuntimeError(f"DEDUPE_EMBEDDER=minilm: {missing}")
    return _InProcess("minilm", minilm.DIMENSIONS, minilm.embed_with_minilm)


EMBEDDERS: Mapping[str, Callable[[DedupeSettings], Embedder]] = {
    "lexical": _lexical,
    "minilm": _minilm,
    "openai": OpenAIEmbedder,
}


def make_embedder(settings: DedupeSettings) -> Embedder:
    """The embedder that the settings ask for. Raises RuntimeError, with the remedy, when it cannot work here."""
    return EMBEDDERS[settings.embedder](settings)
