"""Maps that the report draws an image from, packed into the arrays of one ``.npz`` a part."""

from __future__ import annotations

import io
import math
import re
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from audit.core.geometry import upsample
from audit.core.registry import KEY
from audit.storage.readers import picture

# For pictures alone, chosen to keep an image's maps below 32 KB (dense heatmaps of optional
# explainers come on top of that).
IG_LEVELS, QUALITY = 12, 85
MOST_VALUES = 2**16  # of a heatmap in segments: which of them a pixel has is a uint16
MOST_SIDE = 4096  # pixels: of an image in the memory of whoever draws it
MOST_DONORS = 256  # as many as `audit.interventions.pool` draws
MOST_OPTIONAL = 32  # explainers besides: each has its heatmap of an image in memory
# Arrays by name and type, as `audit.storage.readers.arrays` wants them.
MAPS = {
    **{"names": "U", "images": "u1", "image_ends": "i8", "shape": "i8", "trimaps": "u1"},
    **{"regions": "u1", "gradcam": "f2", "ig": "u1", "ig_scale": "f4", "donors": "i2"},
    "donor_ends": "i8",
}
# And those of any optional explainer, behind its key: in segments, and dense.
_SEGMENTS = {"rows": "i8", "values": "f4", "value_ends": "i8", "places": "u1"}
_DENSE = {"where": "i8", "halves": "u1", "scales": "f4"}
_OF_OPTIONAL = re.compile(rf"({KEY.pattern})_({'|'.join(_SEGMENTS | _DENSE)})")
DONORS = {"names": "U", "images": "u1", "image_ends": "i8"}


@dataclass(frozen=True)
class Maps:
    """Everything that the report needs to draw one image.

    Attributes
    ----------
    image : uint8 ``(H, W, 3)``
        The model's input, RGB.
    trimap : uint8 ``(H, W)``
        255 foreground, 0 background, 128 unknown.
    gradcam : float16 ``(h, w)``
        Grad-CAM at the feature map's own size.
    ig : float32 ``(H, W)``
        Integrated Gradients, signed, summed over channels (stored in `IG_LEVELS` levels each way,
        clipped at its 99.9th percentile of magnitude: for pictures; scores are taken before).
    region : bool ``(H, W)``
        Part of the background whose removal cost the prediction most; nowhere true without one.
    donors : int16 ``(k,)``
        Rows of ``donors.npz`` on whose backgrounds the foreground was tried.
    optional : dict of float32 ``(H, W)``
        By optional explainer, signed; without those that were not asked about this image.
    """

    name: str
    image: NDArray[np.uint8]
    trimap: NDArray[np.uint8]
    gradcam: NDArray[np.float16]
    ig: NDArray[np.float32]
    region: NDArray[np.bool_]
    donors: NDArray[np.int16]
    optional: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    def heatmap(self, explainer: str) -> NDArray[np.float32]:
        """Return an explainer's heatmap at the image's size, float32 ``(H, W)``."""
        if explainer == "gradcam":
            return upsample(self.gradcam, self.image.shape[:2])
        return self.ig if explainer == "ig" else self.optional[explainer]


def kind_of(name: str) -> str | None:
    """Type of one of a part's arrays by its name; None of what is none of them."""
    optional = _OF_OPTIONAL.fullmatch(name)
    return (_SEGMENTS | _DENSE)[optional[2]] if optional else MAPS.get(name)


def pack_maps(maps: Sequence[Maps], dense: Collection[str] = ()) -> dict[str, NDArray[Any]]:
    """Arrays of one ``part-*.npz``; images as JPEG, IG as int8 with a scale each.

    Parameters
    ----------
    dense : collection of str
        Optional explainers whose heatmaps have about as many values as pixels. The heatmaps of all
        others are kept without loss, but those that have more than `MOST_VALUES` values after all.
    """
    jpegs = [_jpeg(m.image) for m in maps]
    trimaps = np.stack([m.trimap for m in maps])
    regions = np.packbits(np.stack([m.region for m in maps]), axis=-1)
    heatmaps = [np.nan_to_num(m.ig, posinf=0, neginf=0) for m in maps]
    scales = [_scale(np.abs(heatmap)) for heatmap in heatmaps]
    return {
        "names": np.array([m.name for m in maps], dtype=np.str_),
        "images": np.frombuffer(b"".join(jpegs), dtype=np.uint8),
        "image_ends": np.cumsum([len(j) for j in jpegs], dtype=np.int64),
        "shape": np.array(trimaps.shape, dtype=np.int64),
        "trimaps": _squeezed(trimaps),
        "regions": _squeezed(regions),
        "gradcam": np.stack([m.gradcam for m in maps]).astype(np.float16),
        "ig": _squeezed(
            np.stack(
                [
                    np.rint(np.clip(heatmap / scale, -1, 1) * IG_LEVELS).astype(np.int8)
                    for heatmap, scale in zip(heatmaps, scales, strict=True)
                ]
            ),
            zlib.Z_RLE,
        ),
        "ig_scale": np.array(scales, dtype=np.float32),
        "donors": np.concatenate([m.donors for m in maps]).astype(np.int16),
        "donor_ends": np.cumsum([len(m.donors) for m in maps], dtype=np.int64),
        **{
            key: array
            for name in dict.fromkeys(name for m in maps for name in m.optional)
            for key, array in _pack_optional(maps, name, name in dense).items()
        },
    }


def _pack_optional(maps: Sequence[Maps], name: str, dense: bool) -> dict[str, NDArray[Any]]:
    """Heatmaps of one optional explainer: each in segments where it can be, else dense."""
    asked = {row: m.optional[name] for row, m in enumerate(maps) if name in m.optional}
    found = {} if dense else {row: np.unique(h, return_inverse=True) for row, h in asked.items()}
    few = {row: both for row, both in found.items() if len(both[0]) <= MOST_VALUES}
    many = {row: heatmap for row, heatmap in asked.items() if row not in few}
    packed = (_pack_segments(few) if few else {}) | (_pack_dense(many) if many else {})
    return {f"{name}_{key}": array for key, array in packed.items()}


def _pack_segments(found: Mapping[int, tuple[NDArray[Any], ...]]) -> dict[str, NDArray[Any]]:
    """Pack heatmaps of few values without loss: the values, and which of them each pixel has."""
    places = np.stack([inverse for _, inverse in found.values()]).astype(np.uint16)
    return {
        "rows": np.array(list(found), np.int64),
        "values": np.concatenate([values for values, _ in found.values()]),
        "value_ends": np.cumsum([len(values) for values, _ in found.values()], dtype=np.int64),
        "places": _squeezed(places),
    }


def _pack_dense(found: Mapping[int, NDArray[np.float32]]) -> dict[str, NDArray[Any]]:
    """Heatmaps of many values as float16 shares of their largest magnitude.

    A pixel is off by 2**-10 of its own value at most, or by 2**-24 of the largest where it is
    near 0: floats keep the order of the small ones, which few even levels would not.
    """
    scales = np.array([_largest(heatmap) for heatmap in found.values()], np.float32)
    shares = [heatmap / scale for heatmap, scale in zip(found.values(), scales, strict=True)]
    return {
        "where": np.array(list(found), np.int64),
        "halves": _squeezed(np.stack(shares).astype(np.float16)),
        "scales": scales,
    }


def _largest(heatmap: NDArray[np.float32]) -> float:
    """Its largest finite magnitude; 1 where all is 0 or undefined."""
    return float(np.abs(heatmap[np.isfinite(heatmap)]).max(initial=0)) or 1.0


def _unpack_optional(
    arrays: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, int]
) -> Iterator[tuple[int, NDArray[Any]]]:
    """Inverse of `_pack_optional`: rows and their heatmaps, in order."""
    own = {key: arrays.get(f"{name}_{key}") for key in _SEGMENTS | _DENSE}
    return merge(_unpack_segments(own, shape), _unpack_dense(own, shape), key=itemgetter(0))


def _unpack_segments(
    own: Mapping[str, Any], shape: tuple[int, int]
) -> Iterator[tuple[int, NDArray[Any]]]:
    if own["rows"] is None:
        return
    places = _inflated(own["places"], np.uint16, shape)
    values = np.split(own["values"], own["value_ends"][:-1])
    for row, palette in zip(own["rows"].tolist(), values, strict=True):
        yield row, palette[next(places)]


def _unpack_dense(
    own: Mapping[str, Any], shape: tuple[int, int]
) -> Iterator[tuple[int, NDArray[Any]]]:
    if own["where"] is None:
        return
    halves = _inflated(own["halves"], np.float16, shape)
    for row, scale in zip(own["where"].tolist(), own["scales"], strict=True):
        yield row, next(halves).astype(np.float32) * scale


def _squeezed(array: NDArray[Any], strategy: int = zlib.Z_DEFAULT_STRATEGY) -> NDArray[np.uint8]:
    """Deflate an array's bytes; Z_RLE makes noise smaller in an eighth of the time."""
    deflate = zlib.compressobj(strategy=strategy)
    squeezed = deflate.compress(array.tobytes()) + deflate.flush()
    return np.frombuffer(squeezed, dtype=np.uint8)


def _inflated(
    squeezed: NDArray[np.uint8], kind: type, shape: tuple[int, int]
) -> Iterator[NDArray[Any]]:
    """Invert `_squeezed`, one image after the other: no more is inflated than one holds."""
    inflate, left = zlib.decompressobj(), squeezed.tobytes()
    size = math.prod(shape) * np.dtype(kind).itemsize
    while True:
        image = inflate.decompress(left, size)
        left = inflate.unconsumed_tail
        yield np.frombuffer(image, dtype=kind).reshape(shape)


def _scale(magnitudes: NDArray[np.float32]) -> float:
    """Return what the last level stands for: a few outliers must not cost all others theirs."""
    return float(np.quantile(magnitudes, 0.999)) or float(magnitudes.max()) or 1.0


def unpack_maps(arrays: Mapping[str, NDArray[Any]], side: int | None = None) -> Iterator[Maps]:
    """Invert `pack_maps`, one image at a time: no more than one is in memory.

    Parameters
    ----------
    arrays : mapping
        Of any origin, of the types that `kind_of` tells.
    side : int, optional
        Pixels that images must have each way; `MOST_SIDE` at most where it is not known.

    Raises
    ------
    Exception
        Of many kinds, where the arrays do not agree with each other or with ``side``.
    """
    count, height, width = arrays["shape"].tolist()
    _refuse_shapes(arrays, (count, height, width), side)
    jpegs = _cut(arrays["images"], arrays["image_ends"])
    donors = np.split(arrays["donors"], arrays["donor_ends"][:-1])
    trimaps = _inflated(arrays["trimaps"], np.uint8, (height, width))
    packed = _inflated(arrays["regions"], np.uint8, (height, -(-width // 8)))
    ig = _inflated(arrays["ig"], np.int8, (height, width))
    optional = {name: _unpack_optional(arrays, name, (height, width)) for name in _optional(arrays)}
    ahead = {name: next(found, None) for name, found in optional.items()}
    for i, jpeg in enumerate(jpegs):
        asked = {name: found[1] for name, found in ahead.items() if found and found[0] == i}
        ahead |= {name: next(optional[name], None) for name in asked}
        yield Maps(
            name=str(arrays["names"][i]),
            image=picture(jpeg, "JPEG", height * width, (width, height)),
            trimap=next(trimaps),
            gradcam=arrays["gradcam"][i],
            ig=next(ig).astype(np.float32) * (arrays["ig_scale"][i] / IG_LEVELS),
            region=np.unpackbits(next(packed), axis=-1, count=width).astype(bool),
            donors=donors[i],
            optional=asked,
        )
    if any(ahead.values()):
        raise ValueError("rows of optional explainers are out of order")


def _optional(arrays: Mapping[str, NDArray[Any]]) -> list[str]:
    """Name the optional explainers that there are arrays of, in their order."""
    named = filter(None, map(_OF_OPTIONAL.fullmatch, arrays))
    found = list(dict.fromkeys(each[1] for each in named))
    if len(found) > MOST_OPTIONAL:
        raise ValueError(f"heatmaps of {len(found):,} explainers")
    return found


def _refuse_shapes(
    arrays: Mapping[str, NDArray[Any]], shape: tuple[int, int, int], side: int | None
) -> None:
    """Raise `ValueError` where arrays are not of one length, or images larger than they may be."""
    count, *sides = shape
    if not all(0 < s <= MOST_SIDE and s == (side or s) for s in sides):
        raise ValueError(f"images of {sides[0]} by {sides[1]} pixels")
    each = ("names", "image_ends", "donor_ends", "gradcam", "ig_scale")
    if {len(arrays[key]) for key in each} != {count}:
        raise ValueError("its arrays are of several lengths")
    if any(array.ndim != 1 for name, array in arrays.items() if name != "gradcam"):
        raise ValueError("its arrays are nested")
    if arrays["gradcam"].ndim != 3 or max(arrays["gradcam"].shape[1:]) > max(sides):
        raise ValueError(f"Grad-CAM of shape {arrays['gradcam'].shape}")


def _cut(joined: NDArray[np.uint8], ends: NDArray[np.int64]) -> list[bytes]:
    """Cut apart files that lie one behind the other."""
    stops = ends.tolist()
    return [joined[a:b].tobytes() for a, b in zip([0, *stops], stops, strict=False)]


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def pack_donors(names: Sequence[str], backgrounds: NDArray[np.uint8]) -> bytes:
    """Pack ``donors.npz``: names, and backgrounds ``(n, H, W, 3)`` as JPEG."""
    jpegs = [_jpeg(background) for background in backgrounds]
    buffer = io.BytesIO()
    np.savez(
        buffer,
        names=np.array(names, dtype=np.str_),
        images=np.frombuffer(b"".join(jpegs), dtype=np.uint8),
        image_ends=np.cumsum([len(j) for j in jpegs], dtype=np.int64),
    )
    return buffer.getvalue()


def unpack_donors(arrays: Mapping[str, NDArray[Any]]) -> list[bytes]:
    """Invert `pack_donors`: JPEGs, still to be decoded; `ValueError` where there are many."""
    if len(arrays["image_ends"]) > MOST_DONORS:
        raise ValueError(f"{len(arrays['image_ends']):,} backgrounds, of at most {MOST_DONORS}")
    return _cut(arrays["images"], arrays["image_ends"])
