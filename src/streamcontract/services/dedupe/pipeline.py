"""The stages of one request, one after the other, each telling how far it is; both operations run this."""

import time
from collections.abc import AsyncGenerator, Awaitable, Sequence
from typing import TypeVar

import anyio
import numpy as np

from streamcontract.server.tracing import stage
from streamcontract.services.dedupe.chunks import Chunk, Prepared
from streamcontract.services.dedupe.clustering import Batch, NeighbourGraph, batches, cluster_batch, in_order
from streamcontract.services.dedupe.embedders import Embedder, EmbedderError
from streamcontract.services.dedupe.selection import MarginalRelevance, representatives
from streamcontract.services.dedupe.types import DedupeAnswer, DedupeStats, KeptChunk, Progress, Stage, StageStats
from streamcontract.services.dedupe.vectors import Vector, unit
from streamcontract.services.dedupe.workers import in_process, in_thread

__all__ = ["StageError", "run"]

Result = TypeVar("Result")

GRAPH_SHARE = 0.5
"""How much of the clustering's progress the distances are; the merging is the rest."""

PICKS = 64
"""Picks of MMR between two looks at whether the client is still there."""


class StageError(Exception):
    """A stage failed. Its text may be shown to a client."""

    def __init__(self, stage_: Stage, message: str) -> None:
        self.stage = stage_
        super().__init__(message)


class _Clock:
    """How long the work may still take."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.end = seconds, anyio.current_time() + seconds

    async def allow(self, stage_: Stage, work: Awaitable[Result]) -> Result:
        """Wait for one piece of work of a stage. Raises StageError when it takes too long, or its process is gone."""
        try:
            with anyio.fail_after(max(self.end - anyio.current_time(), 0)):
                return await work
        except TimeoutError:
            raise StageError(stage_, f"the work took longer than {self.seconds:g} s") from None
        except anyio.BrokenWorkerProcess as error:
            raise StageError(stage_, "the process that did the work has ended") from error


async def run(
    prepared: Prepared, embedder: Embedder, *, batch: int, seconds: float
) -> AsyncGenerator[Progress | DedupeAnswer, None]:
    """Do the work, for so many seconds at most; the last item is the answer. Raises StageError."""
    started, clock = time.monotonic(), _Clock(seconds)
    suffix = prepared.suffix
    found: list[Vector] = []
    if any(chunk.embedding is None for chunk in suffix):
        async for progress in _embed(suffix, embedder, batch, clock, found):
            yield progress
    else:
        found = [chunk.embedding for chunk in suffix if chunk.embedding is not None]
    rows = await clock.allow("clustering", in_thread(unit, found))
    labels: list[int] = []
    async for progress in _cluster(rows, prepared.threshold, clock, labels):
        yield progress
    with stage("selection"):
        yield Progress("selection", 0.0)
        kept = representatives([chunk.score for chunk in suffix], labels)
        yield Progress("selection", 1.0, StageStats(selected=len(kept)))
    selected = len(kept)
    if prepared.keep is not None and prepared.keep < selected:
        async for progress in _thin_out(prepared, rows, clock, kept):
            yield progress
    yield _answer(prepared, labels, kept, selected, int((time.monotonic() - started) * 1000))


async def _embed(
    suffix: Sequence[Chunk], embedder: Embedder, batch: int, clock: _Clock, found: list[Vector]
) -> AsyncGenerator[Progress, None]:
    """Embed the chunks that brought no vector, a batch at a time; fills `found` with the vectors of all."""
    missing = [position for position, chunk in enumerate(suffix) if chunk.embedding is None]
    made: dict[int, Vector] = {}
    with stage("embedding"):
        yield Progress("embedding", 0.0)
        for start in range(0, len(missing), batch):
            positions = missing[start : start + batch]
            try:
                made_now = embedder.embed([suffix[position].text for position in positions])
                rows = await clock.allow("embedding", made_now)
            except EmbedderError as error:
                raise StageError("embedding", str(error)) from error
            made.update(zip(positions, rows, strict=True))
            if start + batch < len(missing):
                yield Progress("embedding", (start + batch) / len(missing))
        for position, chunk in enumerate(suffix):
            found.append(chunk.embedding if chunk.embedding is not None else made[position])
        if len({len(vector) for vector in found}) > 1:
            raise StageError("embedding", "the embedder's vectors have another length than those in the request")
        yield Progress("embedding", 1.0)


async def _cluster(rows: Vector, threshold: float, clock: _Clock, labels: list[int]) -> AsyncGenerator[Progress, None]:
    """Fill `labels` with the cluster of each row."""
    with stage("clustering"):
        yield Progress("clustering", 0.0)
        graph = NeighbourGraph(rows, threshold)
        blocks = graph.blocks()
        for number, (start, stop) in enumerate(blocks, 1):
            await clock.allow("clustering", in_thread(graph.add, start, stop))
            if len(blocks) > 1:
                yield Progress("clustering", GRAPH_SHARE * number / len(blocks))
        components = await clock.allow("clustering", in_thread(graph.components))
        work = list(batches([members for members in components if len(members) > 1]))
        total, done = sum(part.pairs for part in work), 0
        own = np.arange(len(rows), dtype=np.int64)  # a chunk alone is a cluster of its own
        for part in work:
            await clock.allow("clustering", _merge(part, rows, threshold, own))
            done += part.pairs
            if done < total:
                yield Progress("clustering", GRAPH_SHARE + (1 - GRAPH_SHARE) * done / total)
        labels += in_order(own)
        stats = StageStats(clusters_formed=len(set(labels)), input_count=len(rows))
        yield Progress("clustering", 1.0, stats)


async def _merge(part: Batch, rows: Vector, threshold: float, own: np.ndarray) -> None:
    """Cluster some components; each cluster gets the position of its first member as its label."""
    groups = [rows[members] for members in part.components]
    for members, found in zip(part.components, await in_process(cluster_batch, groups, threshold), strict=True):
        first = np.full(found.max() + 1, len(rows), dtype=np.int64)
        np.minimum.at(first, found, members)
        own[members] = first[found]


async def _thin_out(prepared: Prepared, rows: Vector, clock: _Clock, kept: list[int]) -> AsyncGenerator[Progress, None]:
    """Leave in `kept` the chunks that MMR picks, in the order picked."""
    assert prepared.keep is not None  # noqa: S101 - the caller has looked
    with stage("mmr"):
        yield Progress("mmr", 0.0)
        picker = MarginalRelevance(rows[kept], [prepared.suffix[at].score for at in kept], prepared.trade_off)
        while len(picker.picked) < prepared.keep:
            count = min(PICKS, prepared.keep - len(picker.picked))
            await clock.allow("mmr", in_thread(picker.pick, count))
            if len(picker.picked) < prepared.keep:
                yield Progress("mmr", len(picker.picked) / prepared.keep)
        kept[:] = [kept[at] for at in picker.picked]
        yield Progress("mmr", 1.0, StageStats(output_count=len(kept)))


def _answer(prepared: Prepared, labels: list[int], kept: list[int], clusters: int, latency_ms: int) -> DedupeAnswer:
    """The frozen prefix, then what was selected, and the figures."""
    prefix = prepared.prefix
    frozen = [] if prefix is None else [_kept(chunk, -1) for chunk in prefix.chunks]
    chosen = [_kept(prepared.suffix[at], labels[at]) for at in kept]
    inputs, outputs = len(frozen) + len(prepared.suffix), len(frozen) + len(chosen)
    stats = DedupeStats(
        input_count=inputs,
        output_count=outputs,
        cluster_count=clusters,
        reduction_pct=100 * (inputs - outputs) // inputs,
        latency_ms=latency_ms,
    )
    if prefix is not None:
        stats.cache_prefix_frozen = len(frozen)
        stats.cache_prefix_tokens = prefix.tokens
        stats.cache_prefix_hash = prefix.hash
        stats.suffix_input_count = len(prepared.suffix)
        stats.suffix_output_count = len(chosen)
    return DedupeAnswer([*frozen, *chosen], stats)


def _kept(chunk: Chunk, cluster: int) -> KeptChunk:
    return KeptChunk(chunk.id, chunk.text, chunk.score, cluster)
