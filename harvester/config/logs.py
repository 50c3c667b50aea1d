"""Logging: structlog on standard error, for people or for machines. The core never logs; the ways in do."""

import logging
import sys
from typing import Literal

import structlog


def configure(log_format: Literal["console", "json"], level: str) -> None:
    """Once per process, from an entry point."""
    renderer: structlog.types.Processor
    if log_format == "json":
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            pad_event_to=24,
            exception_formatter=structlog.dev.plain_traceback,  # never shows the values of variables
        )
    least = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if log_format == "json" else _keep,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Libraries(max(least, logging.WARNING))]
    root.setLevel(max(least, logging.WARNING))


class _Libraries(logging.Handler):
    """What libraries say, in our form: from warnings on, because nobody has looked for secrets in the rest.

    A warning's exception is one line; an error's comes with its traceback.
    """

    def emit(self, record: logging.LogRecord) -> None:
        said: dict[str, object] = {"logger": record.name}
        raised = record.exc_info[1] if record.exc_info else None
        if raised is not None and record.levelno < logging.ERROR:
            said["error"] = f"{type(raised).__name__}: {raised}"
        elif raised is not None:
            said["exc_info"] = raised
        structlog.get_logger().log(record.levelno, record.getMessage(), **said)


def _keep(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    return event
