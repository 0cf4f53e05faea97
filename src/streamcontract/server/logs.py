"""Structured logs on standard error: ours through structlog, those of the libraries in the same form."""

import logging
import sys
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer

from streamcontract.server.settings import Settings

__all__ = ["configure_library_logs", "configure_logs"]

QUIET = {
    "connexion": logging.ERROR,
    "uvicorn.access": logging.WARNING,
    **dict.fromkeys(("httpx", "httpx2", "httpcore", "httpcore2", "openai", "anthropic"), logging.WARNING),
}
"""Libraries that say again what we log, or URLs with what is secret in them: from which level on they are heard."""


def configure_logs(settings: Settings) -> None:
    """Set up our logs, unless somebody has set up structlog already."""
    if structlog.is_configured():
        return
    structlog.configure(
        processors=[*_shared(), *_renderers(settings)],
        wrapper_class=structlog.make_filtering_bound_logger(_level(settings)),
        logger_factory=lambda *_: structlog.WriteLogger(
            sys.stderr
        ),  # standard error as it is then: it may be redirected
        cache_logger_on_first_use=False,
    )


def configure_library_logs(settings: Settings) -> None:
    """Let the logs of uvicorn, connexion and others come out in the same form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_shared(),
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(settings)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(_level(settings))
    for name, heard in QUIET.items():
        logging.getLogger(name).setLevel(max(heard, root.level))


def _level(settings: Settings) -> int:
    return logging.getLevelNamesMapping()[settings.log_level.upper()]


def _shared() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _renderers(settings: Settings) -> list[Any]:
    """The last steps; a traceback goes without the values of variables, among which there are secrets."""
    if settings.log_format == "text":
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    transformer = ExceptionDictTransformer(show_locals=False)
    return [structlog.processors.ExceptionRenderer(transformer), structlog.processors.JSONRenderer()]
