"""Least memory that a run takes, held against what this process can have.

A shortage that is beyond doubt is one line before anything is begun, not a process that the system
ends. The bounds lie far below what was measured (benchmarks on the page on scale), so that no run
is refused which would have gone through.
"""

from __future__ import annotations

import math
import resource
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from audit.core.errors import ConfigError
from audit.settings import Config

MIB, GIB = 1 << 20, 1 << 30
BASE = 500 * MIB  # TensorFlow, imported; 717 MiB measured
COPIES = 3  # of the weights: the model's, the frozen graph's, and those of its folded layers
IMAGES = 2  # whose maps a gradient by the image holds at once
PIXELS = 4  # times a batch's float32 images: 6 measured with EfficientNet-Lite0
KEPT = 0.5  # share of a batch's maps that a training step holds; 0.97 and 1.35 measured
_FLOAT = 4  # bytes
_MEND = "give a smaller --batch-size or --image-size, --workers 0, or take a larger machine"
_V2 = Path("/sys/fs/cgroup")
_LIMITS = {"memory.max": ("memory.current", "file"),
           "memory.limit_in_bytes": ("memory.usage_in_bytes", "total_cache")}  # fmt: skip


def refuse_asking(model: Any, config: Config) -> None:
    """Raise `ConfigError` where a model cannot be asked and explained in the memory there is."""
    maps = IMAGES * _maps(getattr(model, "layers", []))
    batch = PIXELS * config.training.batch_size * _image(model, config)
    _refuse(COPIES * _weights(model) + max(maps, batch), "Auditing this model")


def refuse_training(backbone: Any, tuned: Iterable[Any], config: Config) -> None:
    """Raise `ConfigError` where a backbone cannot be trained in the memory there is.

    Parameters
    ----------
    backbone : keras.Model
    tuned : iterable of keras.layers.Layer
        Those that are fine-tuned, whose maps a step holds.
    """
    maps = int(KEPT * config.training.batch_size * _maps(tuned))
    batch = PIXELS * config.training.batch_size * _image(backbone, config)
    _refuse(COPIES * _weights(backbone) + max(maps, batch), f"Training {config.model.backbone}")


def room() -> int:
    """Return bytes that this process can have in all, those that it has already included."""
    own = psutil.Process().memory_info()
    limits = [psutil.virtual_memory().available, *_groups(_V2), *_groups(_V2 / "memory")]
    for kind, used in (
        (resource.RLIMIT_AS, own.vms),
        (resource.RLIMIT_DATA, getattr(own, "data", 0)),
    ):
        most = resource.getrlimit(kind)[0]
        if most != resource.RLIM_INFINITY:
            limits.append(most - used)
    return max(0, min(limits)) + int(own.rss)


def _refuse(need: int, what: str) -> None:
    need, have = need + BASE, room()
    if need > have and not _on_gpu():
        raise ConfigError(
            f"{what} takes {need / GIB:.1f} GiB of memory at least, and {have / GIB:.1f} GiB can "
            f"be had: {_MEND}."
        )


def _on_gpu() -> bool:
    """Return whether maps lie in a GPU's memory, of which nothing is said here."""
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def _groups(top: Path) -> Iterator[int]:
    """Yield the bytes left in this process's control groups below ``top``, and in those around.

    What files take of them is given back when it is needed.
    """
    for own in {
        line.rpartition(":")[2].strip("/") for line in _read_lines(Path("/proc/self/cgroup"))
    }:
        folder = top / own
        around = [group for group in folder.parents if group.is_relative_to(top)]
        for group in (folder, *around):
            yield from _left(group)


def _left(group: Path) -> Iterator[int]:
    for limit, (usage, cache) in _LIMITS.items():
        with suppress(OSError, ValueError):  # no such file, or no limit
            most, used = (int((group / name).read_text()) for name in (limit, usage))
            held = dict(line.split() for line in _read_lines(group / "memory.stat"))
            yield most - used + int(held.get(cache, 0))


def _read_lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []


def _weights(model: Any) -> int:
    return _FLOAT * int(model.count_params() or 0)


def _image(model: Any, config: Config) -> int:
    """Return the bytes of one float32 image; 0 where its size is not known yet."""
    shape = getattr(model, "input_shape", None)
    known = [shape[1]] if isinstance(shape, tuple) and len(shape) == 4 else []
    side = next((side for side in [*known, config.model.image_size] if side), 0)
    return _FLOAT * 3 * side * side


def _maps(layers: Iterable[Any]) -> int:
    """Return the bytes of what layers give for one image, as far as their shapes are known."""
    found = 0
    for layer in layers:
        if inner := getattr(layer, "layers", None):
            found += _maps(inner)
            continue
        with suppress(AttributeError, TypeError, ValueError):  # called twice, or of an open size
            found += _FLOAT * math.prod(int(side) for side in layer.output.shape[1:])
    return found
