"""From the pieces of an engine's text to tokens that every part after us can hold."""

from collections.abc import Iterator

from streamcontract.services.tasks.engines.faults import PoolError

__all__ = ["MAX_PIECE", "Pieces"]

MAX_PIECE = 65_536
"""Characters of one piece. A token has a few; some servers send several of them at once."""


class Pieces:
    """Pieces in, tokens out: none of them empty, at most `most`.

    Half a surrogate pair, which JSON can carry, waits for its other half; one that stays alone, and NUL, which
    databases refuse, become U+FFFD.
    """

    def __init__(self, most: int) -> None:
        self._left = most
        self._half = ""

    @property
    def full(self) -> bool:
        """Whether there may be no more."""
        return self._left <= 0

    def feed(self, piece: str) -> Iterator[str]:
        """The token that a piece makes, if any. Raises PoolError for one that is too long."""
        if len(piece) > MAX_PIECE:
            raise PoolError("INTERNAL", "the engine's answer is too long", f"a piece of {len(piece)} characters")
        text = self._half + piece
        self._half = ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            self._half, text = text[-1], text[:-1]
        yield from self._made(text)

    def end(self) -> Iterator[str]:
        """A half that stayed alone."""
        yield from self._made(self._half)
        self._half = ""

    def _made(self, text: str) -> Iterator[str]:
        if text and self._left > 0:
            self._left -= 1
            yield text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "\ufffd")
