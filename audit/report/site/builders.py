"""Builders by their names in ``--site-builder``: sites open from disk, and ask no network."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from audit.core.errors import ConfigError, quoted
from audit.report.site.base import Builder, Nav, Site
from audit.report.site.mkdocs import MKDOCS
from audit.report.site.zensical import ZENSICAL

BUILDERS: dict[str, Builder] = {"mkdocs": MKDOCS, "zensical": ZENSICAL}
_FOR_SERVERS = ("404.html", "sitemap.xml", "sitemap.xml.gz")


def build_site(docs: Path, target: Path, *, builder: str, name: str, nav: Nav) -> None:
    """Build the pages below ``docs`` into the folder ``target`` beside it, by a builder's name.

    A warning is an error; ``name`` and ``nav`` as `Site` has them.
    """
    BUILDERS[builder].build(Site(docs, target, name, nav))
    for unused in (*(target / name for name in _FOR_SERVERS), *target.rglob("*.map")):
        unused.unlink(missing_ok=True)


def refuse_absent(builder: str) -> None:
    """Raise `ConfigError` where a builder is unknown or not installed; say how to mend it."""
    if builder not in BUILDERS:
        known = " or ".join(BUILDERS)
        raise ConfigError(f"Unknown site builder {quoted(builder)}: choose {known}.")
    if None in versions(builder).values():
        raise ConfigError(
            f"--site-builder {builder} needs a package: pip install "
            f"'{BUILDERS[builder].extra}', or --site-builder mkdocs."
        )


def versions(builder: str) -> dict[str, str | None]:
    """Return the versions of a builder's packages by name; None of one that is not installed."""
    return {package: _version(package) for package in BUILDERS[builder].packages}


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
