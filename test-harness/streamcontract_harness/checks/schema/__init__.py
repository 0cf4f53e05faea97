"""One event by itself."""
