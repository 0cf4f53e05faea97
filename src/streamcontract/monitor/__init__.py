"""Events to findings, without I/O, in constant memory."""
