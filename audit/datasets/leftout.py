"""Images that a source holds but that are not read: their suffix is of another kind, or none."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from audit.core.observation import Observation, Strength
from audit.core.wording import are, some, verb
from audit.datasets.filenames import suffix_of, word_set
from audit.datasets.formats import begins_like_an_image, is_left_out, mend
from audit.datasets.listed import spread

_SNIFFED = 1000  # files of no known suffix whose first bytes are read
_NO_IMAGES = word_set(
    ".txt .xml .json .csv .tsv .md .html .htm .yaml .yml .db .ini .py .log .lst .parquet "
    ".ipynb .rtf .doc .docx .xls .xlsx .sh .url .lnk .toml .cfg .js .css .md5 .sha1 .names "
    ".cat"
)


def images_among(files: Sequence[str], photos: Iterable[str]) -> list[str]:
    """Return files that are images though they are not read, and no other form of a photograph."""
    known = {os.path.splitext(photo)[0] for photo in photos}  # noqa: PTH122
    alone = [file for file in files if os.path.splitext(file)[0] not in known]  # noqa: PTH122
    certain = [file for file in alone if is_left_out(suffix_of(file))]
    unknown = [f for f in alone if not is_left_out(s := suffix_of(f)) and s not in _NO_IMAGES]
    sniffed = spread(unknown, _SNIFFED)
    return certain + [file for file in sniffed if begins_like_an_image(Path(file))]


def observe(left_out: Mapping[str, Sequence[str]], counts: Mapping[str, int]) -> list[Observation]:
    """Say which images are left out for their suffix.

    Parameters
    ----------
    left_out : Mapping of str
        Files by class, as `images_among` finds them.
    counts : Mapping of str
        Photographs that are read, by class.
    """
    files = [file for of_class in left_out.values() for file in of_class]
    if not files:
        return []
    kinds = Counter(map(suffix_of, files)).most_common()
    listed = some((f"{count:,} {suffix or 'without suffix'}" for suffix, count in kinds), 4)
    whole = [name for name, found in left_out.items() if name and found and not counts.get(name)]
    whose = verb(len(files), "its", "their")
    words = f"{are(len(files), 'image file')} left out because of {whose} suffix ({listed})"
    if whole:
        words += f", among them all images of {some(whole)}"
    strong = bool(whole) or len(files) > sum(counts.values())
    strength: Strength = "strong" if strong else "weak"
    return [Observation("suffixes", "Suffixes", words, strength, mend(kinds[0][0]))]
