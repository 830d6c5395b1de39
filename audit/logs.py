"""The log: lines for people, or JSON lines for machines."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime


class JsonLines(logging.Formatter):
    """One JSON object a line: time (ISO 8601, UTC), level, message, and what the record carries."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": time, "level": record.levelname.lower(), "message": record.getMessage()}
        return json.dumps(line | getattr(record, "data", {}))


def begin() -> None:
    """Log to standard error, in lines for people."""
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger("audit").setLevel(logging.INFO)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # its warnings are ours to mend


def as_json() -> None:
    """Log in JSON lines from now on, one for each finished part of a sweep among them."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonLines())
    logging.getLogger("audit").setLevel(logging.DEBUG)


def is_json() -> bool:
    """Whether the log is in JSON lines."""
    handlers = logging.getLogger().handlers
    return any(isinstance(handler.formatter, JsonLines) for handler in handlers)
