"""Addresses of tracking servers: what is one, and carries no credentials."""

from __future__ import annotations

import re

from audit.core.errors import TrackingError
from audit.core.redact import holds_secret


def address(given: str) -> str:
    """Return an address of a tracking server as it is given.

    Raises
    ------
    TrackingError
        It carries credentials, or does not begin as an address on the web does.
    """
    if holds_secret(given):
        raise TrackingError(
            "It carries credentials, which shells and process lists keep: leave them out, and set "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."
        )
    if not re.match(r"https?://[^\s/]", given):
        raise TrackingError(f"{given!r} is no address: write http://HOST:5000 or https://HOST.")
    return given
