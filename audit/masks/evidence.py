"""Evidence that masks are right, on a sample: which way up, whose, how large, how plausible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from audit.core.errors import BrokenImageError, DataError
from audit.core.observation import Observation, Strength
from audit.core.statistics import wilson
from audit.core.wording import plural, verb
from audit.datasets.dataset import Dataset, Item, stratified
from audit.masks.files import ValuedMasks, misfit
from audit.masks.fit import SIDE, Fit, Pair, measure, upside
from audit.masks.masks import BadMask, Masks, Trimap, doubt

SAMPLE, CUT = 64, 12  # images with masks of their own, and images to cut out, that are looked at
IN_VAIN = 3  # first images on which a segmenter fails, after which it is asked no more
FEWEST = 8  # pairs below which nothing is beyond doubt
CLEAR = 0.5  # of the border more than of the centre, or less: which way up a mask is
SURE, UNSURE = 0.65, 0.4  # shares of clear masks that are upside down, at the interval's low end
RANK, LOW_RANK = 0.65, 0.7  # of masks that fit: below, beyond doubt; below, worth a look
MOVED_RANK, MOVED_SHARE = 0.85, 0.65  # of masks that were moved
ALIKE = 0.75  # overlap of two masks beyond which they cannot be told apart
DOUBTFUL = 0.1  # share of masks that look unlikely, as in the report's findings

Size = tuple[int, int]


@dataclass(frozen=True)
class Looked:
    """One image with its own mask; sizes are (height, width)."""

    pair: Pair
    image: Size
    mask: Size
    doubt: str


def mask_observations(dataset: Dataset, masks: Masks, items: Sequence[Item]) -> list[Observation]:
    """Look whether the masks of ``items`` are right; takes seconds.

    At most 64 images with masks of their own are read, sampled by class, and at most 12 without
    are cut out as they will be.

    Parameters
    ----------
    items : sequence of Item
        In the order that the data set gives.
    """
    own = [item for item in items if masks.draws or masks.has_own(item)]
    looked = list(_look(dataset, masks, stratified(own, SAMPLE, 0)))
    cut = _cut(dataset, masks, _others(items, own))
    found = [source_observation(masks, len(items), len(own), [one.doubt for one in looked], cut)]
    if failed := [given.reason for given in cut if isinstance(given, BadMask)]:
        found.append(failure_observation(failed, len(cut), masks.maker))
    if looked:
        pairs = [one.pair for one in looked]
        found += [polarity_observation(pairs, _turned(masks)), size_observation(looked)]
    drawn = [one.pair for one in looked if one.pair.has_outline()]
    if len(drawn) > 1:
        found.append(fit_observation(measure(drawn)))
    return found


def polarity_observation(pairs: Sequence[Pair], mend: str) -> Observation:
    """Observe whether masks call the border subject and the centre background."""
    scores = np.array([upside(pair) for pair in pairs])
    down, up = int((scores > CLEAR).sum()), int((scores < -CLEAR).sum())
    low = wilson(down, down + up)[0] if down + up else 0.0
    words = (
        f"Of {plural(len(pairs), 'mask')}, {up} {verb(up, 'covers', 'cover')} the centre of the "
        f"image and not its border, {down} the other way round"
    )
    title = "Which way up masks are"
    if low > SURE and down >= max(FEWEST, len(pairs) / 4):
        return Observation("mask-polarity", title, f"{words}: upside down", "strong", mend)
    if (low > UNSURE and down > 1) or _all_border(pairs):
        mend = f"look at them, and {mend} if what they call subject is the background"
        return Observation("mask-polarity", title, words, "weak", mend)
    return Observation("mask-polarity", title, words)


def fit_observation(fit: Fit) -> Observation:
    """Observe whether masks fit their own images better than others', and as they lie."""
    words = (
        f"On {plural(fit.n, 'image')}, by edges and colours, an image's own mask fits better than "
        f"{fit.rank:.0%} of the others (chance: 50%)"
    )
    if _is_moved(fit):
        words += f"; {fit.better} fit better {fit.move}"
        mend = f"give masks {fit.move}, as where an EXIF orientation was lost"
        return _of_fit(words, "strong" if fit.n >= FEWEST else "weak", mend)
    if fit.alike > ALIKE:
        return _of_fit(f"{words}; masks are too alike to tell more")
    mend = "check that each mask is named like its own image"
    if fit.n >= FEWEST and fit.rank + fit.error < RANK:
        return _of_fit(words, "strong", mend)
    return _of_fit(words, "weak", mend) if fit.rank < LOW_RANK else _of_fit(words)


def _is_moved(fit: Fit) -> bool:
    share = wilson(fit.better, fit.n)[0]
    sure = share > MOVED_SHARE and fit.moved_rank > MOVED_RANK
    return sure and fit.moved_rank > fit.rank


def _of_fit(words: str, strength: Strength = "fine", mend: str = "") -> Observation:
    return Observation("mask-fit", "Whether masks fit their images", words, strength, mend)


def size_observation(looked: Sequence[Looked]) -> Observation:
    """Observe how many masks differ from their images in size or aspect, or lie on their side."""
    scaled = sum(one.mask != one.image for one in looked)
    bad = [one for one in looked if misfit(one.mask, one.image)]
    lying = sum(not misfit(one.mask, one.image[::-1]) for one in bad)
    same, resized = len(looked) - scaled, scaled - len(bad)
    have = verb(same, "has", "have")
    words = f"Of {plural(len(looked), 'mask')}, {same} {have} the size of the image"
    if resized:
        words += f", {resized} another size of the same aspect"
    title = "Sizes of masks"
    if not bad:
        return Observation("mask-size", title, words)
    words += f", {len(bad)} another aspect ({lying} of them as if turned by 90 degrees)"
    mend = "turn them as their images are" if 2 * lying > len(bad) else "draw them on their images"
    strength: Strength = "strong" if 2 * len(bad) > len(looked) >= FEWEST else "weak"
    return Observation("mask-size", title, words, strength, mend)


def source_observation(
    masks: Masks, images: int, own: int, doubts: Sequence[str], cut: Sequence[Trimap | BadMask]
) -> Observation:
    """Observe how many images have a mask of their own, are cut out by what, or have none.

    Parameters
    ----------
    doubts : sequence of str
        Of the masks of their own that were looked at.
    cut : sequence of trimaps
        Masks that were made to look at them.
    """
    told, bare = [*doubts, *map(_doubt, cut)], images - own
    instead = f"cut out by {masks.maker}" if masks.maker else "without any"
    words = (
        f"{own:,} of {plural(images, 'image')} have masks of their own, {bare:,} "
        f"{verb(bare, 'is', 'are')} {instead}{_doubts(told)}"
    )
    title = "Where masks come from"
    many = bool(told) and wilson(sum(map(bool, told)), len(told))[0] > DOUBTFUL
    if many or (bare and not masks.maker):
        return Observation("mask-source", title, words, "weak", "draw masks by hand: give --masks")
    return Observation("mask-source", title, words)


def failure_observation(failed: Sequence[str], tried: int, maker: str) -> Observation:
    """Observe on how many of the images tried a segmenter failed, and why on the first."""
    of = f"{len(failed)} of {plural(tried, 'image')}"
    words = f"On {of} tried, {maker} made no mask that can be used: {failed[0].rstrip('.')}"
    strength: Strength = "strong" if 2 * len(failed) > tried else "weak"
    mend = "mend it, or leave --segmenter out for GrabCut; these images get no verdict"
    return Observation("segmenter", "Whether masks can be made", words, strength, mend)


def _doubt(given: Trimap | BadMask) -> str:
    return "of no use" if isinstance(given, BadMask) else doubt(given)


def _doubts(told: Sequence[str]) -> str:
    """Say how many of the masks looked at are doubtful, and why."""
    kinds = Counter(why.split(" (")[0] for why in told if why)
    if not told:
        return ""
    listed = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    be = verb(kinds.total(), "is", "are")
    words = f"; of {plural(len(told), 'mask')} looked at, {kinds.total()} {be} doubtful"
    return f"{words} ({listed})" if kinds else words


def _look(dataset: Dataset, masks: Masks, items: Sequence[Item]) -> Iterator[Looked]:
    for item, image in dataset.images(items):
        if isinstance(image, BrokenImageError):
            continue
        try:
            trimap, _, _ = masks.unfitted(item)
        except DataError:
            continue  # listed among the bad masks
        if trimap is not None:
            size = (image.shape[0], image.shape[1])
            own = (trimap.shape[0], trimap.shape[1])
            yield Looked(Pair.of(image, trimap), size, own, doubt(trimap))


def _others(items: Sequence[Item], own: Sequence[Item]) -> list[Item]:
    """Return the items that are not among ``own``."""
    names = {item.name for item in own}
    return [item for item in items if item.name not in names]


def _cut(dataset: Dataset, masks: Masks, bare: Sequence[Item]) -> list[Trimap | BadMask]:
    """Make the masks of some images that have none; of very few where it fails on all of these."""
    made: list[Trimap | BadMask] = []
    some = stratified(bare, CUT, 0) if masks.maker else []
    with closing(masks.stream(dataset.images(some), 0)) as stream:
        for _, _, given, _ in stream:
            made += [] if given is None else [given]
            if len(made) == IN_VAIN and all(isinstance(each, BadMask) for each in made):
                break
    return made


def _all_border(pairs: Sequence[Pair]) -> bool:
    """Return whether nearly all masks hold the whole border, and leave something out inside."""
    subjects = [pair.mask > 0 for pair in pairs]
    ends = [s[0].all() and s[-1].all() and s[:, 0].all() and s[:, -1].all() for s in subjects]
    holes = [(~s).sum() > SIDE for s in subjects]
    whole = sum(bool(e and h) for e, h in zip(ends, holes, strict=True))
    return len(pairs) > 1 and whole > 0.8 * len(pairs)


def _turned(masks: Masks) -> str:
    """Say how the user turns masks over."""
    files = [source for source in masks.sources if source.any()]
    if not files or not isinstance(files[0], ValuedMasks):
        return "give masks that mark the subject"
    found = files[0].convention
    if found.style == "colours":
        return "give masks whose background is black"
    if found.stated.subject is not None:
        return "give the other values by --mask-subject"
    return f"give --mask-subject {2 if found.style == 'pets' else 0}"
