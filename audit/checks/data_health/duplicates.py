"""Near-duplicates: perceptual hashes propose pairs of images, finer detail confirms them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

BITS = 63  # 8 x 8 low frequencies less the mean, which only says how bright the image is
MOST_BITS = 10  # that the hashes of near-duplicates differ in
LEAST_LIKENESS = 0.6  # of their finer detail
MOST_PAIRS = 100_000  # where a data set is one scene again and again, more say nothing new
_MOST_TRIED = 5_000_000  # of the pairs that hashes propose: about a minute
SHAPE = (32, 32)  # of the grey thumbnail
_LOW = 8  # side of its corner of low frequencies
_COARSE = 2.0  # standard deviation, in pixels of the thumbnail, of what is no detail
_PLAIN = 1.0  # grey levels of detail (root mean square) below which there is nothing to compare
_ROWS, _CHUNK = 256, 4096  # rows of a product, pairs of a step: they bound the memory
# Mirroring an image turns the sign of every odd horizontal frequency.
_MIRROR = np.where(np.arange(_LOW * _LOW) % _LOW % 2, -1, 1).astype(np.float32)[1:]


@dataclass(frozen=True)
class Signature:
    """Features that an image is compared by.

    Attributes
    ----------
    bits : bool ``(63,)``
        Signs of the lowest frequencies but the mean.
    detail : float16 ``(32, 32)``
        The grey thumbnail less its coarse part, mean 0 and norm 1; all 0 where the image is too
        plain to be told from others.
    """

    bits: NDArray[np.bool_]
    detail: NDArray[np.float16]

    @property
    def plain(self) -> bool:
        """True where there is nothing to compare."""
        return not self.detail.any()

    @property
    def text(self) -> str:
        """Hash in 16 hexadecimal digits; "" where the image is too plain."""
        number = int.from_bytes(np.packbits(self.bits).tobytes(), "big")
        return "" if self.plain else f"{number:016x}"


@dataclass(frozen=True)
class Pairs:
    """Near-duplicates among n images, each pair once.

    Attributes
    ----------
    a, b : int ``(p,)``
        Places of the images, ``a < b``.
    distance : int ``(p,)``
        Bits that differ, 0..`MOST_BITS`; lower is more alike.
    likeness : float ``(p,)``
        Correlation of their detail, `LEAST_LIKENESS`..1; higher is more alike.
    mirrored : bool ``(p,)``
        Whether one is like the other's mirror image.
    complete : bool
        False where the search was given up, because there are too many pairs.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    distance: NDArray[np.int64]
    likeness: NDArray[np.float64]
    mirrored: NDArray[np.bool_]
    complete: bool


def signature(image: NDArray[np.uint8]) -> Signature:
    """Return the signature of an RGB image.

    The hash is that of the discrete cosine transform (pHash; Zauner 2010, "Implementation and
    benchmarking of perceptual image hash functions"), cut at 0 and not at the median: on both
    sides of 0 there are as many signs, and those of a mirror image are known without drawing it.

    Parameters
    ----------
    image : uint8 ``(h, w, 3)``
        Of any size and shape: it is squashed to a square.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, SHAPE, interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:_LOW, :_LOW].ravel()[1:]
    detail = small - cv2.GaussianBlur(small, (0, 0), _COARSE)
    detail -= detail.mean()
    norm = float(np.linalg.norm(detail))
    plain = norm < _PLAIN * np.sqrt(small.size)
    return Signature(low > 0, (detail * (0 if plain else 1 / norm)).astype(np.float16))


def near_duplicates(bits: NDArray[np.bool_], detail: NDArray[np.float16]) -> Pairs:
    """Return every pair of near-duplicates; time grows with n squared, memory with n.

    Hashes of at most `MOST_BITS` different bits, as they are or with one mirrored, propose a pair;
    it is one where the detail has a correlation of at least `LEAST_LIKENESS`. Among the 33.5
    million pairs of Oxford Flowers 102 the hashes propose 123, and detail keeps 29 of them.

    Parameters
    ----------
    bits : bool ``(n, 63)``
    detail : float16 ``(n, 32, 32)``
        As `Signature` has them.

    Returns
    -------
    Pairs
        In the order of ``a``, then ``b``. Not all of them where there are more than `MOST_PAIRS`,
        or where far too many images are laid out alike.
    """
    known = np.flatnonzero(detail.any(axis=(1, 2)))
    signs = np.where(bits[known], 1, -1).astype(np.float32)
    found: list[NDArray[np.float64]] = [np.empty((5, 0))]
    pairs, tried, complete = 0, 0, True
    for start, (a, b) in _proposed(signs):
        rows = np.stack([known[a + start], known[b + start]])
        found.append(_confirmed(rows, signs[a + start], signs[b + start], detail))
        pairs, tried = pairs + found[-1].shape[1], tried + len(a)
        if pairs > MOST_PAIRS or tried > _MOST_TRIED:
            complete = False
            break
    first, second, distance, likeness, mirrored = np.concatenate(found, axis=1)
    return Pairs(
        a=first.astype(np.int64),
        b=second.astype(np.int64),
        distance=distance.astype(np.int64),
        likeness=likeness,
        mirrored=mirrored.astype(bool),
        complete=complete,
    )


def _proposed(
    signs: NDArray[np.float32],
) -> Iterator[tuple[int, tuple[NDArray[np.int64], NDArray[np.int64]]]]:
    """Yield a place and pairs counted from there whose hashes are near, some thousands at a time.

    A product of signs is the bits that agree less those that differ, exact in float32.
    """
    least = BITS - 2 * MOST_BITS
    for start in range(0, len(signs), _ROWS):
        rows, rest = signs[start : start + _ROWS], signs[start:].T
        agree = np.maximum(rows @ rest, (rows * _MIRROR) @ rest)
        a, b = np.nonzero(np.triu(agree, 1) >= least)
        for k in range(0, len(a), _CHUNK):
            yield start, (a[k : k + _CHUNK], b[k : k + _CHUNK])


def _confirmed(
    rows: NDArray[np.int64],
    a: NDArray[np.float32],
    b: NDArray[np.float32],
    detail: NDArray[np.float16],
) -> NDArray[np.float64]:
    """Return the pairs that detail confirms: indices, distance, likeness, mirrored ``(5, p)``."""
    ones, others = (detail[row].astype(np.float32) for row in rows)
    likeness = np.stack(
        [np.einsum("nij,nij->n", side, others) for side in (ones, ones[:, :, ::-1])]
    )
    distance = np.stack([(BITS - (side * b).sum(axis=1)) / 2 for side in (a, a * _MIRROR)])
    likeness[distance > MOST_BITS] = -1
    mirrored = likeness.argmax(axis=0)
    way = mirrored, np.arange(len(mirrored))
    kept = likeness[way] >= LEAST_LIKENESS
    alike = np.minimum(likeness[way], 1)  # half floats may add up to a hair more
    return np.stack([*rows, distance[way], alike, mirrored])[:, kept]


def group_sizes(a: ArrayLike, b: ArrayLike) -> list[int]:
    """Return the sizes of the groups that pairs join, the largest first."""
    names, indices = np.unique(np.stack([np.asarray(a), np.asarray(b)]), return_inverse=True)
    if not names.size:
        return []
    first, second = indices.reshape(2, -1)
    group = joined(first, second, len(names))
    return sorted(np.bincount(group).tolist(), reverse=True)


def joined(a: ArrayLike, b: ArrayLike, n: int) -> NDArray[np.int64]:
    """Return the group of each of ``n`` images that pairs join, int ``(n,)``; most are alone."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first, second = np.asarray(a), np.asarray(b)
    graph = coo_array((np.ones(len(first)), (first, second)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def order(
    pairs: Pairs, label: NDArray[np.int64], split: NDArray[Any], tested: str
) -> NDArray[np.int64]:
    """Return the order in which pairs matter.

    Pairs of different labels come first, then those of a test image with one of another split,
    then others across splits, then the rest; the most alike first in each.

    Parameters
    ----------
    pairs : Pairs
    label : int ``(n,)``
        Of each image.
    split : str ``(n,)``
        Of each image.
    tested : str
        The test split's name.
    """
    a, b = pairs.a, pairs.b
    same_label, same_split = label[a] == label[b], split[a] == split[b]
    untested = (split[a] != tested) & (split[b] != tested)
    keys = (-pairs.likeness, pairs.distance, untested, same_split, same_label)
    return np.asarray(np.lexsort(keys), dtype=np.int64)


def leaked(
    a: NDArray[np.int64], b: NDArray[np.int64], split: NDArray[Any], tested: str
) -> NDArray[np.bool_]:
    """Return the test images ``(n,)`` that have a near-duplicate in another split.

    Parameters
    ----------
    a, b : int ``(p,)``
        Pairs, as indices of images.
    split, tested
        As for `order`.
    """
    found = np.zeros(len(split), bool)
    for one, other in ((a, b), (b, a)):
        found[one[(split[one] == tested) & (split[other] != tested)]] = True
    return found
