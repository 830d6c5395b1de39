"""Markdown extension: what stands between two marker lines is HTML and goes through untouched.

Text in it cannot be taken for Markdown, and thousands of cards are not parsed twice. Headings in it
stand in the page's contents, which Markdown makes of its own alone.
"""

from __future__ import annotations

from typing import Any

from markdown import Markdown
from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markupsafe import escape

from audit.report.sections import Section, sections

START, END = "<!-- block -->", "<!-- end -->"
_BEFORE_ALL_HTML = 25  # MkDocs looks for anchors in HTML at 21, Markdown for blocks at 20
_AFTER_ALL_HTML = 5  # Markdown puts HTML back at 30, signs at 10


class _Blocks(Preprocessor):
    def run(self, lines: list[str]) -> list[str]:
        kept: list[str] = []
        block: list[str] | None = None
        for line in lines:
            if line == START:
                block = []
            elif line == END and block is not None:
                kept += ["", self.md.htmlStash.store("\n".join(block)), ""]
                block = None
            else:
                (kept if block is None else block).append(line)
        return kept


class _Contents(Postprocessor):
    def run(self, text: str) -> str:
        self.md.toc_tokens = [_token(s) for s in sections(text)]  # type: ignore[attr-defined]
        return text


def _token(section: Section) -> dict[str, Any]:
    """Return a heading as Markdown's own `toc` tells of one: MkDocs and Zensical read that."""
    title = str(escape(section.title))
    told = {"name": title, "html": title, "data-toc-label": ""}
    return {"level": 2, "id": section.anchor, "children": []} | told


class _BlocksExtension(Extension):
    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 (Markdown's name)
        md.preprocessors.register(_Blocks(md), "audit_blocks", _BEFORE_ALL_HTML)
        md.postprocessors.register(_Contents(md), "audit_contents", _AFTER_ALL_HTML)


def makeExtension(**options: Any) -> Extension:  # noqa: N802 (Markdown's name)
    """Return the extension, by the name that Markdown looks for in a module."""
    return _BlocksExtension(**options)
