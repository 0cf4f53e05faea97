"""The request beyond its schema: defaults, ids, vectors, the frozen prefix."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamcontract.services.dedupe.chunks import InvalidRequestError, prepare


def body(*chunks: dict, **more: object) -> dict:
    return {"chunks": list(chunks), **more}


def test_defaults() -> None:
    prepared = prepare(body({"text": "a"}, {"text": "b", "id": "x", "score": 2}))
    assert [(chunk.id, chunk.score, chunk.embedding) for chunk in prepared.suffix] == [("0", 0, None), ("x", 2, None)]
    assert (prepared.threshold, prepared.trade_off, prepared.keep, prepared.prefix) == (0.15, 0.5, None, None)


@pytest.mark.parametrize(("given", "threshold", "trade_off", "keep"), [(0, 0.15, 0.5, None), (1, 1.0, 1.0, 1)])
def test_zero_means_the_default(given: int, threshold: float, trade_off: float, keep: int | None) -> None:
    prepared = prepare(body({"text": "a"}, threshold=given, target_k=given, **{"lambda": given}))
    assert (prepared.threshold, prepared.trade_off, prepared.keep) == (threshold, trade_off, keep)


@pytest.mark.parametrize(
    ("chunks", "pointer"),
    [
        ([{"text": "a", "id": "x"}, {"text": "b", "id": "x"}], "#/chunks/1/id"),
        ([{"text": "a", "id": "1"}, {"text": "b"}], "#/chunks/1/id"),
        ([{"text": "a", "embedding": [1, 2]}, {"text": "b", "embedding": [1]}], "#/chunks/1/embedding"),
        ([{"text": "a", "embedding": [10**400, 2]}], "#/chunks/0/embedding"),
    ],
)
def test_what_a_schema_cannot_say_is_refused_by_its_place(chunks: list[dict], pointer: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        prepare(body(*chunks))
    assert [at for at, _ in caught.value.errors] == [pointer]


def test_a_vector_is_its_direction_however_large_its_numbers() -> None:
    chunks = [{"text": "a", "embedding": [1 * scale, -2 * scale, 0]} for scale in (1e300, 1e-300, 3, 10**30)]
    prepared = prepare(body(*chunks))
    assert {tuple(chunk.embedding.tolist()) for chunk in prepared.suffix if chunk.embedding is not None} == {
        (0.5, -1.0, 0.0)
    }


def test_the_prefix_goes_to_the_last_marked_chunk() -> None:
    chunks = [{"text": "system", "cache_control": "ephemeral"}, {"text": "né"}, {"text": "x", "cache_control": "e"}]
    prepared = prepare(body(*chunks, {"text": "y", "cache_control": ""}, options={"preserve_cache_prefix": True}))
    assert prepared.prefix is not None
    assert [chunk.text for chunk in prepared.prefix.chunks] == ["system", "né", "x"]
    assert [chunk.text for chunk in prepared.suffix] == ["y"]
    assert prepared.prefix.hash == hashlib.sha256("system\0né\0x\0".encode()).hexdigest()[:16]
    assert prepared.prefix.tokens == (6 + 3) // 4 + (3 + 3) // 4 + (1 + 3) // 4


def test_nothing_is_frozen_unless_asked() -> None:
    chunk = {"text": "system", "cache_control": "ephemeral"}
    assert prepare(body(chunk)).prefix is None
    assert prepare(body({"text": "a"}, options={"preserve_cache_prefix": True})).prefix is None


@given(st.lists(st.tuples(st.text(max_size=5), st.booleans()), min_size=1, max_size=8))
def test_prefix_and_suffix_are_the_whole(chunks: list[tuple[str, bool]]) -> None:
    sent = [{"text": text, **({"cache_control": "e"} if marked else {})} for text, marked in chunks]
    prepared = prepare(body(*sent, options={"preserve_cache_prefix": True}))
    frozen = prepared.prefix.chunks if prepared.prefix else ()
    assert [chunk.text for chunk in (*frozen, *prepared.suffix)] == [text for text, _ in chunks]
    assert not any(marked for _, marked in chunks[len(frozen) :])
