"""The analyst whose prose is written by agents of CrewAI (extra `crew`), over an OpenAI-compatible server."""
