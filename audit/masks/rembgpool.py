"""Segmentation by rembg's U2-Net, in one thread beside the audit's own work."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import ConfigError, DataError, first_line
from audit.masks.softmask import trimap_of

# By name: which one rembg takes by itself has changed, and not every licence is a free one.
MODEL = "u2net"
_MISSING = (
    "--segmenter rembg needs a package: pip install 'flower-audit[segment]', or leave it out for "
    "GrabCut."
)

Trimap = NDArray[np.uint8]


def refuse_missing() -> None:
    """Raise `ConfigError` where rembg is not installed; to import it would take seconds."""
    if not all(map(find_spec, ("rembg", "onnxruntime"))):
        raise ConfigError(_MISSING)


class RembgPool:
    """Segmentation in a thread, or in line without workers; ONNX Runtime uses all cores for one.

    Call `close` in the end, also after an error.
    """

    def __init__(self, workers: int) -> None:
        self._thread = ThreadPoolExecutor(1) if workers else None

    def close(self) -> None:
        """Stop after the image that is being segmented."""
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)

    def start(self, image: NDArray[np.uint8]) -> Callable[[], Trimap]:
        """Begin to segment a uint8 RGB image; the callable returned waits for its trimap."""
        if self._thread is None:
            return lambda: _segment(image)
        return self._thread.submit(_segment, image).result


def _segment(image: NDArray[np.uint8]) -> Trimap:
    remove, session = _opened()
    try:
        soft = np.asarray(remove(image, session=session, only_mask=True), np.uint8)
    except Exception as error:  # whatever the runtime raises for one image
        raise DataError(f"it failed: {first_line(error)}") from None
    return trimap_of(soft, (image.shape[0], image.shape[1]))


@cache
def _opened() -> tuple[Any, Any]:
    """Return rembg's function and its model, which it fetches the first time.

    Raises
    ------
    ConfigError
        There is no rembg, or no model: no image will have a mask.
    """
    refuse_missing()
    try:
        from rembg import new_session, remove
    except (ImportError, SystemExit):  # with a broken ONNX Runtime it would end the process
        raise ConfigError(_MISSING) from None
    try:
        return remove, new_session(MODEL)
    except Exception as error:  # of whatever fetches or reads the model
        raise ConfigError(
            f"rembg cannot get its model {MODEL}: {first_line(error)}; leave --segmenter out for "
            "GrabCut."
        ) from None
