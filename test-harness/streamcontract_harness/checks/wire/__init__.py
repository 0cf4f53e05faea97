"""The transfer of the stream, below its framing."""
