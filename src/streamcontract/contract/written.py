"""A value from outside as a message shows it: as JSON, and cut short whatever its size."""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

import msgspec

from streamcontract.contract.json_text import writable

__all__ = ["beginning", "listing", "names_of", "path_of", "shorten", "written"]

SHOWN_CHARACTERS = 80
PLAIN_KEY = re.compile(r"[A-Za-z_]\w*")


def written(value: Any, most: int = SHOWN_CHARACTERS) -> str:
    """A value as JSON, or how that begins: where the middle is left out, none can tell whose value follows."""
    try:
        text = msgspec.json.encode(_cut(value, most), enc_hook=str).decode()
    except RecursionError:
        return "a value that is nested too deeply to be shown"
    return beginning(text, most)


def beginning(text: str, most: int = SHOWN_CHARACTERS) -> str:
    """The text, or how it begins."""
    return writable(text if len(text) <= most else f"{text[:most]}…")


def shorten(text: str, most: int = 300) -> str:
    """At most so many characters, the middle left out: a message repeats no megabyte, and nothing unwritable."""
    return writable(text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 3 :]}")


def listing(words: Sequence[str], most: int = 12) -> str:
    """`a, b or c`."""
    shown = [*words[:most], *(["…"] if len(words) > most else [])]
    if not shown:
        return "nothing"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


def names_of(value: Mapping[Any, Any]) -> str:
    """The names of an object's members, without what they have: `{"id": …, "n": …}`."""
    names = [f"{written(str(name), 40)}: …" for name in islice(value, 12)]
    return f"{{{', '.join([*names, '…'] if len(value) > len(names) else names)}}}"


def path_of(name: str, keys: Iterable[str | int]) -> str:
    """A place inside a value, as an expression would name it: `data.items[3].text`."""
    return beginning("".join([name, *map(_step, keys)]), 200)


def _step(key: str | int) -> str:
    return f".{key}" if isinstance(key, str) and PLAIN_KEY.fullmatch(key) else f"[{written(key, 40)}]"


def _with_surrogates(text: str) -> Any:
    """A text, or its JSON where it has half of a surrogate pair: an escape in it would be escaped once more."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return msgspec.Raw(writable(json.dumps(text, ensure_ascii=False)).encode())
    return text


def _cut(value: Any, most: int, members: int = 40) -> Any:
    """As much of a value as is shown."""
    match value:
        case str():
            text = value if len(value) <= 2 * most else f"{value[: 2 * most]}…"
            return text if text.isascii() else _with_surrogates(text)
        case Decimal() | float() if not math.isfinite(value):  # as a number beyond a double is, too
            return msgspec.Raw(str(Decimal(value)).encode())
        case list() if len(value) > members:
            return [*(_cut(item, most, members // 4 + 1) for item in value[:members]), f"… {len(value):,} in all"]
        case list():
            return [_cut(item, most, members // 4 + 1) for item in value]
        case Mapping():
            return {shorten(str(key), most): _cut(value[key], most, members // 4 + 1) for key in islice(value, members)}
    return value
