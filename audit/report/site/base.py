"""A site to build, and what every builder is told of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.report.scripts import SCRIPTS
from audit.report.templating import templates_dir

Nav = list[dict[str, Any]]


@dataclass(frozen=True)
class Site:
    """Pages that become a site.

    Attributes
    ----------
    docs : Path
        Folder of the pages, in Markdown, and of what they show.
    target : Path
        Folder to build into, in the same one as ``docs``.
    name : str
        Escaped: themes print it as it is.
    nav : list
        As in mkdocs.yml, titles escaped.
    """

    docs: Path
    target: Path
    name: str
    nav: Nav


@dataclass(frozen=True)
class Builder:
    """A program that builds sites.

    Attributes
    ----------
    packages : tuple of str
        Packages that it consists of, as pip and Python name them; the first is its own.
    extra : str
        What ``pip install`` takes for it; "" where it comes with flower-audit.
    index, entries : str
        Where below a site its search has its index, without suffix, and the key of the entries.
    build : callable
        Builds a site, a warning being an error; raises `AuditError`.
    """

    packages: tuple[str, ...]
    extra: str
    index: str
    entries: str
    build: Callable[[Site], None]


def write_config(site: Site, own: dict[str, Any], theme: dict[str, Any]) -> Path:
    """Write a site's mkdocs.yml, which both builders read, with settings of one; return it."""
    file = site.docs.parent / "mkdocs.yml"
    config = _config(site) | own
    config["theme"] |= theme
    # Zensical before 0.1 replaces names like materialx wherever they stand, in a data set's too.
    text = json.dumps(config, ensure_ascii=False).replace("material", r"m\u0061terial")
    file.write_text(text, encoding="utf-8")
    return file


def _config(site: Site) -> dict[str, Any]:
    return {
        "site_name": site.name,
        "use_directory_urls": False,
        "strict": True,
        "nav": site.nav,
        "not_in_nav": "cases/\nclasses/\n",  # too many for a menu: their first pages link to them
        "plugins": ["material/search", "material/offline"],
        "markdown_extensions": [
            "audit.report.blocks",
            {"toc": {"permalink": True, "toc_depth": 2}},
        ],
        "extra_css": [f"assets/{name}.css" for name in ("audit", "gallery", "print")],
        "extra_javascript": [f"assets/{name}" for name in SCRIPTS],
        # The theme would fetch the worker from a CDN; named here, it takes ours.
        "extra": {
            "generator": False,
            "polyfills": ["assets/iframe-worker.js", "assets/search-words.js"],
        },
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
