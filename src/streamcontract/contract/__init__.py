"""A contract document becomes a frozen Contract. Reads files; knows nothing of HTTP."""
