"""JSON logs, one object a line on standard error, each with the id of the request it belongs to.

Python's own logging below: libraries' warnings come out in the same form, and tests can catch everything.
"""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar
from typing import Any

from ragstone.core import json
from ragstone.core.clock import iso_instant
from ragstone.core.errors import IllegalArgumentException

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Set by the HTTP layer for the time of one request."""

_ROOT = "ragstone"
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Logger:
    """`log.info("index created", index=name)`: an event in plain words, the facts as keys. Never a secret.

    The fact `exc_info`, an exception or True for the one being handled, adds its traceback.
    """

    def __init__(self, component: str) -> None:
        self._component = component
        self._logger = logging.getLogger(f"{_ROOT}.{component.removeprefix(_ROOT + '.')}")

    def debug(self, event: str, **facts: Any) -> None:
        self._log(logging.DEBUG, event, facts)

    def info(self, event: str, **facts: Any) -> None:
        self._log(logging.INFO, event, facts)

    def warning(self, event: str, **facts: Any) -> None:
        self._log(logging.WARNING, event, facts)

    def error(self, event: str, **facts: Any) -> None:
        self._log(logging.ERROR, event, facts)

    def exception(self, event: str, **facts: Any) -> None:
        """An error, with the traceback of the exception being handled."""
        self._log(logging.ERROR, event, {"exc_info": True, **facts})

    def _log(self, level: int, event: str, facts: dict[str, Any]) -> None:
        if self._logger.isEnabledFor(level):
            error = facts.pop("exc_info", None)
            self._logger.log(level, event, exc_info=error, extra={"component": self._component, "facts": facts})


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "timestamp": iso_instant(record.created),
            "level": record.levelname.lower(),
            "component": getattr(record, "component", record.name),
            "event": record.getMessage(),
        }
        current = request_id.get()
        if current is not None:
            line["request_id"] = current
        line.update({key: _plain(value) for key, value in getattr(record, "facts", {}).items()})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.encode(line).decode()


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, list, dict, type(None))) else str(value)


def configure(level: str) -> None:
    """Once, at start. `level` is debug, info, warning or error; of libraries only warnings and errors are shown.

    Raises IllegalArgumentException for another level.
    """
    if level.lower() not in _LEVELS:
        raise IllegalArgumentException(f"unknown log level [{level}], known are {list(_LEVELS)}")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger(_ROOT).setLevel(_LEVELS[level.lower()])


def get_logger(name: str) -> Logger:
    """The logger of a component, shown as `component`."""
    return Logger(name)
