"""The event-stream format, transcribed from the standards' text: one character at a time, whole streams only.

Slow and plain on purpose, and sharing nothing with the decoder but the records that it returns.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from streamcontract.wire import LONGEST_RETRY, Comment, ReceivedEvent, RetryField, WireFault

__all__ = ["read_stream"]

Character = tuple[str, int, bool]
"""A character, the offset of its first byte, and whether it stands for bytes that are not UTF-8."""


def decode_utf8(stream: bytes) -> Iterator[Character]:
    """https://encoding.spec.whatwg.org/#utf-8-decoder, its handler step by step."""
    code_point = seen = needed = begin = 0
    lower, upper = 0x80, 0xBF
    position = 0
    while position < len(stream):
        byte = stream[position]
        if needed == 0:
            begin = position
            position += 1
            if byte <= 0x7F:
                yield chr(byte), begin, False
            elif 0xC2 <= byte <= 0xDF:
                needed, code_point = 1, byte & 0x1F
            elif 0xE0 <= byte <= 0xEF:
                lower = 0xA0 if byte == 0xE0 else 0x80
                upper = 0x9F if byte == 0xED else 0xBF
                needed, code_point = 2, byte & 0xF
            elif 0xF0 <= byte <= 0xF4:
                lower = 0x90 if byte == 0xF0 else 0x80
                upper = 0x8F if byte == 0xF4 else 0xBF
                needed, code_point = 3, byte & 0x7
            else:
                yield "\ufffd", begin, True
            continue
        if not lower <= byte <= upper:  # "Restore byte to ioQueue", and return error
            code_point = seen = needed = 0
            lower, upper = 0x80, 0xBF
            yield "\ufffd", begin, True
            continue
        position += 1
        lower, upper = 0x80, 0xBF
        code_point = code_point << 6 | byte & 0x3F
        seen += 1
        if seen == needed:
            yield chr(code_point), begin, False
            code_point = seen = needed = 0
    if needed:
        yield "\ufffd", begin, True


def lines_of(stream: bytes) -> Iterator[tuple[list[Character], int, int | None]]:
    """Each line's characters, where it begins, and just behind the first byte of its end; None when it has none."""
    characters = list(decode_utf8(stream))
    if characters and characters[0][0] == "\ufeff":
        characters = characters[1:]
    line: list[Character] = []
    begin = characters[0][1] if characters else len(stream)
    index = 0
    while index < len(characters):
        character, offset, _ = characters[index]
        index += 1
        if character not in "\r\n":
            line.append(characters[index - 1])
            continue
        if character == "\r" and index < len(characters) and characters[index][0] == "\n":
            index += 1
        yield line, begin, offset + 1
        line = []
        begin = characters[index][1] if index < len(characters) else len(stream)
    if line:
        yield line, begin, None


@dataclass
class Block:
    """The buffers of the standard, and where the first field line begins. An event that was not sent is None."""

    data: str = ""
    type: str | None = None
    id: str | None = None
    retry: int | None = None
    start: int | None = None
    misencoded: bool = False

    @property
    def pending(self) -> bool:
        return self.data != "" or self.type is not None or self.id is not None


def read_stream(stream: bytes) -> list[tuple[object, ...]]:
    """What is found in the stream: the record's type, and its fields but for times and details."""
    found: list[tuple[object, ...]] = []
    block = Block()
    for characters, begin, end in lines_of(stream):
        text = "".join(character for character, _, _ in characters)
        wrong = [offset for _, offset, invalid in characters if invalid]
        if text[:1] != ":" and text != "" and block.start is None:
            block.start = begin
        if end is None:
            if text[0] != ":" or block.pending:
                found.append((WireFault, "unterminated-event", block.start))
            return found
        if wrong and not block.misencoded:
            block.misencoded = True
            found.append((WireFault, "invalid-utf8", wrong[0]))
        if text == "":
            if block.data != "":
                data = block.data.removesuffix("\n")
                found.append((ReceivedEvent, block.type, data, block.id, block.retry, block.start, end))
            block = Block()
        elif text[0] == ":":
            found.append((Comment, text[1:].removeprefix(" "), begin))
        else:
            name, _, value = text.partition(":") if ":" in text else (text, "", "")
            found.extend(process_field(block, name, value.removeprefix(" "), begin))
    return [*found, (WireFault, "unterminated-event", block.start)] if block.pending else found


def process_field(block: Block, name: str, value: str, begin: int) -> Iterator[tuple[object, ...]]:
    """https://html.spec.whatwg.org/multipage/server-sent-events.html#processField"""
    if name == "event":
        block.type = value
    elif name == "data":
        block.data += value + "\n"
    elif name == "id" and "\0" not in value:
        block.id = value
    elif name == "retry" and value != "" and all(digit in "0123456789" for digit in value):
        block.retry = min(int(value), LONGEST_RETRY)
        yield RetryField, block.retry, begin
