"""Checks any running server against the contract of its event streams."""
