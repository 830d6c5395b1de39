"""A small link checker: every href, src and anchor of every page must lead somewhere."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

_LINKS = {"href", "src", "poster", "data"}


class Page(HTMLParser):
    """Links, ids and tags of one page."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file
        self.links: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.links += [(tag, value or "") for key, value in attrs if key in _LINKS]
        self.ids += [value for key, value in attrs if key == "id" and value]


def read_site(root: Path) -> dict[Path, Page]:
    """Every page below ``root``."""
    return {file.resolve(): Page(file) for file in sorted(root.rglob("*.html"))}


def broken(pages: dict[Path, Page]) -> list[str]:
    """Every link that leads nowhere, with the page that it is on."""
    return [
        f"{page.file.name}: {link}"
        for page in pages.values()
        for _, link in page.links
        if not _leads(page, link, pages)
    ]


def _leads(page: Page, link: str, pages: dict[Path, Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme == "data" or link in ("", "."):
        return True
    if parts.scheme or parts.netloc:
        return False
    target = (
        (page.file.parent / unquote(parts.path)).resolve() if parts.path else page.file.resolve()
    )
    if not target.exists():
        return False
    if target.name == "gallery.html" and parts.fragment not in pages[target].ids:
        return _names_a_state(parts.fragment, pages)
    return not parts.fragment or unquote(parts.fragment) in pages[target].ids


def _names_a_state(fragment: str, pages: dict[Path, Page]) -> bool:
    """Whether a fragment names a case that has a card, or what the gallery filters or sorts by."""
    state = dict(parse_qsl(fragment, strict_parsing=fragment != ""))
    if "case" in state:
        return any(state["case"] in page.ids for page in pages.values())
    known = {"verdict", "class", "predicted", "answer", "group", "mask", "fragile", "sort", "show"}
    return set(state) <= known
