"""Splits that a folder's name, or a manifest's word, stands for."""

from __future__ import annotations

import re

from audit.datasets.filenames import word_set

_WORDS = {
    "train": "train training trn trainval traindata learn learning",
    "validation": "validation validate validating valid val dev development",
    "test": "test testing tst eval evaluation evaluate holdout heldout",
}
_SPLITS = {word: split for split, words in _WORDS.items() for word in words.split()}
# Words that say nothing of which split it is: seg_train, train_set, test-images, 01_train.
_AFFIXES = word_set(
    "set sets split splits subset data dataset datasets image images img imgs photo photos "
    "picture pictures pics seg folder dir files file jpg jpeg png"
)
_JOINED = re.compile(
    f"({'|'.join(sorted(_SPLITS, key=len, reverse=True))})({'|'.join(sorted(_AFFIXES))})"
)


def words_of(name: str) -> list[str]:
    """Return the words of a name in small letters: ``TrainSet-01`` has ``train`` and ``set``."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.findall(r"[^\W\d_]+", apart.casefold())


def split_of_word(word: str) -> str | None:
    """Return the split that one word in small letters stands for: ``test`` for ``testing``."""
    return _SPLITS.get(word)


def split_of(name: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the split that a name stands for, and its further words.

    Returns
    -------
    (split, words) or None
        ``("train", ())`` for Train, training, seg_train, train-images, 01_train, TrainSet;
        ``("train", ("new",))`` for Train-new, which may be one; None where no word, or more than
        one, names a split.
    """
    words = words_of(name.replace("hold-out", "holdout").replace("hold_out", "holdout"))
    found: list[str] = []
    rest: list[str] = []
    for word in words:
        joined = _JOINED.fullmatch(word)
        split = split_of_word(joined[1] if joined else word)
        if split:
            found.append(split)
        elif word not in _AFFIXES:
            rest.append(word)
    return (found[0], tuple(rest)) if len(found) == 1 else None
