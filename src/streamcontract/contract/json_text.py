"""JSON as RFC 8259 has it, where the fast decoder is stricter.

Two things are JSON by its grammar and beyond what most decoders hold: half of a surrogate pair, written as an escape
("the behavior of software that receives JSON texts containing such values is unpredictable", section 8.2), and a number
beyond a double ("implementations [may] set limits on the range and precision of numbers accepted", section 6). They are
read here, so that nobody is told that they are no JSON, and what cannot be judged with them is left open.
https://www.rfc-editor.org/rfc/rfc8259
"""

import json
import math
from decimal import Decimal
from typing import Any, NoReturn

import msgspec

__all__ = ["JsonError", "decode_json", "join_surrogates", "writable"]

_decode = msgspec.json.Decoder().decode
WORDS = {"Input data was truncated": "it ends too early"}
"""The decoder's reasons that speak of its input, in words about the text."""
DIGITS = 4_000
"""Python converts no longer text to an int."""


class JsonError(ValueError):
    """The text is not JSON; the message says where."""


def decode_json(text: str) -> Any:
    """The value of a JSON text. Lone surrogates stay, and numbers beyond a double are Decimals. Raises JsonError."""
    try:
        return _decode(text)
    except RecursionError:
        raise JsonError("it is nested too deeply") from None
    except UnicodeError as error:
        raise JsonError(str(error)) from None
    except msgspec.DecodeError as error:
        reason = str(error).removeprefix("JSON is malformed: ")
        reason = WORDS.get(reason, reason)
    try:
        return json.loads(text, parse_float=_real, parse_int=_integer, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise JsonError(reason) from None


def join_surrogates(text: str) -> str:
    """The text with its surrogates paired: what was cut between two halves is one character again."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def writable(text: str) -> str:
    """The text with lone surrogates as escapes, so that it can be encoded."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def _real(text: str) -> float | Decimal:
    value = float(text)
    return value if math.isfinite(value) else Decimal(text)


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) < DIGITS else Decimal(text)


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)
