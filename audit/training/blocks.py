"""The blocks of a backbone, read off the names of its layers: what fine-tuning unfreezes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from audit.core.errors import ModelError

_BLOCK = re.compile(
    r"conv\d+_block\d+_"  # ResNet
    r"|stage_\d+_block_\d+_"  # ConvNeXt
    r"|Stage_\d+_[XY]Block_\d+_"  # RegNet
    r"|expanded_conv_(?:\d+_)?"  # MobileNetV3
    r"|block\d+[a-z]*_"  # EfficientNet, EfficientNetV2, EfficientNet-Lite0
)
_HALVING = re.compile(r"downsampling_block_(\d+)$")  # ConvNeXt's, between two stages


def blocks(backbone: Any) -> list[list[Any]]:
    """Return the layers of each block, from input to output.

    What comes before the first block is the stem, and in none; what comes after the last one, such
    as EfficientNet's ``top_conv``, belongs to it. ConvNeXt's halving belongs to the block after it.

    Parameters
    ----------
    backbone : keras.Model
        Of `audit.models.backbones.build_backbone`.

    Returns
    -------
    list[list[keras.Layer]]
        Empty where the names tell of no block.
    """
    return blocks_of(backbone.layers)


def blocks_of(layers: Iterable[Any]) -> list[list[Any]]:
    """Return what `blocks` does, of layers from input to output."""
    found: dict[str, list[Any]] = {}
    current = ""
    for layer in layers:
        current = _block_of(layer.name) or current
        if current:
            found.setdefault(current, []).append(layer)
    return list(found.values())


def last_blocks(backbone: Any, count: int) -> list[Any]:
    """Return the layers of the last ``count`` blocks, from input to output.

    Raises
    ------
    ModelError
        The backbone has fewer blocks.
    """
    found = blocks(backbone)
    if count > len(found):
        raise ModelError(f"{backbone.name} has {len(found)} blocks, not {count}: ask for fewer.")
    return [layer for block in found[len(found) - count :] for layer in block]


def _block_of(name: str) -> str | None:
    """Return what the layers of one block have in common in their names; None outside of blocks."""
    halving = _HALVING.search(name)
    if halving:
        return f"stage_{int(halving[1]) + 1}_block_0_"
    found = _BLOCK.search(name)
    return found[0] if found else None
