"""Bytes to events: the event-stream format, read as its standard says, in pieces of any size.

The grammar, quoted from https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream:

    stream        = [ bom ] *event
    event         = *( comment / field ) end-of-line
    comment       = colon *any-char end-of-line
    field         = 1*name-char [ colon [ space ] *any-char ] end-of-line
    end-of-line   = ( cr lf / cr / lf )

and the meaning of each line, from https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
("the standard" below).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from streamcontract.wire.events import LONGEST_RETRY, Comment, ReceivedEvent, RetryField, WireFault

__all__ = ["Decoder", "Item", "Limits"]

Item = ReceivedEvent | Comment | RetryField | WireFault
"""What a decoder finds, in the order in which the bytes stand that complete it."""

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Limits:
    """The longest line, without its end, and the longest event that are kept, in bytes.

    An event is measured from its first field line to its blank line, comments in between included.
    """

    # The longest events known in practice carry a whole answer or an image in base64, a few MiB. 16 MiB is well above,
    # and small enough for a checker to hold a handful of streams at their limit at once.
    line: int = 16 * 1024 * 1024
    event: int = 16 * 1024 * 1024


_DEFAULT_LIMITS = Limits()


class _Place(Enum):
    """What the next bytes may begin with."""

    START = "a BOM"
    WITHIN = "nothing special"
    AFTER_CR = "the LF of a CR LF"
    CLOSED = "nothing: the stream has ended"


_WITHIN = _Place.WITHIN


class Decoder:
    """An incremental decoder of one event stream; it opens no socket and reads no clock.

    What it finds does not depend on how the bytes are cut, and the time it takes is linear in their number. A field
    that an event did not carry is None on it: neither the type `message` nor the last id is filled in, as both are the
    client's doing. What the standard makes a client lose or alter is reported as a WireFault:

    - `invalid-utf8`: bytes that are not UTF-8 became U+FFFD (the first such place of each event)
    - `unterminated-event`: the stream ended inside an event
    - `line-too-long`, `event-too-long`: beyond the limits, which are ours and not the standard's
    """

    def __init__(self, limits: Limits = _DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._taken = 0
        self._place = _Place.START
        self._head = b""  # what may become a BOM
        self._rest = bytearray()  # the line that has begun
        self._skipping = False  # that line was too long, and what is left of it is dropped
        self._position = 0  # where that line begins
        # The event that has begun:
        self._start = -1  # where its first field line begins; -1: there was none yet
        self._event: str | None = None
        self._id: str | None = None
        self._retry: int | None = None
        self._data: list[str] = []
        self._dropped = False  # a limit was passed, and the event will not be dispatched
        self._misencoded = False  # its first invalid UTF-8 was reported

    @property
    def offset(self) -> int:
        """How many bytes were taken so far."""
        return self._taken + len(self._head)

    def feed(self, chunk: bytes, at: float | None = None) -> list[Item]:
        """Take the next bytes and return what they complete; `at` is when they arrived, in the feeder's seconds.

        A blank line ends its event at its first byte. A CR at the end of a chunk therefore dispatches at once, without
        waiting to see whether an LF follows, which would date the event by the next one.

        Raises RuntimeError after `close`.
        """
        items: list[Item] = []
        if self._place is not _WITHIN:
            chunk = self._enter(chunk)
        self._taken += len(chunk)
        carriage = b"\r" in chunk
        if carriage:
            if chunk.endswith(b"\r"):
                self._place = _Place.AFTER_CR
        elif b"\n" not in chunk:
            self._begin_line(chunk, at, items)
            return items
        if self._skipping:
            chunk = self._end_skipped_line(chunk)
        if self._rest:
            chunk = b"".join((self._rest, chunk))
            self._rest.clear()
        self._take_lines(chunk, carriage, at, items)
        return items

    def close(self, at: float | None = None) -> list[Item]:
        """Say that the stream has ended, and return what is to be reported about its end.

        The standard: "Once the end of the file is reached, any pending data must be discarded."
        """
        if self._place is _Place.CLOSED:
            return []
        self._place = _Place.CLOSED
        begun = self._head or self._rest  # the head when the stream ended within its first three bytes
        pending = bool(self._data) or self._event is not None or self._id is not None
        if self._dropped or not (pending or (begun and not begun.startswith(b":"))):
            return []
        start = self._start if self._start >= 0 else self._position
        detail = f"the stream ends {self.offset - start} bytes into an event, before its blank line; clients discard it"
        return [WireFault("unterminated-event", start, at, detail)]

    def _enter(self, chunk: bytes) -> bytes:
        """Take off what does not belong to a line: a BOM at the start, and the LF of a CR LF that was cut."""
        match self._place:
            case _Place.CLOSED:
                raise RuntimeError("the decoder is closed; a new stream needs a new Decoder")
            case _Place.START:
                return self._settle_bom(chunk)
            case _Place.AFTER_CR if chunk:
                self._place = _WITHIN
                if chunk.startswith(b"\n"):
                    self._taken += 1
                    self._position += 1
                    return chunk[1:]
        return chunk

    def _settle_bom(self, chunk: bytes) -> bytes:
        """Take off the BOM that may lead the stream, however it is cut.

        The standard: "The UTF-8 decode algorithm strips one leading UTF-8 Byte Order Mark (BOM), if any."
        """
        head = self._head + chunk
        if len(head) < len(_BOM) and _BOM.startswith(head):
            self._head = head
            return b""
        self._place = _WITHIN
        self._head = b""
        if head.startswith(_BOM):
            self._taken = self._position = len(_BOM)
            return head[len(_BOM) :]
        return head

    def _begin_line(self, piece: bytes, at: float | None, items: list[Item]) -> None:
        """Keep a piece of a line whose end has not come yet."""
        if self._skipping:
            return
        self._rest += piece
        if len(self._rest) > self._limits.line:
            self._drop_line(self._position, self._rest.startswith(b":"), at, items)
            self._rest.clear()
            self._skipping = True

    def _end_skipped_line(self, chunk: bytes) -> bytes:
        """Drop the last piece of a line that was too long, and return what comes behind it."""
        end = min(i for i in (chunk.find(b"\n"), chunk.find(b"\r")) if i >= 0)
        end += 2 if chunk.startswith(b"\r\n", end) else 1
        self._position = self._taken - len(chunk) + end
        self._skipping = False
        return chunk[end:]

    def _drop_line(self, position: int, comment: bool, at: float | None, items: list[Item]) -> None:
        detail = f"a line of more than {self._limits.line} bytes was left out"
        if not comment:
            detail += ", and the event that it belongs to, which is another one without it"
            self._dropped = True
        items.append(WireFault("line-too-long", position, at, detail))

    def _take_lines(self, chunk: bytes, carriage: bool, at: float | None, items: list[Item]) -> None:
        """Cut a chunk that starts a line into lines: all at once if nothing in it can pass a limit and it has one kind
        of line end, else one by one. `carriage`: a CR may be in it."""
        size = len(chunk)
        event_size = size if self._start < 0 else self._position - self._start + size
        if size <= self._limits.line and event_size <= self._limits.event:
            end = "\n" if not carriage else "\r" if b"\n" not in chunk else "\r\n"
            # Latin-1 maps each byte to one character: lengths and cuts stay those of the bytes, and what is plain ASCII
            # needs no decoding any more.
            lines = chunk.decode("latin-1").split(end)
            if end != "\r\n" or chunk.count(b"\r") == chunk.count(b"\n") == len(lines) - 1:
                rest = lines.pop()
                self._interpret(lines, len(end), chunk.isascii(), at, items)
                if rest:
                    self._rest += rest.encode("latin-1")
                return
        for ended in chunk.splitlines(keepends=True):  # bytes, unlike str, know no other line ends than these three
            line = ended.rstrip(b"\r\n")
            width = len(ended) - len(line)
            if not width:
                self._begin_line(line, at, items)
            elif len(line) > self._limits.line:
                self._drop_line(self._position, line.startswith(b":"), at, items)
                self._position += len(ended)
            else:
                self._interpret((line.decode("latin-1"),), width, False, at, items)
                self._measure_event(self._position - width + 1, at, items)

    def _measure_event(self, end: int, at: float | None, items: list[Item]) -> None:
        """Drop the event that has begun if it is too long; `end` leaves out an LF behind a CR, which may come later."""
        if self._start >= 0 and not self._dropped and end - self._start > self._limits.event:
            detail = f"an event of more than {self._limits.event} bytes was left out"
            items.append(WireFault("event-too-long", self._start, at, detail))
            self._dropped = True
            self._data.clear()

    # The hot loop: one event costs about a microsecond, so its branches stay in one function and its state in locals.
    def _interpret(  # noqa: C901
        self, lines: Sequence[str], width: int, plain: bool, at: float | None, items: list[Item]
    ) -> None:
        """Read whole lines, each ended by `width` bytes; `plain`: all of them are ASCII. The lines are Latin-1."""
        position, start, dropped = self._position, self._start, self._dropped
        event, id_, retry, data = self._event, self._id, self._retry, self._data
        for raw in lines:
            begin = position
            position += len(raw) + width
            # "If the line is empty (a blank line): Dispatch the event"
            if not raw:
                # "If the data buffer is an empty string, set the data buffer and the event type buffer to the empty
                # string and return." One empty data field makes the buffer a line feed, which is not empty.
                if data:
                    if not dropped:
                        # "If the data buffer's last character is a U+000A LINE FEED (LF) character, then remove [it]"
                        items.append(ReceivedEvent(event, "\n".join(data), id_, retry, start, begin + 1, at))
                    data = []
                event = id_ = retry = None
                start, dropped, self._misencoded = -1, False, False
                continue
            line = raw if plain or raw.isascii() else self._decode(raw, begin, at, items)
            # "If the line contains a U+003A COLON character (:) […] If value starts with a U+0020 SPACE character,
            # remove it from value. […] Otherwise […] the whole line as the field name, and the empty string as the
            # field value." Field names are compared "with no case folding performed".
            name, _, value = line.partition(":")
            if value[:1] == " ":
                value = value[1:]
            if start < 0 and name:
                start = begin
            if name == "data":
                data.append(value)
            elif name == "event":
                event = value
            elif not name:  # "If the line starts with a U+003A COLON character (:): Ignore the line."
                items.append(Comment(value, begin, at))
            elif name == "id":
                # "If the field value does not contain U+0000 NULL […] Otherwise, ignore the field."
                id_ = id_ if "\0" in value else value
            elif name == "retry":
                milliseconds = _milliseconds(value)
                if milliseconds is not None:
                    retry = milliseconds
                    items.append(RetryField(retry, begin, at))
            # "Otherwise: The field is ignored."
        self._position, self._start, self._dropped = position, start, dropped
        self._event, self._id, self._retry, self._data = event, id_, retry, [] if dropped else data

    def _decode(self, raw: str, begin: int, at: float | None, items: list[Item]) -> str:
        """The line as the standard's UTF-8 decode gives it: U+FFFD for each maximal part that is not UTF-8.

        No character spans two lines, so that line by line gives the same as the whole stream at once.
        """
        line = raw.encode("latin-1")
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError as error:
            if not self._misencoded:
                self._misencoded = True
                detail = f"byte 0x{line[error.start]:02x} is not UTF-8 ({error.reason}); clients read U+FFFD"
                items.append(WireFault("invalid-utf8", begin + error.start, at, detail))
            return line.decode("utf-8", "replace")


def _milliseconds(value: str) -> int | None:
    """The value of a `retry` field, None when the field is ignored; what exceeds 64 bits is read as LONGEST_RETRY.

    The standard: "If the field value consists of only ASCII digits, then interpret the field value as an integer in
    base ten". An empty value is no integer, and is ignored.
    """
    if not (value.isascii() and value.isdigit()):
        return None
    digits = value.lstrip("0") or "0"
    return LONGEST_RETRY if len(digits) > 19 else min(int(digits), LONGEST_RETRY)
