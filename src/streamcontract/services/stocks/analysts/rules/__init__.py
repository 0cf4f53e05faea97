"""The embedded analyst: definitions from the textbook, computed over the data, and no model."""
