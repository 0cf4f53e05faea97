"""The chat service: streamed completions over several providers, stored."""
