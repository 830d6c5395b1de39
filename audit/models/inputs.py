"""Input of a model: the kind of image that it takes."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from audit.core.errors import ModelError

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow and OpenCV make grey of RGB


class ImageInput(NamedTuple):
    """A model's square input.

    Attributes
    ----------
    size : int
        Side in pixels.
    grey : bool
        One channel instead of RGB.
    whole : bool
        Pixels are whole numbers, so 0..255.
    """

    size: int
    grey: bool = False
    whole: bool = False

    def fed(self, images: Any) -> Any:
        """Return RGB images ``(n, H, W, 3)`` as the model takes them, luma where it wants grey."""
        if not self.grey:
            return images
        return tf.reduce_sum(images * tf.constant(_LUMA), axis=-1, keepdims=True)


def image_input(model: Any, image_size: int | None) -> ImageInput:
    """Return the model's input; ``image_size`` where the model leaves its size open.

    Raises
    ------
    ModelError
        The input is no such image, or its size contradicts ``image_size`` or is nowhere said.
    """
    shape = _input_shape(model)
    if isinstance(shape, dict):
        shape = list(shape.values())
    if isinstance(shape, list) and len(shape) > 1:
        raise ModelError(f"The model has {len(shape)} inputs: an audit needs one image.")
    shape = shape[0] if isinstance(shape, list) and shape else shape
    whole = _takes_whole_numbers(model)
    if not isinstance(shape, tuple) or len(shape) != 4:
        if shape is None and image_size:
            return ImageInput(image_size, whole=whole)
        mend = "; say its size with --image-size" if shape is None else ""
        raise ModelError(
            f"The model's input is {shape}: an audit needs one image (n, H, W, 3){mend}."
        )
    _refuse_other_layouts(shape)
    return ImageInput(_side(shape, image_size), shape[3] == 1, whole)


def _refuse_other_layouts(shape: tuple[int | None, ...]) -> None:
    _, height, width, channels = shape
    if height in (1, 3) and channels not in (1, 3):
        size = f"({width}, {channels}, {height})" if width else f"(None, None, {height})"
        raise ModelError(
            f"The model takes its channels first, {shape[1:]}, but images come as "
            f"{size}: wrap it, keras.Sequential([keras.Input({size}), "
            "keras.layers.Permute((3, 1, 2)), model]), and save that."
        )
    if channels not in (1, 3):
        raise ModelError(
            f"The model takes {channels} channels: an audit needs RGB, 3 channels, or grey, 1."
        )
    if height != width:
        raise ModelError(
            f"The model takes {height}x{width} pixels: an audit needs a square; wrap it, "
            f"keras.Sequential([keras.Input(({max(height or 0, width or 0)}, "
            f"{max(height or 0, width or 0)}, {channels})), keras.layers.Resizing({height}, "
            f"{width}), model]), and save that."
        )


def _side(shape: tuple[int | None, ...], image_size: int | None) -> int:
    height = shape[1]
    if height and image_size and height != image_size:
        raise ModelError(
            f"The model takes {height} pixels, not {image_size}: give --image-size {height}."
        )
    if not (height or image_size):
        raise ModelError("The model takes images of any size: choose one with --image-size.")
    return int(height or image_size or 0)


def _input_shape(model: Any) -> Any:
    """Return the shape that a model was made for, or built with; None where it was never said."""
    shape = getattr(model, "input_shape", None)
    if shape is None and hasattr(model, "get_build_config"):
        shape = (model.get_build_config() or {}).get("input_shape")
    return tuple(shape) if isinstance(shape, tuple | list) and shape[0] is None else shape


def _takes_whole_numbers(model: Any) -> bool:
    """Return whether the input is of integers; a file's bytes are refused."""
    inputs = getattr(model, "inputs", None)
    made = tf.nest.flatten(inputs)[0].dtype if inputs else getattr(model, "dtype", "float32")
    dtype = tf.as_dtype(made or "float32")
    if dtype == tf.string:
        raise ModelError(
            "The model takes encoded files, not pixels: export it with an image (n, H, W, 3) as "
            "its input."
        )
    return bool(dtype.is_integer)
