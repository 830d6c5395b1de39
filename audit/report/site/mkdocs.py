"""Building with MkDocs and Material, in this process."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from audit.core.errors import AuditError
from audit.report.site.base import Builder, Site, write_config

_log = logging.getLogger("audit")


def _build(site: Site) -> None:
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from mkdocs.exceptions import MkDocsException

    folders = {"docs_dir": str(site.docs.resolve()), "site_dir": str(site.target.resolve())}
    file = write_config(site, folders, {})
    with _quiet():
        try:
            settings = load_config(str(file))
            settings.plugins.on_startup(command="build", dirty=False)
            build(settings)
        except (MkDocsException, SystemExit) as error:
            raise AuditError(f"The report's pages cannot be built: {error}.") from error


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


MKDOCS = Builder(("mkdocs", "mkdocs-material"), "", "search/search_index", "docs", _build)
