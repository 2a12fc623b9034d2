"""JSON logs, one object a line on standard error, each with the id of the request it belongs to."""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar
from typing import Any, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from ragstone.core import json

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Set by the HTTP layer for the time of one request."""


def _add_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    current = request_id.get()
    if current is not None:
        event["request_id"] = current
    return event


def _render(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return json.encode({key: _plain(value) for key, value in event.items()}).decode()


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, list, dict, type(None))) else str(value)


def configure(level: str) -> None:
    """Once, at start. `level` is debug, info, warning or error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _add_request_id,
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def get_logger(name: str) -> FilteringBoundLogger:
    """`log.info("index created", index=name)`: an event in plain words, the facts as keys. Never a secret.

    `name` is logged as `component`.
    """
    return cast(FilteringBoundLogger, structlog.get_logger(component=name))
