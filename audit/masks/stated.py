"""Values of a mask that the user states, as ``255`` or ``1-8,15``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from audit.core.errors import ConfigError, quoted

AUTO = "auto"
_RANGE = re.compile(r"(\d{1,5})(?:\s*-\s*(\d{1,5}))?")
_MOST = 65535  # 16 bits, the most that a grey PNG or TIFF stores


@dataclass(frozen=True)
class Stated:
    """Values that `--mask-subject` and `--mask-unknown` state; None where one is to be found.

    Attributes
    ----------
    subject, unknown : frozenset of int, or None
        Values in 0..65535 as the files hold them; in no file are both the same.
    """

    subject: frozenset[int] | None = None
    unknown: frozenset[int] | None = None


NOTHING_SAID = Stated()


def stated(subject: str = AUTO, unknown: str = AUTO) -> Stated:
    """Parse both settings.

    Raises
    ------
    ConfigError
        Not ``auto`` nor numbers and ranges in 0..65535, or one value is said to be both.
    """
    said = Stated(_values("mask_subject", subject), _values("mask_unknown", unknown))
    both = (said.subject or frozenset()) & (said.unknown or frozenset())
    if both:
        raise ConfigError(
            f"The value {min(both)} is in both --mask-subject and --mask-unknown: choose one."
        )
    return said


def _values(name: str, text: str) -> frozenset[int] | None:
    if text.strip() == AUTO:
        return None
    found: set[int] = set()
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        low, high = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not low <= high <= _MOST:
            raise ConfigError(
                f"Bad value {quoted(text)} for {name!r}: expected auto, or values of a mask in "
                "0..65535 as 255 or 1-8,15."
            )
        found.update(range(low, high + 1))
    return frozenset(found)
