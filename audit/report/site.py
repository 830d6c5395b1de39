"""Building of the site with MkDocs and Material: opens from disk, asks nothing of any network."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from audit.core.errors import AuditError
from audit.report.templating import templates_dir

# Of every page, and in this order.
SCRIPTS = ("sort.js", "clipboard.js", "table-text.js", "tables.js", "contents.js",
           "saving.js", "charts.js")  # fmt: skip
_FOR_SERVERS = ("404.html", "sitemap.xml", "sitemap.xml.gz")
Nav = list[dict[str, Any]]
_log = logging.getLogger("audit")


def build_site(docs: Path, target: Path, *, name: str, nav: Nav) -> None:
    """Build the pages below ``docs`` into the folder ``target``; a warning is an error.

    Parameters
    ----------
    name : str
        The site's name, escaped: Material prints it as it is.
    nav : list
        As in mkdocs.yml, titles escaped.
    """
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from mkdocs.exceptions import MkDocsException

    file = docs.parent / "mkdocs.yml"
    config = _config(docs, target, name, nav)
    file.write_text(json.dumps(config, ensure_ascii=False), encoding="utf-8")
    with _quiet():
        try:
            settings = load_config(str(file))
            settings.plugins.on_startup(command="build", dirty=False)
            build(settings)
        except (MkDocsException, SystemExit) as error:
            raise AuditError(f"The report's pages cannot be built: {error}.") from error
    for unused in (*(target / name for name in _FOR_SERVERS), *target.rglob("*.map")):
        unused.unlink(missing_ok=True)


def _config(docs: Path, target: Path, name: str, nav: Nav) -> dict[str, Any]:
    return {
        "site_name": name,
        "docs_dir": str(docs.resolve()),
        "site_dir": str(target.resolve()),
        "use_directory_urls": False,
        "strict": True,
        "nav": nav,
        "not_in_nav": "cases/\nclasses/\n",  # too many for a menu: their first pages link to them
        "plugins": ["material/search", "material/offline"],
        "markdown_extensions": [
            "audit.report.blocks",
            {"toc": {"permalink": True, "toc_depth": 2}},
        ],
        "extra_css": [f"assets/{name}.css" for name in ("audit", "gallery", "print")],
        "extra_javascript": [f"assets/{name}" for name in SCRIPTS],
        # Material would fetch this worker from a CDN; named here, it takes ours.
        "extra": {"generator": False, "polyfills": ["assets/iframe-worker.js"]},
        "theme": {
            "name": "material",
            "custom_dir": str(templates_dir() / "theme"),
            "font": False,
            "language": "en",
            "icon": {"logo": "material/flower-outline"},
            "features": ["navigation.sections", "navigation.top", "search.highlight", "toc.follow"],
            "palette": [_palette("light", "default", "dark"), _palette("dark", "slate", "light")],
        },
    }


def _palette(mode: str, scheme: str, other: str) -> dict[str, Any]:
    icon = "material/weather-night" if other == "dark" else "material/weather-sunny"
    return {
        "media": f"(prefers-color-scheme: {mode})",
        "scheme": scheme,
        "primary": "custom",
        "accent": "custom",
        "toggle": {"icon": icon, "name": f"Switch to {other} mode"},
    }


class _Forward(logging.Handler):
    """Handler that passes MkDocs' messages on to the audit's own logger."""

    def emit(self, record: logging.LogRecord) -> None:
        level = logging.DEBUG if record.levelno < logging.WARNING else record.levelno
        _log.log(level, "mkdocs: %s", record.getMessage())


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep MkDocs from printing; put its logger back afterwards."""
    logger = logging.getLogger("mkdocs")
    before = logger.handlers, logger.propagate
    logger.handlers, logger.propagate = [_Forward()], False
    try:
        yield
    finally:
        logger.handlers, logger.propagate = before
