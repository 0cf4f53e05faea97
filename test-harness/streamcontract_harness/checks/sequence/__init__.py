"""The order of the events."""
