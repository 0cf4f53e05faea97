"""The decoder against the framing vectors: whole, byte by byte, and cut at every place."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from streamcontract.wire import Comment, Decoder, Item, Limits, ReceivedEvent, RetryField, WireFault

VECTORS = Path(__file__).parent / "vectors"
CASES = [case for path in sorted(VECTORS.glob("*.yaml")) for case in yaml.safe_load(path.read_text(encoding="utf-8"))]


def decode(chunks: Iterable[bytes], limits: Limits) -> list[Item]:
    decoder = Decoder(limits)
    items = [item for chunk in chunks for item in decoder.feed(chunk)]
    return items + decoder.close()


def as_vector(item: Item) -> dict[str, Any]:
    match item:
        case ReceivedEvent():
            shown: dict[str, Any] = {"event": [item.offset, item.end], "type": item.event, "data": item.data}
            shown |= {"id": item.id, "retry": item.retry}
        case Comment():
            shown = {"comment": item.offset, "text": item.text}
        case RetryField():
            shown = {"retry": item.offset, "milliseconds": item.milliseconds}
        case WireFault():
            shown = {"fault": item.offset, "name": item.name}
    return {key: value for key, value in shown.items() if value is not None}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_vector(case: dict[str, Any]) -> None:
    stream = case["stream"].encode("latin-1")
    limits = Limits(**case.get("limits", {}))
    assert [as_vector(item) for item in decode([stream], limits)] == case["items"]
    whole = decode([stream], limits)
    assert decode([stream[i : i + 1] for i in range(len(stream))], limits) == whole, "byte by byte"
    for cut in range(len(stream) + 1):
        assert decode([stream[:cut], stream[cut:]], limits) == whole, f"cut at {cut}"
    for cut in range(len(stream)):
        assert decode([stream[:cut], stream[cut : cut + 1], stream[cut + 1 :]], limits) == whole, f"cut round {cut}"


def test_vectors_are_many_and_named_once() -> None:
    names = [case["name"] for case in CASES]
    assert len(names) >= 40
    assert len(set(names)) == len(names)
