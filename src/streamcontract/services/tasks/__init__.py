"""Tasks: enqueue, get an id, stream the result."""
