"""Colours of tracks in viewers: a small palette of bright hues, so that equal tracks look equal in all layers."""

from __future__ import annotations

import colorsys

import numpy as np
import numpy.typing as npt

N_COLOURS = 60
"""Colours of the palette: with more, neighbours in it can no longer be told apart."""

GOLDEN = 0.618034
"""Turn of the hue from one colour to the next, in circles: colours of successive tracks are far apart."""

LIGHTNESS = (0.62, 0.72, 0.54)
"""Lightness of successive colours (HLS): seen on black and on bright cells."""


def palette() -> npt.NDArray[np.uint8]:
    """The colours, (N_COLOURS, 3) bytes of RGB."""
    colours = [colorsys.hls_to_rgb((i * GOLDEN) % 1.0, LIGHTNESS[i % len(LIGHTNESS)], 0.9) for i in range(N_COLOURS)]
    return np.round(np.array(colours) * 255).astype(np.uint8)


def colour_of(track: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Place of each track's colour in the palette."""
    return (np.asarray(track, dtype=np.int64) - 1) % N_COLOURS
