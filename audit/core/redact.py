"""Redaction of what must not leave with a run: credentials, and where its inputs lay on a disk."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

HIDDEN = "***"
HOME = "~"
# All is bounded: time must not grow with the square of hostile text's length. First a URL's scheme
# and what stands before its host. `pathlib` makes one slash of two. A password may hold slashes, as
# keys of S3 do; host:443/ is a port.
_USER = re.compile(
    r"(?P<scheme>\b[A-Za-z][\w+.-]{1,30})(?P<mark>:/{1,2})"
    r"(?P<user>[^\s/?#'\":@]{0,300}:(?!\d{1,5}[/?#])[^\s'\"]{0,1000}|[^\s/?#'\"@]{1,1000})@"
)
_CONTAINERS = {"abfs", "abfss", "wasb", "wasbs"}  # Azure's, which stand where others have a user
_LOGINS = {"sftp", "ssh", "smb", "ftp", "hdfs", "webhdfs"}  # where a name alone is no secret
_SECRET = (
    r"[\w.-]{0,40}(?:secret|passw(?:or)?d|pwd|token|credential|signature"
    r"|(?:access|account|api|private|shared)[_-]?key(?:[_-]?id)?)[\w.-]{0,40}"
)
_QUERY = re.compile(rf"(?i)([?&;](?:{_SECRET}|sig|sas|key|auth)=)[^\s&;#'\"]+")
_SETTING = re.compile(rf"(?i)((?<![\w.-]){_SECRET}=)[^\s&;,'\"]+")
_QUOTED = re.compile(rf"(?i)(?P<key>(?P<q>['\"]){_SECRET}(?P=q)\s*[:=]\s*)(?P<v>['\"]).*?(?P=v)")
_HEADER = re.compile(
    r"(?i)(\bauthorization['\"]?\s*[:=]\s*['\"]?(?:(?:basic|bearer)\s+)?)[^\s'\",]+"
)
_NAMES_SECRET = re.compile(rf"(?i)--?{_SECRET}")  # an option whose value is the next word
_PLACE = re.compile(r"'(\{\w+\})'")
_AWS = re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")

_ABSOLUTE = r"(?:(?:file|local)://)?(?:~?/(?![\s/])|[A-Za-z]:[\\/]|\\\\(?=\w))"
_BEFORE = r"(?<![\w.~/\\-])"  # a slash after these is no beginning
_IN_QUOTES = re.compile(rf"(?P<q>['\"])(?P<path>{_ABSOLUTE}[^'\"\n]*)(?P=q)")
_NO_TAG = r"(?!(?<=<)/\w+>)"  # </b> is no path
_BARE = re.compile(rf"{_BEFORE}{_NO_TAG}(?P<path>{_ABSOLUTE}[^\s'\"<>|:;,)\]}}]*)")
_WHOLE = re.compile(_ABSOLUTE)
_HOMES = re.compile(r"(?:[A-Za-z]:)?[\\/](?:home|Users)[\\/][^\\/]+")
_COMMANDS = {"segmenter"}  # settings that may be a command line
# Under these keys stand names by which things are known again, never places.
_IDENTITIES = {"classes", "name", "feature_layer"}
TOLD = ("skipped", "mask_doubt", "causal_reason", "verdict_reason")  # columns that quote errors


def credentials(text: str) -> str:
    """Remove from text what opens an account: users and passwords of URLs, signatures, keys.

    What stands in their place is ``***``.
    """
    if "@" in text:
        text = _USER.sub(_without_user, text)
    if "=" in text:
        text = _SETTING.sub(rf"\1{HIDDEN}", _QUERY.sub(rf"\1{HIDDEN}", text))
    if "'" in text or '"' in text:
        text = _QUOTED.sub(rf"\g<key>\g<v>{HIDDEN}\g<v>", text)
    return _AWS.sub(HIDDEN, _HEADER.sub(rf"\1{HIDDEN}", text))


def holds_secret(url: str) -> bool:
    """Return whether a URL itself carries credentials; a name to log in by is none."""
    found = _USER.search(url)
    if found and ":" not in found["user"]:
        return found["scheme"].lower() not in _LOGINS | _CONTAINERS
    return bool(found or _QUERY.search(url))


def paths(text: str, given: Iterable[str] = ()) -> str:
    """Return text in which no path says more than its end; see `Shown`."""
    return Shown(given).text(text)


class Shown:
    """Form in which what a run writes shows paths and URLs.

    Below what the user gave a path begins with that: ``masks/rose/1.png`` for ``--masks
    /home/ann/masks``. Of any other absolute path only the last part is shown, and of a home
    directory ``~``. Credentials are left out.

    Parameters
    ----------
    given : iterable of str
        Files and folders that the user named; whatever else is among them does no harm.
    """

    def __init__(self, given: Iterable[str] = ()) -> None:
        known = {form: _end(form) for each in given for form in _forms(each)}
        known[os.path.expanduser(HOME)] = HOME  # noqa: PTH111  # Path.home may raise
        longest = sorted(known, key=len, reverse=True)
        alternatives = "|".join(map(re.escape, longest))
        self._known = known
        self._beginning = re.compile(rf"{_BEFORE}(?:{alternatives})(?![\w-]|\.\w)")

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Shown:
        """Build one from the settings of a run, which name its inputs."""
        return cls(_texts(config))

    def text(self, text: str) -> str:
        """Redact words that may quote a path."""
        text = self._beginning.sub(lambda found: self._known[found[0]], credentials(text))
        text = _IN_QUOTES.sub(lambda found: f"{found['q']}{_end(found['path'])}{found['q']}", text)
        return _BARE.sub(lambda found: _end(found["path"]), text)

    def location(self, value: str) -> str:
        """Redact a setting that may be a path as a whole, with spaces in it."""
        if "://" not in value and ".." in Path(value).parts:
            value = str(Path(value).absolute())
        told = self._beginning.sub(lambda found: self._known[found[0]], credentials(value), count=1)
        return _end(told) if _WHOLE.match(told) else told

    def command(self, line: str) -> str:
        """Redact a command line, each of its words for itself; what stands in braces stays bare."""
        try:
            words = shlex.split(line)
        except ValueError:  # one that was cut or made up
            return self.text(line)
        told = shlex.join(self._word(*pair) for pair in pairwise(["", *words]))
        return _PLACE.sub(r"\1", told)

    def section(self, value: Any, key: str = "") -> Any:
        """Redact a section of a manifest, or all of it, as deep as it goes."""
        if isinstance(value, Mapping):
            kind = {k: _kind(k, key) for k in value}
            told = {k: self.section(v, kind[k]) for k, v in value.items() if k not in _IDENTITIES}
            return {k: told.get(k, v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self.section(each, key) for each in value]
        if not isinstance(value, str):
            return value
        how = {"command": self.command, "source": self.location, "config": self.location}
        return how.get(key, self.text)(value)

    def record(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Redact a record of an image, whose reasons may quote an error."""
        return {k: self.text(v) if k in TOLD and v else v for k, v in record.items()}

    def _word(self, before: str, word: str) -> str:
        if before.removeprefix("--") in _COMMANDS:
            return self.command(word)
        if _NAMES_SECRET.fullmatch(before):
            return HIDDEN
        option, mark, value = word.partition("=")
        if mark and option.removeprefix("--") in _COMMANDS:
            return f"{option}={self.command(value)}"
        if mark and option.startswith("--"):
            return credentials(f"{option}={self.location(value)}")
        return self.location(word)


def _kind(key: str, parent: str) -> str:
    """Tell how the value of a key is redacted: settings, all but commands, may be paths."""
    if parent != "config":
        return key
    return "command" if key in _COMMANDS else "config"


def _texts(value: object) -> Iterator[str]:
    """All text among the values of sections."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)


def _without_user(found: re.Match[str]) -> str:
    if found["scheme"].lower() in _CONTAINERS and ":" not in found["user"]:
        return found[0]
    return f"{found['scheme']}{found['mark']}{HIDDEN}@"


def _forms(given: str) -> set[str]:
    """Return how an error may spell what the user gave: from the root, its links followed."""
    if not given or "://" in given or "\0" in given:
        return set()
    path = Path(given)
    forms = {given.rstrip("/"), str(path.absolute()), os.path.realpath(path)}
    return {form for form in forms if _WHOLE.match(form) and _end(form)}


def _end(path: str) -> str:
    """Return the last part of a path; ``~`` for a home directory, which has its user's name."""
    path = path.removeprefix("file://").removeprefix("local://")
    windows = bool(re.match(r"[A-Za-z]:|\\\\", path))
    bare = path.rstrip("\\/" if windows else "/")
    if bare in (HOME, os.path.expanduser(HOME)) or _HOMES.fullmatch(bare):  # noqa: PTH111
        return HOME
    return re.split(r"[\\/]" if windows else "/", bare)[-1]
