"""The answer around the stream: its status, its headers, its content type."""
