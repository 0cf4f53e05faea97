"""The request, checked beyond its schema, with its defaults filled in and its prefix frozen."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from streamcontract.services.dedupe.vectors import Vector, narrowed

__all__ = ["Chunk", "InvalidRequestError", "Prefix", "Prepared", "prepare"]

DEFAULT_THRESHOLD = 0.15
DEFAULT_LAMBDA = 0.5


class InvalidRequestError(Exception):
    """The request is wrong in a way that its schema cannot say; pairs of a JSON pointer and what is wrong there."""

    def __init__(self, errors: Sequence[tuple[str, str]]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(f"{pointer}: {detail}" for pointer, detail in errors))


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """One text; `embedding` is None where the server is to make it."""

    id: str
    text: str
    score: float
    embedding: Vector | None


@dataclass(frozen=True, slots=True)
class Prefix:
    """The frozen beginning of a prompt: its chunks stay as they are."""

    chunks: tuple[Chunk, ...]
    tokens: int
    hash: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be done. `keep` is None when nothing limits how many chunks are kept."""

    prefix: Prefix | None
    suffix: tuple[Chunk, ...]
    threshold: float
    trade_off: float
    keep: int | None

    @property
    def dimensions(self) -> int | None:
        """The length of the vectors that the client sent for the suffix, if it sent any."""
        return next((len(chunk.embedding) for chunk in self.suffix if chunk.embedding is not None), None)


def prepare(body: Mapping[str, Any]) -> Prepared:
    """The work that a request, valid by its schema, asks for. Raises InvalidRequestError with all that is wrong."""
    given = body["chunks"]
    ids = [str(chunk.get("id", position)) for position, chunk in enumerate(given)]
    errors = [*_repeated(ids)]
    vectors = [_vector(chunk.get("embedding")) for chunk in given]
    errors += _bad_vectors(vectors)
    if errors:
        raise InvalidRequestError(errors[:20])
    chunks = tuple(
        Chunk(id_, chunk["text"], float(chunk.get("score", 0)), vector)
        for id_, chunk, vector in zip(ids, given, vectors, strict=True)
    )
    frozen = _frozen(body)
    return Prepared(
        prefix=_prefix(chunks[:frozen]) if frozen else None,
        suffix=chunks[frozen:],
        threshold=float(body.get("threshold") or DEFAULT_THRESHOLD),
        trade_off=float(body.get("lambda") or DEFAULT_LAMBDA),
        keep=int(body.get("target_k") or 0) or None,
    )


def _repeated(ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    first: dict[str, int] = {}
    for position, id_ in enumerate(ids):
        if id_ in first:
            yield f"#/chunks/{position}/id", f"{id_!r} is the id of chunk {first[id_]} already"
        first.setdefault(id_, position)


def _vector(given: Sequence[float] | None) -> Vector | None:
    if given is None:
        return None
    try:
        return narrowed(given)
    except OverflowError:  # an integer that no double holds
        return np.full(len(given), np.nan, dtype=np.float32)


def _bad_vectors(vectors: Sequence[Vector | None]) -> Iterator[tuple[str, str]]:
    length: int | None = None
    for position, vector in enumerate(vectors):
        if vector is None:
            continue
        length = len(vector) if length is None else length
        if len(vector) != length:
            detail = f"{len(vector)} numbers, where the first embedding has {length}; all must have one length"
            yield f"#/chunks/{position}/embedding", detail
        elif not np.isfinite(vector).all():
            yield f"#/chunks/{position}/embedding", "a number is not finite in 64 bits"


def _frozen(body: Mapping[str, Any]) -> int:
    """How many chunks are frozen: up to and including the last with a non-empty `cache_control`."""
    if not (body.get("options") or {}).get("preserve_cache_prefix"):
        return 0
    marked = [position for position, chunk in enumerate(body["chunks"]) if chunk.get("cache_control")]
    return marked[-1] + 1 if marked else 0


def _prefix(chunks: tuple[Chunk, ...]) -> Prefix:
    texts = [chunk.text.encode(errors="surrogatepass") for chunk in chunks]
    digest = hashlib.sha256(b"".join(text + b"\0" for text in texts)).hexdigest()
    return Prefix(chunks, sum((len(text) + 3) // 4 for text in texts), digest[:16])
