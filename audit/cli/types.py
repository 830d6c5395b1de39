"""Kinds of values that options take."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from audit.attach.address import address
from audit.core.errors import TrackingError
from audit.storage.paths import location


class StepsType(click.ParamType):  # type: ignore[type-arg]
    """``auto`` or a whole number."""

    name = "auto|integer"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Convert what is a number; the config says what else is wrong."""
        return value if value == "auto" else click.INT.convert(value, param, ctx)


class ShareType(click.ParamType):  # type: ignore[type-arg]
    """``5%`` or ``0.05``."""

    name = "share"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Convert to 0..1; a bare ``5`` is refused, since it may mean either."""
        if isinstance(value, float):
            return value
        number = value.strip().removesuffix("%")
        try:
            share = float(number) / (1 if number == value.strip() else 100)
        except ValueError:
            share = math.nan
        if not 0 <= share <= 1:
            self.fail(f"{value!r} is no share of 0 to 100%: write 5% or 0.05.", param, ctx)
        return share


class PathType(click.ParamType):  # type: ignore[type-arg]
    """A path, or an fsspec URL."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Convert text to the path that is meant."""
        return location(value) if isinstance(value, str) else value


class AddressType(click.ParamType):  # type: ignore[type-arg]
    """An address of a tracking server, which carries no credentials."""

    name = "address"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Return what begins as an address on the web does."""
        try:
            return address(value)
        except TrackingError as error:
            self.fail(str(error), param, ctx)
