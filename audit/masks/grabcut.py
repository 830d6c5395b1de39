"""GrabCut without a hand-drawn box: several guesses at the subject, judged by their agreement.

One image at a time; imports OpenCV and NumPy only, so that worker processes start quickly.

The method is GrabCut (Rother, Kolmogorov and Blake 2004, "GrabCut: interactive foreground
extraction using iterated graph cuts", ACM SIGGRAPH), which wants a box drawn by a person. Here
three priors stand in for that person, on a small copy of the image:

* ``contrast``: colours frequent at the centre and rare along the border;
* ``contrast near the centre``: the same, fading towards the corners;
* ``ellipse``: everything within a large ellipse, nothing along the border.

The guess that agrees best with the others wins (a medoid). It is then redrawn at a finer size, in a
band along its outline only, with the colour models already learnt. Where the guesses agree badly,
colours do not tell the subject: `grabcut_by` starts from where a network responds, instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.datasets.dataset import BACKGROUND, FOREGROUND, UNKNOWN

Labels = NDArray[np.uint8]

COARSE, FINE = 110, 300  # sides in pixels of a square image; others get the same area
BAND = 6  # fine pixels to either side of the coarse outline, two coarse pixels wide
BINS = 16  # of each Lab channel in the colour histograms
PLAUSIBLE = (0.01, 0.95)  # shares of the image that a subject may cover
KEPT_PART, FILLED_HOLE = 0.1, 0.2  # of the largest part's area, of the whole subject's area
UNSURE = 0.7  # agreement below which what the guesses dispute is left unknown
CORE, REACH = 24, 36  # fine pixels to either side of a network's coarse outline, left to colours
BEYOND = 4  # fine pixels outside of an outline that starts from a network's responses, unknown
FEWEST = 16  # pixels of either side, below which five Gaussians cannot be fitted


@dataclass(frozen=True)
class Segmentation:
    """A subject found in an image.

    Attributes
    ----------
    subject : bool ``(h, w)``
        True on the subject; all false where none was found.
    agreement : float in 0..1
        Mean IoU of the chosen guess with the other ones; 0 where no guess was plausible.
    disputed : bool ``(h, w)``
        True where another plausible guess says otherwise than the chosen one.
    """

    subject: NDArray[np.bool_]
    agreement: float
    disputed: NDArray[np.bool_]


@dataclass(frozen=True)
class _Guess:
    """Labels (1 subject, 0 not) with the two colour models that drew them."""

    labels: Labels
    background: NDArray[np.float64]
    foreground: NDArray[np.float64]


def grabcut(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Segment the subject near the centre of ``image``.

    Parameters
    ----------
    image : uint8 ``(h, w, 3)``
        RGB, any size.

    Returns
    -------
    uint8 ``(h, w)``
        255 subject, 0 background, 128 unknown: a band of about a pixel to either side of the
        outline (of the image at 300 x 300), where pixels are a mixture; where the guesses differ,
        if they agree badly; everywhere, if no subject was found.

    Notes
    -----
    The result depends on the pixels alone: not on the order of images, the process or threads.
    """
    return by_colours(image)[0]


def by_colours(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], bool]:
    """Return the trimap of `grabcut`, and whether the guesses agree well enough to trust it."""
    found = segment(image)
    trimap = bordered(found.subject)
    if found.agreement < UNSURE:
        trimap[found.disputed] = UNKNOWN
    return trimap, found.agreement >= UNSURE


def grabcut_by(image: NDArray[np.uint8], activation: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Segment the subject of an image from where a network responds to it.

    Parameters
    ----------
    image : uint8 ``(h, w, 3)``
        RGB, any size.
    activation : float32 ``(rows, columns)``
        Responses over the image, 0..1; those near its centre count more.

    Returns
    -------
    uint8 ``(h, w)``
        255 subject, 0 background, 128 unknown: as `grabcut`, and a wider band outside of the
        outline, as responses miss thin parts; everywhere, if no subject was found.
    """
    fine = _shrink(image, FINE)
    enlarged = cv2.resize(activation, fine.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    score = np.clip(enlarged, 0, 1) * np.exp(-_distance(fine) / 2)
    start = _subject(_split(score / max(float(score.max()), 1e-9)))
    guess = _cut(fine, _around(start), 2)
    if not _plausible(guess.labels):
        return np.full(image.shape[:2], UNKNOWN, np.uint8)
    subject = _enlarge(guess.labels, image.shape[:2])
    trimap = bordered(subject > 0)
    wide = cv2.dilate(subject, _disc(max(1, round(BEYOND / _scale(image, FINE)))))
    trimap[(wide > 0) & (subject == 0)] = UNKNOWN
    return trimap


def _around(start: Labels) -> Labels:
    """Leave to GrabCut what lies near the outline of a start at `FINE`; the rest is settled."""
    core = cv2.erode(start, _disc(CORE), borderValue=1)
    reach = cv2.dilate(start, _disc(REACH))
    probable = np.where(start > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD)
    sure = np.where(core > 0, cv2.GC_FGD, np.where(reach > 0, probable, cv2.GC_BGD))
    return sure.astype(np.uint8)


def segment(image: NDArray[np.uint8]) -> Segmentation:
    """Find the subject of a uint8 RGB ``(h, w, 3)`` image, with no band of unknown pixels."""
    coarse = _shrink(image, COARSE)
    guesses = [_cut(coarse, *prior) for prior in _priors(coarse)]
    guesses = [guess for guess in guesses if _plausible(guess.labels)]
    size = image.shape[:2]
    if not guesses:
        return Segmentation(np.zeros(size, np.bool_), 0.0, np.ones(size, np.bool_))
    agreement, best = _medoid(guesses)
    subject = _enlarge(_refine(_shrink(image, FINE), best), size)
    disputed = np.bitwise_or.reduce([guess.labels ^ best.labels for guess in guesses])
    return Segmentation(subject > 0, agreement, _enlarge(disputed, size) > 0)


def banded(subject: NDArray[np.bool_], width: int) -> NDArray[np.uint8]:
    """Return a bool mask's trimap, unknown within ``width`` pixels on both sides of its outline."""
    mask = subject.astype(np.uint8)
    inner, outer = cv2.erode(mask, _disc(width), borderValue=1), cv2.dilate(mask, _disc(width))
    trimap = np.where(inner > 0, FOREGROUND, np.where(outer > 0, UNKNOWN, BACKGROUND))
    return trimap.astype(np.uint8)


def bordered(subject: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return a bool mask's trimap, unknown where pixels of a photograph are a mixture.

    That is within a pixel of its outline, of an image of at most 300 x 300; more of a larger one.
    """
    return banded(subject, max(1, round(1 / _scale(subject, FINE))))


def _overlap(a: Labels, b: Labels) -> float:
    union = int(np.count_nonzero(a | b))
    return np.count_nonzero(a & b) / union if union else 0.0


def clean(labels: Labels) -> Labels:
    """Drop parts below a tenth of the largest and fill inner holes below a fifth of the subject."""
    _, parts, stats, _ = cv2.connectedComponentsWithStats(labels, connectivity=4)
    areas = stats[:, cv2.CC_STAT_AREA] * (np.arange(len(stats)) > 0)  # part 0 is the background
    kept = ((areas >= KEPT_PART * areas.max()) & (areas > 0)).astype(np.uint8)[parts]
    return _fill_holes(kept)


def _fill_holes(labels: Labels) -> Labels:
    _, parts, stats, _ = cv2.connectedComponentsWithStats(1 - labels, connectivity=4)
    filled = stats[:, cv2.CC_STAT_AREA] < FILLED_HOLE * labels.sum()
    rim = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    filled[rim] = False  # what reaches the image's border is no hole
    filled[0] = True  # part 0 is the subject itself
    return filled.astype(np.uint8)[parts]


def _priors(image: NDArray[np.uint8]) -> list[tuple[Labels, int]]:
    """Return initial labels for GrabCut, each with its number of iterations."""
    contrast, distance = _contrast(image), _distance(image)
    # An ellipse a little beyond the sides: only the corners begin as background.
    near = np.where(distance < 1.1**2, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    # The rim alone is beyond doubt; GrabCut may change all else.
    rim = max(1, round(0.02 * min(image.shape[:2])))
    near[:rim] = near[-rim:] = near[:, :rim] = near[:, -rim:] = cv2.GC_BGD
    # More iterations drift away from a good start: mean IoU falls from 0.970 (1) to 0.956 (5).
    return [(_split(contrast), 1), (_split(contrast * np.exp(-distance / 2)), 1), (near, 3)]


def _split(score: NDArray[np.floating]) -> Labels:
    """Label a 0..1 score by Otsu's threshold."""
    grey = (score * 255).astype(np.uint8)
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)
    return np.where(grey > threshold, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)


def _distance(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the squared elliptic distance to the centre: 0 there, 1 in the middle of each side."""
    height, width = image.shape[:2]
    y = (np.arange(height) + 0.5) / height * 2 - 1
    x = (np.arange(width) + 0.5) / width * 2 - 1
    return y[:, None] ** 2 + x[None, :] ** 2


def _contrast(image: NDArray[np.uint8]) -> NDArray[np.floating]:
    """Return the probability 0..1 that a pixel's colour is the centre's, not the border's."""
    height, width = image.shape[:2]
    y, x = np.arange(height)[:, None], np.arange(width)[None, :]
    depth = np.minimum(np.minimum(y, height - 1 - y), np.minimum(x, width - 1 - x))
    colours = (cv2.cvtColor(image, cv2.COLOR_RGB2LAB) // (256 // BINS)).astype(np.int64)
    index = (colours[..., 0] * BINS + colours[..., 1]) * BINS + colours[..., 2]
    centre = _frequency(index, np.exp(-2.5 * _distance(image)))
    border = _frequency(index, np.exp(-depth / (0.03 * min(height, width))))
    share = (centre + 1e-5) / (centre + border + 2e-5)  # 0.5 for a colour that neither has
    return np.asarray(cv2.GaussianBlur(share, (0, 0), 1.5))


def _frequency(index: NDArray[np.int64], weight: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the weighted frequency of each pixel's colour, in a smoothed histogram."""
    flat = np.bincount(index.ravel(), weight.ravel(), BINS**3)
    counts = flat.astype(np.float64).reshape((BINS,) * 3)
    for axis in (0, 1, 2) * 2:  # [1 2 1] / 4 twice along each: nearly a Gaussian of one bin
        padded = np.pad(counts, [(int(a == axis),) * 2 for a in range(3)], mode="edge")
        before, here, after = (np.take(padded, np.arange(BINS) + i, axis=axis) for i in range(3))
        counts = (before + 2 * here + after) / 4
    return (counts / counts.sum()).ravel()[index]


def _cut(image: NDArray[np.uint8], labels: Labels, iterations: int) -> _Guess:
    """Run GrabCut from initial labels, which it overwrites."""
    models = np.zeros((1, 65)), np.zeros((1, 65))
    subject = int(np.count_nonzero(labels & 1))
    if min(subject, labels.size - subject) < FEWEST:
        return _Guess(_subject(labels), *models)
    cv2.setRNGSeed(0)  # k-means draws its first centres from OpenCV's global generator
    cv2.grabCut(image, labels, None, *models, iterations, cv2.GC_INIT_WITH_MASK)
    return _Guess(clean(_subject(labels)), *models)


def _subject(labels: NDArray[np.integer]) -> Labels:
    return (labels & 1).astype(np.uint8)  # GC_FGD is 1 and GC_PR_FGD is 3


def _plausible(labels: Labels) -> bool:
    subject = int(np.count_nonzero(labels))
    enough = min(subject, labels.size - subject) >= FEWEST
    return enough and PLAUSIBLE[0] < subject / labels.size < PLAUSIBLE[1]


def _medoid(guesses: list[_Guess]) -> tuple[float, _Guess]:
    """Return the guess with the highest mean IoU with the others; the first of equals."""
    if len(guesses) == 1:
        return 1 / 3, guesses[0]  # two of three guesses failed
    pairs = np.array([[_overlap(a.labels, b.labels) for b in guesses] for a in guesses])
    agreement = (pairs.sum(axis=1) - 1) / (len(guesses) - 1)
    best = int(np.argmax(agreement))
    return float(agreement[best]), guesses[best]


def _refine(image: NDArray[np.uint8], guess: _Guess) -> Labels:
    """Redraw the outline at ``image``'s size, in a band, with the guess's colour models."""
    start = _enlarge(guess.labels, image.shape[:2])
    inner = cv2.erode(start, _disc(BAND), borderValue=1)
    outer = cv2.dilate(start, _disc(BAND))
    probable = np.where(start > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD)
    labels = np.where(inner > 0, cv2.GC_FGD, np.where(outer > 0, probable, cv2.GC_BGD))
    x, y, width, height = cv2.boundingRect(outer)
    box = slice(y, y + height), slice(x, x + width)
    inside, pixels = labels[box].astype(np.uint8), np.ascontiguousarray(image[box])
    models = guess.background.copy(), guess.foreground.copy()
    cv2.grabCut(pixels, inside, None, *models, 1, cv2.GC_EVAL_FREEZE_MODEL)
    labels[box] = inside
    return clean(_subject(labels))


def _scale(image: NDArray[np.generic], side: int) -> float:
    return min(1.0, side / float(np.sqrt(image.shape[0] * image.shape[1])))


def _shrink(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Shrink to the area of a square of ``side``; a smaller image stays as it is."""
    height, width = (max(1, round(_scale(image, side) * n)) for n in image.shape[:2])
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))


def _enlarge(labels: Labels, size: tuple[int, int]) -> Labels:
    """Enlarge 0/1 labels to ``size`` (height, width) with a smooth outline."""
    smooth = cv2.resize(labels * np.uint8(255), size[::-1], interpolation=cv2.INTER_LINEAR)
    return (smooth > 127).astype(np.uint8)


def _disc(radius: int) -> NDArray[np.uint8]:
    side = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
