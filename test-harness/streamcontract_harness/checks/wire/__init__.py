"""The bytes of the stream: what clients lose or alter, and where it breaks off."""
