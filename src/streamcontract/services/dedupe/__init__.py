"""Dedupe: semantic de-duplication of text chunks, with streamed progress."""
