"""The contract of an event stream, made executable."""
