"""The broker of one process: everything is in one SQLite file."""
