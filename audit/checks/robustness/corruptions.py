"""Ten ways in which photographs go wrong, five severities each, and how masks go with them.

After ImageNet-C (Hendrycks and Dietterich 2019, arXiv 1903.12261): its parameters for brightness,
contrast, both blurs, noise and JPEG. Rotation, zoom, translation and occlusion are this audit's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.interventions import effects

Mask = NDArray[np.bool_]
SEVERITIES = (1, 2, 3, 4, 5)


def corrupt(image: effects.Picture, key: str, severity: int, name: str) -> effects.Picture:
    """Return a corrupted copy of an image.

    Parameters
    ----------
    image : uint8 ``(H, W, 3)``
    key : str
        A key of `CORRUPTIONS`.
    severity : int
        1 (mild) to 5 (severe).
    name : str
        Of the image: seeds noise, directions and places, so that they are the same on every
        machine, in any order and at every severity.

    Returns
    -------
    uint8 ``(H, W, 3)``
    """
    kind = CORRUPTIONS[key]
    return kind.apply(image, kind.amounts[severity - 1], _random(key, name))


def map_back(
    heatmap: NDArray[Any], key: str, severity: int, name: str
) -> tuple[NDArray[np.float32], Mask]:
    """Return a corrupted image's heatmap in the geometry of the clean one.

    Parameters
    ----------
    heatmap : float ``(H, W)``
    key, severity, name
        As for `corrupt`.

    Returns
    -------
    heatmap : float32 ``(H, W)``
        Bilinear; 0 where it is not valid.
    valid : bool ``(H, W)``
        False where the corrupted image did not show the clean one's pixel.
    """
    values = np.ascontiguousarray(heatmap, np.float32)
    moved = _moved(values, key, severity, name)
    if moved is None:
        seen = ~_hidden(values.shape, key, severity, name)
        return np.where(seen, values, np.float32(0)), seen
    back = cv2.WARP_INVERSE_MAP
    size, edge = values.shape[::-1], cv2.BORDER_REPLICATE
    there = cv2.warpAffine(values, moved, size, flags=cv2.INTER_LINEAR | back, borderMode=edge)
    whole = np.ones(values.shape, np.uint8)
    seen = cv2.warpAffine(whole, moved, size, flags=cv2.INTER_NEAREST | back).astype(bool)
    return np.where(seen, there, np.float32(0)), np.asarray(seen)


def _random(key: str, name: str) -> np.random.Generator:
    digest = hashlib.sha256(f"{key}\0{name}".encode(errors="surrogatepass")).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def _moved(array: NDArray[Any], key: str, severity: int, name: str) -> NDArray[np.float64] | None:
    """Return the affine map from clean to corrupted pixels; None where pixels stay."""
    kind = CORRUPTIONS[key]
    if kind.moves is None:
        return None
    return kind.moves(array.shape, kind.amounts[severity - 1], _random(key, name))


def _hidden(shape: tuple[int, ...], key: str, severity: int, name: str) -> Mask:
    hidden = np.zeros(shape[:2], bool)
    if key == "occlusion":
        share = CORRUPTIONS[key].amounts[severity - 1]
        hidden[effects.square(shape, share, _random(key, name))] = True
    return hidden


@dataclass(frozen=True)
class Corruption:
    """One kind of corruption.

    Attributes
    ----------
    title : str
    group : str
        What it takes from the model: ``light``, ``detail``, ``geometry`` or ``parts``.
    amounts : tuple
        The parameter at each of `SEVERITIES`.
    unit : str
        What the parameter is, in words.
    apply : callable
        Image, parameter and random generator to the corrupted image.
    moves : callable or None
        Shape, parameter and random generator to the affine map from clean to corrupted pixels.
    """

    title: str
    group: str
    amounts: tuple[Any, ...]
    unit: str
    apply: Callable[[effects.Picture, Any, np.random.Generator], effects.Picture]
    moves: effects.Moves | None = None

    @property
    def words(self) -> str:
        """Title inside a sentence."""
        keeps = ("Gaussian", "JPEG")
        return self.title if self.title.startswith(keeps) else self.title.lower()


def _geometric(
    title: str, amounts: tuple[float, ...], unit: str, moves: effects.Moves
) -> Corruption:
    return Corruption(
        title=title,
        group="geometry",
        amounts=amounts,
        unit=unit,
        apply=effects.warped(moves),
        moves=moves,
    )


CORRUPTIONS: dict[str, Corruption] = {
    "brightness": Corruption(
        "Brightness",
        "light",
        (0.1, 0.2, 0.3, 0.4, 0.5),
        "added to the value of HSV (of 1)",
        effects.brightness,
    ),
    "contrast": Corruption(
        "Contrast",
        "light",
        (0.4, 0.3, 0.2, 0.1, 0.05),
        "of the distance to the mean colour kept",
        effects.contrast,
    ),
    "gaussian_blur": Corruption(
        "Gaussian blur",
        "detail",
        (1, 2, 3, 4, 6),
        "px standard deviation at 224 px",
        effects.gaussian_blur,
    ),
    "motion_blur": Corruption(
        "Motion blur",
        "detail",
        ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
        "px radius and standard deviation at 224 px",
        effects.motion_blur,
    ),
    "gaussian_noise": Corruption(
        "Gaussian noise",
        "detail",
        (0.08, 0.12, 0.18, 0.26, 0.38),
        "standard deviation (of 1)",
        effects.gaussian_noise,
    ),
    "jpeg": Corruption("JPEG", "detail", (25, 18, 15, 10, 7), "quality (of 100)", effects.jpeg),
    "rotation": _geometric(
        "Rotation", (5, 10, 20, 30, 45), "degrees, either way", effects.rotation
    ),
    "zoom": _geometric("Zoom", (1.1, 1.2, 1.4, 1.6, 2.0), "times enlarged", effects.zoom),
    "translation": _geometric(
        "Translation",
        (0.05, 0.1, 0.15, 0.2, 0.3),
        "of the side, in any direction",
        effects.translation,
    ),
    "occlusion": Corruption(
        "Occlusion",
        "parts",
        (0.05, 0.1, 0.2, 0.3, 0.4),
        "of the image under a grey square",
        effects.occlusion,
    ),
}
