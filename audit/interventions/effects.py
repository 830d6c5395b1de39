"""Corruptions of pixels: pure functions of an image, a parameter and a random generator.

Geometric ones are affine maps from clean to corrupted pixels, so that masks can go with them.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.uint8]
Moves = Callable[[tuple[int, ...], float, np.random.Generator], NDArray[np.float64]]
_SIDE = 224  # to which ImageNet-C's parameters in pixels belong
_GREY = 127  # of what occludes


def _rounded(values: NDArray[Any]) -> Picture:
    return np.asarray(np.rint(np.clip(values, 0, 255)), np.uint8)


def _scale(image: Picture) -> float:
    return min(image.shape[:2]) / _SIDE


def brightness(image: Picture, added: float, _: np.random.Generator) -> Picture:
    """Raise the value of HSV; hue and saturation stay, so all channels grow by one factor."""
    value = image.max(axis=2, keepdims=True).astype(np.float32)
    brighter = np.minimum(value + np.float32(255 * added), 255)
    return _rounded(np.where(value > 0, image * (brighter / np.maximum(value, 1)), brighter))


def contrast(image: Picture, kept: float, _: np.random.Generator) -> Picture:
    """Draw every pixel towards the image's mean colour."""
    means = image.mean(axis=(0, 1), keepdims=True, dtype=np.float64)
    return _rounded(image * np.float32(kept) + ((1 - kept) * means).astype(np.float32))


def gaussian_blur(image: Picture, sigma: float, _: np.random.Generator) -> Picture:
    """Blur evenly; ``sigma`` in pixels of an image of side 224."""
    wide = sigma * _scale(image)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), wide, borderType=cv2.BORDER_REFLECT_101))


def motion_blur(
    image: Picture, amount: tuple[float, float], random: np.random.Generator
) -> Picture:
    """Blur along a line, -45 to 45 degrees steep: half a Gaussian, as a shutter leaves it."""
    reach, sigma = (value * _scale(image) for value in amount)
    kernel = _streak(reach, sigma, np.radians(random.uniform(-45, 45)))
    return np.asarray(cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT_101))


def _streak(reach: float, sigma: float, angle: float) -> NDArray[np.float32]:
    """Return the blur's kernel, its centre of mass in the middle, so that nothing moves."""
    along = np.arange(0, 2 * reach + 1)
    weights = np.exp(-(along**2) / (2 * sigma**2))
    along = along - np.average(along, weights=weights)
    half = int(np.ceil(np.abs(along).max())) + 1
    grid = np.arange(-half, half + 1)
    down, across = (
        np.maximum(1 - np.abs(grid[:, None] - along * turn), 0)
        for turn in (np.sin(angle), np.cos(angle))
    )
    kernel = (down * weights) @ across.T
    return np.asarray(kernel / kernel.sum(), np.float32)


def gaussian_noise(image: Picture, deviation: float, random: np.random.Generator) -> Picture:
    """Add noise, each pixel and channel its own."""
    noise = random.standard_normal(image.shape, np.float32)
    return _rounded(image + np.float32(255 * deviation) * noise)


def jpeg(image: Picture, quality: float, _: np.random.Generator) -> Picture:
    """Compress and decompress."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=int(quality))
    return np.asarray(Image.open(buffer))


def occlusion(image: Picture, share: float, random: np.random.Generator) -> Picture:
    """Put a grey square over the image (DeVries and Taylor 2017, arXiv 1708.04552)."""
    covered = image.copy()
    covered[square(image.shape, share, random)] = _GREY
    return covered


def square(
    shape: tuple[int, ...], share: float, random: np.random.Generator
) -> tuple[slice, slice]:
    """Return rows and columns of a rectangle of the image's form; larger ones hold smaller."""
    places = random.random(2)
    sides = [round(side * share**0.5) for side in shape[:2]]
    starts = [
        round(place * (all_of - side))
        for place, side, all_of in zip(places, sides, shape[:2], strict=True)
    ]
    rows, columns = (slice(start, start + n) for start, n in zip(starts, sides, strict=True))
    return rows, columns


def _about_centre(shape: tuple[int, ...], linear: NDArray[np.float64]) -> NDArray[np.float64]:
    centre = np.array([shape[1] - 1, shape[0] - 1]) / 2
    return np.column_stack([linear, centre - linear @ centre])


def rotation(
    shape: tuple[int, ...], degrees: float, random: np.random.Generator
) -> NDArray[np.float64]:
    """Turn about the centre, either way by the seed."""
    angle = np.radians(degrees) * random.choice([-1, 1])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return _about_centre(shape, turn)


def zoom(shape: tuple[int, ...], factor: float, _: np.random.Generator) -> NDArray[np.float64]:
    """Enlarge about the centre."""
    return _about_centre(shape, factor * np.eye(2))


def translation(
    shape: tuple[int, ...], share: float, random: np.random.Generator
) -> NDArray[np.float64]:
    """Shift by a share of the side, in the direction that the seed gives."""
    angle = random.uniform(0, 2 * np.pi)
    shift = share * np.array([np.cos(angle) * shape[1], np.sin(angle) * shape[0]])
    return np.column_stack([np.eye(2), shift])


def warped(moves: Moves) -> Callable[[Picture, float, np.random.Generator], Picture]:
    """Move an image; what comes in from outside is its mirror image, no black wedge."""

    def apply(image: Picture, amount: float, random: np.random.Generator) -> Picture:
        moved = moves(image.shape, amount, random)
        mirror, size = cv2.BORDER_REFLECT_101, image.shape[1::-1]
        return np.asarray(
            cv2.warpAffine(image, moved, size, flags=cv2.INTER_LINEAR, borderMode=mirror)
        )

    return apply
