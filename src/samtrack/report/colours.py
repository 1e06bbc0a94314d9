"""Colours of tracks: equally bright hues, from the OKLCH colour space (B. Ottosson, 2020)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from samtrack.report.lineages import HUES, SHADES

Bytes = npt.NDArray[np.uint8]

PICTURE_SHADES = ((0.76, 0.17, 0.0), (0.67, 0.19, 0.2), (0.86, 0.13, -0.2))
"""Lightness, chroma and turn of the hue (radians) of the shades on pictures: seen on black and on bright cells."""

LINE_LIGHTNESS = 0.64
"""Lightness of lines on the page: a contrast of 3 against both a white and a near-black ground."""

LINE_CHROMA = 0.14
"""Chroma of lines on the page: the most that sRGB holds at that lightness for nearly all hues."""

_LMS = np.array([[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480]])
_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def oklch_to_rgb(lightness: npt.ArrayLike, chroma: npt.ArrayLike, hue: npt.ArrayLike) -> Bytes:
    """Bytes of sRGB (…, 3) for OKLCH colours; hue in radians. What sRGB cannot show is clipped."""
    hue = np.asarray(hue, dtype=np.float64)
    lab = np.stack(np.broadcast_arrays(lightness, chroma * np.cos(hue), chroma * np.sin(hue)), axis=-1)
    linear = np.clip((lab @ _LMS.T) ** 3 @ _RGB.T, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(encoded * 255).astype(np.uint8)


def picture_colours() -> Bytes:
    """Colours of tracks on pictures, (HUES * SHADES, 3), in the numbering of `choose_colours`."""
    hue = np.arange(HUES)[:, None] * (2 * np.pi / HUES)
    lightness, chroma, turn = np.array(PICTURE_SHADES).T
    return oklch_to_rgb(lightness, chroma, hue + turn).reshape(HUES * SHADES, 3)


def line_colours() -> list[str]:
    """Colours of lineages on the page, one per hue, as ``#rrggbb``."""
    rgb = oklch_to_rgb(LINE_LIGHTNESS, LINE_CHROMA, np.arange(HUES) * (2 * np.pi / HUES))
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in rgb.tolist()]
