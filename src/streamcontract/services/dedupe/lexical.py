"""The embedded default: hashed character and word n-grams. Nothing is downloaded, and equal texts get equal vectors."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.pipeline import FeatureUnion

from streamcontract.services.dedupe.vectors import Vector

__all__ = ["DIMENSIONS", "embed_lexically"]

DIMENSIONS = 1024
"""Half for character n-grams, which forgive spelling, half for words, which tell subjects apart."""

WORD = r"\w+"
PIECE = 100_000
"""Characters whose n-grams are held at once, some 40 MB of them; of a longer text the counts are added up."""


@lru_cache(maxsize=1)
def _counter() -> FeatureUnion:
    half = DIMENSIONS // 2
    return FeatureUnion(
        [
            ("characters", HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), n_features=half, norm=None)),
            ("words", HashingVectorizer(analyzer="word", token_pattern=WORD, n_features=half, norm=None)),
        ]
    )


def embed_lexically(texts: Sequence[str]) -> Vector:
    """One row of 1,024 numbers for each text, both halves at length 1; zero for a text of nothing but white space."""
    pieces = [(number, piece) for number, text in enumerate(texts) for piece in _pieces(text)]
    owners = [number for number, _ in pieces]
    belongs = csr_array((np.ones(len(pieces)), (owners, range(len(pieces)))), shape=(len(texts), len(pieces)))
    counts = (belongs @ _counter().transform([piece for _, piece in pieces])).toarray()
    halves = counts.reshape(len(texts), 2, DIMENSIONS // 2)
    lengths = np.linalg.norm(halves, axis=2, keepdims=True)
    rows = np.divide(halves, lengths, out=np.zeros_like(halves), where=lengths > 0)
    return np.asarray(rows.reshape(len(texts), DIMENSIONS), dtype=np.float32)


def _pieces(text: str) -> Iterator[str]:
    """The text, cut after white space, where no n-gram is; in the middle of a word only if that alone is too long."""
    start = 0
    while len(text) - start > PIECE:
        space = max(text.rfind(" ", start, start + PIECE), text.rfind("\n", start, start + PIECE))
        stop = start + PIECE if space < start else space + 1
        yield text[start:stop]
        start = stop
    yield text[start:]
