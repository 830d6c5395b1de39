"""The colours of relevance, as tables for the browser to look up in."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

_STEPS = 17  # of a table: browsers interpolate between them


@cache
def inferno(steps: int = _STEPS) -> NDArray[np.float64]:
    """Return red, green, blue and opacity ``(steps, 4)``, 0..1, from no relevance to the most.

    Inferno without its black end, which would hide the photo; the more, the brighter and the more
    opaque. Its brightness rises all along, so it is read with any colour vision.
    """
    # Below a fifth of its way Inferno is nearly black.
    ramp = np.linspace(56, 255, steps).round().astype(np.uint8)
    colour = cv2.applyColorMap(ramp, cv2.COLORMAP_INFERNO)[:, 0, ::-1] / 255
    # Faint relevance shows sooner by the power, and the strongest lets the photo through.
    opacity = np.linspace(0, 1, steps) ** 0.7 * 0.85
    return np.column_stack([colour, opacity])


def tables() -> dict[str, str]:
    """Return the values of ``tableValues`` in an SVG filter by channel."""
    return {
        channel: " ".join(f"{v:.3f}" for v in column)
        for channel, column in zip("RGBA", inferno().T, strict=True)
    }


def gradient() -> str:
    """Return the colours with their opacity as a CSS gradient: a legend to be laid over greys."""
    stops = ", ".join(
        f"rgb({255 * r:.0f} {255 * g:.0f} {255 * b:.0f} / {opacity:.1%})"
        for r, g, b, opacity in inferno()
    )
    return f"linear-gradient(to right, {stops})"
