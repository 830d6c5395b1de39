"""Names of files and folders that speak of masks, and of what they are masks of."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from audit.datasets.filenames import readable, word_set
from audit.datasets.splitnames import words_of

_MASK = word_set(
    "mask masks segmentation segmentations segmented seg segs annotation annotations annot "
    "annots label labels labelids gt gts groundtruth truth trimap trimaps segmentationclass "
    "segmentationobject matte mattes alpha silhouette silhouettes roi rois"
)
_IMAGE = word_set(
    "image images img imgs photo photos picture pictures pics original originals orig jpg "
    "jpegs jpeg jpegimages rgb input inputs data"
)
_FILLER = word_set("ground class object binary png and the of for")
_MASK_WORDS = (
    r"masks?|segs?|segmentations?|segmented|gts?|ground[_\- ]?truths?|labels?|labelids|"
    r"annotations?|trimaps?|mattes?|rois?"
)
_AFTER = re.compile(
    rf"(?P<base>.+?)(?:[_\-. ]+(?:{_MASK_WORDS})|(?:mask|Mask|MASK|Seg|GT))(?:[_\-. ]*\(?\d+\)?)?"
)
_AFTER_SMALL = re.compile(
    rf"(?P<base>.+?)[_\-. ]+(?:{_MASK_WORDS})(?:[_\-. ]*\(?\d+\)?)?", re.IGNORECASE
)
_BEFORE = re.compile(rf"(?:{_MASK_WORDS})[_\-. ]+(?P<base>.*\w.*)", re.IGNORECASE)


def is_mask_name(name: str) -> bool:
    """Return whether a folder is named as one of masks: SegmentationClass, ground_truth, GT."""
    words = words_of(name)
    return any(word in _MASK or word.removesuffix("png") in _MASK for word in _joined(words))


def is_image_name(name: str) -> bool:
    """Return whether a folder's name says only that images lie in it: images, img, JPEGImages."""
    words = words_of(name)
    joined = "".join(words)
    return joined in _IMAGE or (bool(words) and all(word in _IMAGE for word in words))


def _joined(words: Sequence[str]) -> list[str]:
    return [*words, "".join(words)]


def without_mask(name: str) -> str:
    """Return whose masks a folder holds: ``train`` for ``train_masks``, "" for ``masks``."""
    words = [w for w in words_of(name) if w not in _MASK | _IMAGE | _FILLER]
    return "" if "".join(words_of(name)) in _MASK else " ".join(words)


def base_of(stem: str) -> str | None:
    """Return the photograph's stem in a mask's: ``x`` in ``x_mask``, ``xMask``, ``x_mask_1``."""
    for pattern in (_AFTER, _AFTER_SMALL, _BEFORE):
        found = pattern.fullmatch(stem)
        if found:
            return found["base"]
    return None


def stem_of(file: str) -> str:
    """Return a file's name without its suffix, readable."""
    return readable(os.path.splitext(file)[0])  # noqa: PTH122
