"""A pass over a sample of training and test images: what do their backgrounds tell of labels?"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.checks.context import Context
from audit.checks.data_health.duplicates import joined, near_duplicates, signature
from audit.checks.opportunity import cues
from audit.checks.opportunity.cues import CUES, Cue, Metadata, Vector
from audit.checks.opportunity.outputs import FILE
from audit.checks.opportunity.statistics import FOLDS, Told, tell
from audit.core.ahead import ahead
from audit.core.errors import BrokenImageError
from audit.datasets.dataset import Decoded, Item, Located, stratified
from audit.datasets.decode import resize
from audit.explainers.passes import pooled_of
from audit.interventions.composites import split_foreground
from audit.masks.masks import Given, Masks, trusted
from audit.masks.sample import fit_trimap

SPLITS = ("train", "test")  # validation is of neither
MOST = 600  # images of a split: more tell much the same, and this takes seconds
MADE = 240  # of them where masks have to be made: GrabCut takes 0.1 s for each
EACH = FOLDS + 3  # images of a class at the least, should some not be readable
_AHEAD = 2  # images read while another is described: they may be large
_SEED = 0  # not the run's, so that runs can be compared
_NO_MASK = "too few images have a usable mask"


@dataclass
class Rows:
    """Descriptions of the images of one split, of those that could be read.

    Attributes
    ----------
    vectors : dict
        By the key of a cue that needs the foreground left out, a vector an image; None where its
        mask cannot be used.
    bare : list
        Borders with nothing left out, for images of which none has a mask.
    """

    labels: list[int] = field(default_factory=list)
    signatures: list[Any] = field(default_factory=list)
    files: list[Metadata] = field(default_factory=list)
    vectors: dict[str, list[Vector | None]] = field(
        default_factory=lambda: {cue.key: [] for cue in CUES[:-1]}
    )
    bare: list[Vector | None] = field(default_factory=list)
    unread: int = 0

    @property
    def masked(self) -> int:
        """Images whose foreground could be left out."""
        return sum(vector is not None for vector in self.vectors[cues.FEATURES.key])


def write(context: Context) -> None:
    """Describe the backgrounds of both splits, and write how well each cue tells the label."""
    splits = {"train": context.dataset.items("train"), "test": list(context.tested)}
    found = [_told(name, items, context) for name, items in splits.items() if items]
    context.folder.keep(FILE.file(context.folder), json.dumps({"splits": found}).encode())


def _told(split: str, items: Sequence[Item], context: Context) -> dict[str, Any]:
    """Say how well each cue tells the labels of one split."""
    chosen = sample(items, context.masks)
    rows = describe(chosen, context, split)
    alike = _groups(rows)
    told = {cue.key: _of_cue(cue, rows, alike) for cue in CUES}
    return {
        "split": split,
        "of": len(items),
        "images": len(rows.labels),
        "unread": rows.unread,
        "masked": rows.masked,
        "bare": not _is_masked(rows),
        "duplicates": len(rows.labels) - len(np.unique(alike)),
        "classes": len({item.label for item in items}),
        "cues": {key: asdict(each) for key, each in told.items()},
    }


def sample(items: Sequence[Item], masks: Masks) -> list[Item]:
    """Sample images, those with a mask of their own where these are most.

    Where a sample of all classes would hold too few images of each, it is of some classes.
    """
    own = [item for item in items if masks.draws or masks.has_own(item)]
    if 2 * len(own) >= len(items):
        return _some(own, MOST)
    return _some(items, MADE if masks.grabcut else MOST)


def _some(items: Sequence[Item], most: int) -> list[Item]:
    labels = sorted({item.label for item in items})
    if len(items) > most and EACH * len(labels) > most:
        drawn = np.random.default_rng(_SEED).permutation(labels)[: max(2, most // EACH)]
        items = [item for item in items if item.label in set(drawn.tolist())]
    return stratified(items, most, _SEED)


def describe(items: Sequence[Item], context: Context, split: str) -> Rows:
    """Read and describe each image once; only a few hundred numbers of each are kept."""
    rows = Rows()
    found = ahead(_read(items, context), _AHEAD)
    shown = context.track(found, f"backgrounds ({split})", len(items))
    features = [*pooled_of(context.classifier, _described(rows, shown, context))]
    colours = rows.vectors[cues.COLOUR.key]  # what every image with a usable mask has
    masked = [row for row, colour in enumerate(colours) if colour is not None]
    for row, vector in zip(masked, features, strict=True):
        rows.vectors[cues.FEATURES.key][row] = vector
    return rows


def _described(
    rows: Rows, shown: Iterable[tuple[Item, Decoded, Given, str]], context: Context
) -> Iterator[NDArray[np.float32]]:
    """Describe each image but for its features; yield those with a mask, foreground filled in."""
    size = context.classifier.input_size
    for item, image, given, _ in shown:
        if isinstance(image, BrokenImageError):
            rows.unread += 1
            continue
        trimap = trusted(given)
        file = context.dataset.file(item) if isinstance(context.dataset, Located) else None
        rows.labels.append(item.label)
        rows.signatures.append(signature(image))
        rows.files.append(cues.metadata(image, file))
        rows.bare.append(cues.border(image, None))
        small = resize(image, size)
        parts = None if trimap is None else split_foreground(small, fit_trimap(trimap, size))[0]
        known: dict[str, Vector | None] = {} if parts is None else {
            cues.BORDER.key: cues.border(image, trimap),
            cues.COLOUR.key: cues.colour(small, parts.off),
            cues.TEXTURE.key: cues.texture(small, parts.off),
        }  # fmt: skip
        for key, vectors in rows.vectors.items():
            vectors.append(known.get(key))
        if parts is not None:
            yield parts.removed


def _read(
    items: Sequence[Item], context: Context
) -> Generator[tuple[Item, Decoded, Given, str], None, None]:
    yield from context.masks.stream(context.dataset.images(items), context.config.run.workers)


def _groups(rows: Rows) -> NDArray[np.int64]:
    """Return the group of near-duplicates of each image."""
    if not rows.labels:
        return np.empty(0, np.int64)
    bits, detail = (np.stack([getattr(s, key) for s in rows.signatures])
                    for key in ("bits", "detail"))  # fmt: skip
    pairs = near_duplicates(bits, detail)
    return joined(pairs.a, pairs.b, len(rows.labels))


def _is_masked(rows: Rows) -> bool:
    """Tell whether foregrounds can be left out, at least of most images."""
    return 2 * rows.masked >= len(rows.labels)


def _of_cue(cue: Cue, rows: Rows, alike: NDArray[np.int64]) -> Told:
    """Say how well one cue tells the label, of the images that have it."""
    if cue is cues.METADATA:
        return _tell(cues.as_numbers(rows.files) if rows.files else [], rows, alike, cue)
    if _is_masked(rows):
        return _tell(rows.vectors[cue.key], rows, alike, cue)
    return _tell(rows.bare, rows, alike, cue) if cue is cues.BORDER else Told(_NO_MASK)


def _tell(vectors: Iterable[Vector | None], rows: Rows, alike: NDArray[np.int64], cue: Cue) -> Told:
    known = [(k, vector) for k, vector in enumerate(vectors) if vector is not None]
    if not known:
        return Told("no image could be read" if not rows.labels else _NO_MASK)
    places = np.array([k for k, _ in known])
    labels = np.array(rows.labels, np.int64)[places]
    features = np.stack([vector for _, vector in known])
    return tell(features, labels, alike[places], cue.learner)
