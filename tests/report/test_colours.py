"""Colours can be seen on what they lie on."""

import numpy as np
import pytest

from samtrack.report.colours import line_colours, oklch_to_rgb, picture_colours


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Relative luminance as WCAG 2 defines it."""
    share = rgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Contrast ratio as WCAG 2 defines it."""
    high, low = np.maximum(luminance(a), luminance(b)), np.minimum(luminance(a), luminance(b))
    return (high + 0.05) / (low + 0.05)


def test_known_colours() -> None:
    assert oklch_to_rgb(1.0, 0.0, 0.0).tolist() == [255, 255, 255]
    assert oklch_to_rgb(0.0, 0.0, 0.0).tolist() == [0, 0, 0]
    red = oklch_to_rgb(0.62796, 0.25768, np.deg2rad(29.234))  # sRGB red, after Ottosson
    assert np.abs(red.astype(int) - [255, 0, 0]).max() <= 1


@pytest.mark.parametrize("ground", [(255, 255, 255), (21, 24, 27)])
def test_lines_are_seen_on_both_pages(ground: tuple[int, int, int]) -> None:
    lines = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in line_colours()])
    assert contrast(lines, np.array(ground)).min() > 2.9


def test_outlines_are_seen_on_black_and_all_differ() -> None:
    colours = picture_colours()
    assert contrast(colours, np.zeros(3)).min() > 5
    assert len(np.unique(colours, axis=0)) == len(colours)
