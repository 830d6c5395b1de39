"""What size of image a model takes."""

from __future__ import annotations

from typing import Any

from audit.errors import ModelError


def input_size(model: Any, image_size: int | None) -> int:
    """Side of the model's square RGB input; ``image_size`` where the model leaves it open.

    Raises
    ------
    ModelError
        The input is no such image, or its size contradicts ``image_size`` or is nowhere said.
    """
    shape = _input_shape(model)
    if isinstance(shape, list) and len(shape) > 1:
        raise ModelError(f"The model has {len(shape)} inputs: an audit needs one image.")
    shape = shape[0] if isinstance(shape, list) else shape
    if not isinstance(shape, tuple) or len(shape) != 4:
        if shape is None and image_size:
            return image_size
        mend = "; say its size with --image-size" if shape is None else ""
        raise ModelError(
            f"The model's input is {shape}: an audit needs one image (n, H, W, 3){mend}."
        )
    _, height, width, channels = shape
    if channels != 3:
        raise ModelError(f"The model takes {channels} channels: an audit needs RGB, 3 channels.")
    if height != width:
        raise ModelError(f"The model takes {height}x{width} pixels: an audit needs a square.")
    if height and image_size and height != image_size:
        raise ModelError(
            f"The model takes {height} pixels, not {image_size}: give --image-size {height}."
        )
    if not (height or image_size):
        raise ModelError("The model takes images of any size: choose one with --image-size.")
    return int(height or image_size or 0)


def _input_shape(model: Any) -> Any:
    """Shape that a model was made for, or built with; None where it was never said."""
    shape = getattr(model, "input_shape", None)
    if shape is None and hasattr(model, "get_build_config"):
        shape = (model.get_build_config() or {}).get("input_shape")
    return tuple(shape) if isinstance(shape, tuple | list) and shape[0] is None else shape
