"""Bytes to events and back, without I/O."""

from streamcontract.wire.decoder import Decoder, Item, Limits
from streamcontract.wire.encoder import EncodingError, encode, encode_comment
from streamcontract.wire.events import LONGEST_RETRY, Comment, Event, ReceivedEvent, RetryField, WireFault

__all__ = [
    "LONGEST_RETRY",
    "Comment",
    "Decoder",
    "EncodingError",
    "Event",
    "Item",
    "Limits",
    "ReceivedEvent",
    "RetryField",
    "WireFault",
    "encode",
    "encode_comment",
]
