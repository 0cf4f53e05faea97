"""Servers that mean a check no good, and the tests with them."""
