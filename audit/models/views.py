"""Views of an image for test-time augmentation: cropped and mirrored, and the ways back."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Axes = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Weights of rows and of columns: ``out = rows @ image @ columns.T`` for each channel."""
_LEAST_SEEN = 0.85  # of the side is seen; less would cut foregrounds


class View(NamedTuple):
    """A square part of an image at the image's own size, and perhaps mirrored.

    An affine map along each axis, so all that it does is two products with matrices. No view
    reaches beyond the image: nothing is invented at the border.

    Attributes
    ----------
    left, top : float
        Where the part begins, in shares of the side.
    side : float
        Its side, 0..1 of the image's; 1 is all of it.
    mirrored : bool
        Left and right change places.
    """

    left: float = 0.0
    top: float = 0.0
    side: float = 1.0
    mirrored: bool = False

    def sampling(self, size: int) -> Axes:
        """Return bilinear weights ``(size, size)`` from the image to the view; rows sum to 1."""
        middles = self.side * (np.arange(size) + 0.5) - 0.5
        rows, columns = (_linear(b * size + middles, size) for b in (self.top, self.left))
        return rows, columns[::-1] if self.mirrored else columns

    def way_back(self, size: int) -> Axes:
        """Return weights ``(size, size)`` that take the view's values to their places in the image.

        Rows sum to 1 where the view sees the image and to 0 where it does not.
        """
        middles = np.arange(size) + 0.5
        rows, columns = (
            _linear((middles - b * size) / self.side - 0.5, size)
            * _within(middles / size, b, self.side)
            for b in (self.top, self.left)
        )
        return rows, columns[:, ::-1] if self.mirrored else columns

    def show(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the view of square images ``(n, H, W, 3)``."""
        rows, columns = self.sampling(images.shape[1])
        return np.einsum("ip,npqc,jq->nijc", rows, images, columns, optimize=True)

    def give_back(self, relevance: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give relevance ``(..., H, W)`` of the view's pixels to the pixels that they were made of.

        The transpose of `show`: each pixel gets by the weight it had, so the sum stays.
        """
        rows, columns = self.sampling(relevance.shape[-1])
        return np.asarray(rows.T @ relevance @ columns)


def draw_views(count: int, seed: int) -> list[View]:
    """Draw the image itself, its mirror image, then random parts of it, every other one mirrored.

    View ``k`` is a function of ``(seed, k)`` alone: the same for every image and ``count``.
    """
    return [_view(k, seed) for k in range(count)]


def _view(number: int, seed: int) -> View:
    mirrored = number % 2 == 1
    if number < 2:
        return View(mirrored=mirrored)
    random = np.random.default_rng([seed, number])  # more views change none of the first
    side = random.uniform(_LEAST_SEEN, 1)
    left, top = random.uniform(0, 1 - side, 2)
    return View(left, top, side, mirrored)


def _linear(places: NDArray[Any], size: int) -> NDArray[np.float32]:
    """Return linear interpolation's weights at ``places`` in pixels; outermost values go on."""
    near = np.clip(places, 0, size - 1)
    return np.maximum(0, 1 - np.abs(near[:, None] - np.arange(size))).astype(np.float32)


def _within(middles: NDArray[Any], begin: float, side: float) -> NDArray[np.float32]:
    """Return 1 where pixels, by their middles in shares of the side, are seen: ``(n, 1)``."""
    seen = (middles >= begin) & (middles <= begin + side)
    return seen[:, None].astype(np.float32)
