"""The embedded default: hashed character and word n-grams. Nothing is downloaded, and equal texts get equal vectors."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.pipeline import FeatureUnion

from streamcontract.services.dedupe.chunks import Vector

__all__ = ["DIMENSIONS", "embed_lexically"]

DIMENSIONS = 1024
"""Half for character n-grams, which forgive spelling, half for words, which tell subjects apart."""

WORD = r"\w+"
LONGEST = 20_000
"""Characters of a text that are looked at: some ten pages, a tenth of a second."""


@lru_cache(maxsize=1)
def _vectorizer() -> FeatureUnion:
    half = DIMENSIONS // 2
    return FeatureUnion(
        [
            ("characters", HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), n_features=half, norm="l2")),
            ("words", HashingVectorizer(analyzer="word", token_pattern=WORD, n_features=half, norm="l2")),
        ]
    )


def embed_lexically(texts: Sequence[str]) -> Vector:
    """One row of 1,024 numbers for each text; zero for a text without a letter or digit."""
    return np.asarray(_vectorizer().transform([text[:LONGEST] for text in texts]).toarray(), dtype=np.float32)
