"""The log: lines for people, or JSON lines for machines; neither can be told what to do."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from datetime import UTC, datetime
from typing import Any

from audit.core.output import clean


class Lines(logging.Formatter):
    """A line a record, cleaned; a traceback keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        """Return the message, whatever other libraries and names in it say."""
        return clean(record.message)

    def formatException(self, ei: Any) -> str:  # noqa: N802  # logging's name
        """Return the traceback, line for line."""
        return "\n".join(map(clean, super().formatException(ei).splitlines()))


class JsonLines(logging.Formatter):
    """One JSON object a line: time (ISO 8601, UTC), level, message, and what the record carries."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        message = clean(record.getMessage())
        line = {"time": time, "level": record.levelname.lower(), "message": message}
        carried = getattr(record, "data", {}).items()
        told = {key: clean(value) if isinstance(value, str) else value for key, value in carried}
        return json.dumps(line | told)


def begin() -> None:
    """Log to standard error, in lines for people."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler])
    logging.getLogger("audit").setLevel(logging.INFO)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # its warnings are ours to mend
    warnings.showwarning = _warn


def as_json() -> None:
    """Log in JSON lines from now on, one for each finished part of a sweep among them."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonLines())
    logging.getLogger("audit").setLevel(logging.DEBUG)


def is_json() -> bool:
    """Return whether the log is in JSON lines."""
    handlers = logging.getLogger().handlers
    return any(isinstance(handler.formatter, JsonLines) for handler in handlers)


def _warn(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    """Log what other libraries warn of, so that it is cleaned as well."""
    logging.getLogger("audit").warning("%s: %s", category.__name__, message)
