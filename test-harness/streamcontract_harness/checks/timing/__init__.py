"""When events arrive."""
