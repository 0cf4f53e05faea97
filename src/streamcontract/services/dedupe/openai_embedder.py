"""Any server that speaks OpenAI's embeddings: OpenAI, llama.cpp, Ollama, vLLM."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import openai
import structlog

from streamcontract.services.dedupe.settings import DedupeSettings
from streamcontract.services.dedupe.vectors import Vector, narrowed
from streamcontract.services.outgoing import TooLongError, make_http_client

__all__ = ["EmbedderError", "OpenAIEmbedder"]

log: Any = structlog.get_logger("streamcontract.dedupe")


class EmbedderError(Exception):
    """The vectors could not be made. Its text is ours and may be shown; what a provider said is in the log only."""


class OpenAIEmbedder:
    """Embeds through the provider's SDK, which retries with growing pauses."""

    name = "openai"

    def __init__(self, settings: DedupeSettings) -> None:
        self.dimensions: int | None = None
        self._model = settings.openai_model
        self._client = openai.AsyncOpenAI(
            base_url=settings.openai_base_url,
            api_key=settings.openai_api_key.get_secret_value(),
            timeout=settings.openai_timeout,
            max_retries=settings.openai_retries,
            http_client=make_http_client(
                settings.openai_timeout, whole=settings.openai_timeout, limit=settings.openai_answer_limit
            ),
        )

    async def embed(self, texts: Sequence[str]) -> Vector:
        """One row for each text. Raises EmbedderError."""
        # Some servers refuse an empty text, and none of them says anything about it.
        given = [text or " " for text in texts]
        try:
            answer = await self._client.embeddings.create(model=self._model, input=given, encoding_format="float")
            rows = _rows(answer, len(texts))
        except openai.APITimeoutError as error:
            raise _failed("the embedding server did not answer in time", error) from error
        except openai.APIConnectionError as error:
            raise _failed("the embedding server could not be reached", error) from error
        except openai.APIStatusError as error:
            raise _failed(f"the embedding server answered with status {error.status_code}", error) from error
        except (
            openai.OpenAIError,
            TooLongError,
            ValueError,
            TypeError,
            AttributeError,
            KeyError,
            OverflowError,
        ) as error:
            raise _failed("the embedding server's answer could not be read", error) from error
        if self.dimensions is not None and rows.shape[1] != self.dimensions:
            raise EmbedderError("the embedding server changed the length of its vectors")
        self.dimensions = rows.shape[1]
        return rows


def _rows(answer: Any, count: int) -> Vector:
    """The vectors in the order of the texts. Raises ValueError when the answer is not what was asked for."""
    found = sorted(answer.data, key=lambda item: int(item.index))
    if [item.index for item in found] != list(range(count)):
        raise ValueError(f"{len(found)} vectors for {count} texts")
    rows = narrowed([item.embedding for item in found])
    if rows.ndim != 2 or not rows.shape[1] or not np.isfinite(rows).all():
        raise ValueError("the vectors are not rows of finite numbers of one length")
    return rows


def _failed(what: str, error: Exception) -> EmbedderError:
    log.warning("embedding failed", what=what, error=str(error)[:500])
    return EmbedderError(what)
