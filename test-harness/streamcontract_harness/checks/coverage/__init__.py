"""What the run as a whole has seen of an operation."""
