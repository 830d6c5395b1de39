"""Finding and filling of the templates: all markup is theirs, and all text in it is escaped."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
)
from markupsafe import Markup, escape

import audit
from audit.checks.registry import every
from audit.core.errors import AuditError
from audit.core.estimate import Estimate
from audit.core.wording import plural, verb
from audit.gate.limits import as_given
from audit.report.help import wanted
from audit.report.sections import parts

UNDEFINED = "undefined"
# The last two ranges turn round the order of the text that follows a name.
_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]"
)
# In the middle of a line a hyphen, a full stop or an underscore inside a word means nothing, nor
# does a parenthesis after no bracket, a colon before a space, or a quotation mark outside a tag.
_MARKDOWN = re.compile(r"([\\`*{}\[\]#!|~$]|:(?=\S)|(?<![^\W_])_|_(?![^\W_]))")
# All that ASCII has beside letters, digits, and what words of figures need.
# A minus, not the hyphen of a name.
_MINUS = re.compile(r"(?<![\w)])-(?=[\w.( ])")
_MEANING = re.compile(r"[!-$&'*/:-<>-@\[-`{-~]")


def templates_dir() -> Path:
    """Return the templates' folder: inside an installed wheel, else at a checkout's root."""
    package = Path(audit.__file__).parent
    for folder in (package / "templates", package.parent / "templates"):
        if folder.is_dir():
            return folder
    raise AuditError(f"No templates beside {package}: install flower-audit again.")


def asset(name: str) -> str:
    """Return the text of a style sheet or script that pages share."""
    return (templates_dir() / "assets" / name).read_text(encoding="utf-8")


def fill(template: str, /, **context: Any) -> str:
    """Fill a template and return its text."""
    return _environment().get_template(template).render(**context)


def source_of(template: str) -> str:
    """Give a template as it is written; Jinja's `TemplateNotFound` where there is none."""
    environment = _environment()
    assert environment.loader is not None
    return environment.loader.get_source(environment, template)[0]


def plain(text: object) -> str:
    """Return text in one line, without signs that markup forbids or that reorder the rest."""
    return _CONTROL.sub("\ufffd", re.sub(r"[\t\n\r]+", " ", str(text)))


def percent(value: float, digits: int = 1) -> str:
    """Format 0.0823 as 8.2%, with a true minus sign; NaN in words."""
    return UNDEFINED if math.isnan(value) else true_minus(f"{value:.{digits}%}")


def true_minus(number: str) -> str:
    """Return a formatted number with a true minus sign, and without one before a zero."""
    return number.replace("-", "\u2212" if re.search("[1-9]", number) else "")


def minus(formula: str) -> str:
    """Return a formula with true minus signs; hyphens in names stay."""
    return _MINUS.sub("\u2212", formula)


def signed(value: float) -> str:
    """Format 0.312 as +0.31, with a true minus sign; NaN in words."""
    if math.isnan(value):
        return UNDEFINED
    return true_minus(f"{round(value, 2) or 0:+.2f}")


def points(value: float, digits: int = 1) -> str:
    """Format 0.021 as +2.1, a difference of percentages, with a true minus sign; NaN in words."""
    if math.isnan(value):
        return UNDEFINED
    rounded = round(100 * value, digits)
    return true_minus(f"{rounded:+.{digits}f}") if rounded else f"{0:.{digits}f}"


def decimal(value: float) -> str:
    """Format 0.0823 as 0.082, with a true minus sign; NaN in words."""
    return fixed(value, 3)


def fixed(value: float, digits: int = 2) -> str:
    """Format 0.823 as 0.82, with a true minus sign; NaN in words."""
    return UNDEFINED if math.isnan(value) else true_minus(f"{value:.{digits}f}")


def lower_first(text: str) -> str:
    """Lower the first letter of a title, for the middle of a sentence."""
    return text[:1].lower() + text[1:]


def styled(value: float, style: str) -> str:
    """Format a value as `percent`, `signed`, `points` or `decimal`."""
    styles = {"percent": percent, "signed": signed, "points": points, "decimal": decimal}
    return styles[style](value)


def interval(estimate: Estimate, style: str = "percent") -> str:
    """Return the bounds of a 95% interval, "7.5% to 9.0%"; in words where there is none."""
    if math.isnan(estimate.low):
        return "no interval"
    return f"{styled(estimate.low, style)} to {styled(estimate.high, style)}"


def told(value: Any) -> str:
    """Say a setting or a fact as a reader would: no quotes, braces or needless digits.

    ``{"train": 288}`` is "train 288", ``[5, 5, 1280]`` "5, 5, 1280", True "yes", None "none".
    """
    if isinstance(value, Mapping):
        return ", ".join(f"{_spaced(key)} {told(each)}" for key, each in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(told, value)) or "none"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, float):
        return UNDEFINED if math.isnan(value) else true_minus(f"{value:.4g}")
    return str(value)


def split_name(split: str) -> str:
    """Return a split as sentences call it: "training" where data sets say "train"."""
    return "training" if split == "train" else split


def mask_from(source: str) -> str:
    """Return where a mask came from as sentences call it."""
    return "GrabCut" if source == "grabcut" else source


def _spaced(key: object) -> str:
    return str(key).replace("_", " ")


def count(value: int) -> str:
    """Format 6149 as 6,149."""
    return f"{value:,}"


def raw(value: float) -> str:
    """Return a value to sort by; empty where undefined."""
    return "" if math.isnan(value) else f"{value:.6g}"


def front_matter(text: object) -> Markup:
    """Quote a title as a YAML string, escaped here since themes print titles as they are."""
    return Markup(json.dumps(str(escape(plain(text))), ensure_ascii=False))


def yaml_text(text: object) -> Markup:
    """Quote text as a YAML string that reads as itself, and is no markup where nobody reads YAML.

    ``<b>`` becomes ``"\\u003cb\\u003e"``.
    """
    return Markup(f'"{_MEANING.sub(_code, plain(text))}"')


def _code(sign: re.Match[str]) -> str:
    return f"\\u{ord(sign[0]):04x}"


def markdown(text: object) -> Markup:
    """Return text that Markdown shows as itself, though stars and brackets have a meaning there."""
    escaped = str(escape(_MARKDOWN.sub(r"\\\1", plain(text))))
    return Markup(escaped.replace("&#39;", "'").replace("&#34;", '"'))


def apart(text: str) -> Markup:
    """Part what GitHub reads in bare words, however they are escaped, by an unseen comment.

    A name must call nobody (``@name``), be no issue (``#1``) and no address (``www.``).

    Parameters
    ----------
    text : str
        Markdown, in which names are escaped already.
    """
    for sign, told in (("@", "@<!-- -->"), ("\\#", "\\#<!-- -->"), ("www.", "www<!-- -->.")):
        text = str(text).replace(sign, told)
    return Markup(text)


def data_uri(webp: bytes) -> str:
    """Return a WebP picture as an address that holds it."""
    return f"data:image/webp;base64,{base64.b64encode(webp).decode()}"


def _of_checks() -> BaseLoader:
    """Templates of the checks of other packages, below ``checks/KEY``."""
    own = {each.key: FileSystemLoader(each.templates) for each in every() if each.templates}
    return PrefixLoader({"checks": PrefixLoader(own)})


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(templates_dir()), _of_checks()]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters = (as_given, percent, signed, points, fixed, styled, interval, count, raw, told, plural,
               verb, front_matter, markdown, apart, mask_from, minus, plain, lower_first,
               parts, split_name, wanted, yaml_text)  # fmt: skip
    environment.filters |= {f.__name__: f for f in filters}
    environment.tests["nan"] = math.isnan
    return environment
