"""What is measured on the whole frame before its tiles: the map of the background and the level of the noise.

The frame is blurred to the grain of a cell and sampled a few times per cell diameter; three samples a side make a patch.
Dark samples of the patches give the background, the quiet patches the noise. The samples lie at fixed voxels of the frame,
so the facts do not depend on the tiles through which it is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from samtrack.errors import DataError
from samtrack.segment.grid import Grid, Image, block_mean, interpolate
from samtrack.types import Box, Frames

GRAIN = 0.07
"""Blur before thresholds, in cell diameters (standard deviation): wide enough to drown noise and grains inside cells,
narrow enough to leave the border of a cell where it is."""

TEXTURE_SCALE = 0.02
"""Scale of the gradient that stands for texture, in cell diameters: organelles, not outlines. At least 0.6 voxels."""

TEXTURE_BLUR = 0.15
"""Averaging of the texture, in cell diameters: closes the gaps between the grains of one cell. Of 0.06, 0.1 and 0.15 the
last found most cells in DIC."""

TEXTURE_FLUCTUATION = 0.4
"""Texture of pure noise after averaging: its standard deviation over its mean, times the square root of the number of
grains averaged; measured 0.30 to 0.42 on white noise, 2D and 3D, cells of 12 to 120 voxels."""

SAMPLES_PER_CELL = 4
PATCH = 3
"""Samples a side of a patch; patches of half a diameter fit between cells that stand close, and inside cells."""

DARK_SHARE = 0.2
"""The background of a patch is the value that this share of its samples fall below."""

DARK_BIAS_SD = 1.0
"""How far the opened map of such values lies below the mean of pure noise, in standard deviations; measured 0.95 to 1.02
on white noise, 2D and 3D, cells of 6 to 30 voxels."""

BACKGROUND_CELLS = 5.0
"""Width of the opening that bridges cells, in diameters: clumps up to this size do not raise the background."""

QUIET_SHARE = 0.25
QUIET_BIAS = 0.63
"""Noise variance is the lower quartile over patches, 0.63 of the mean for 9 normal samples (chi-square, 8 degrees of
freedom); three quarters of the patches may hold cells."""


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """Background map and noise of one frame. ``offset`` is subtracted from all voxels so that float32 loses nothing."""

    offset: float
    background: Image
    first: tuple[float, ...]
    step: tuple[float, ...]
    noise_sd: float
    shape: tuple[int, ...]

    def background_in(self, box: Box) -> Image:
        """The background at each working voxel of ``box``."""
        return interpolate(self.background, self.first, self.step, box)


def smooth(image: npt.NDArray[Any], offset: float, grid: Grid, polarity: str) -> Image:
    """The image as the segmenter sees it: cells bright, on the working grid, blurred to the grain."""
    wide = image.dtype.itemsize > 4 or image.dtype == np.uint32
    plain = np.subtract(image, offset, dtype=np.float64 if wide else np.float32).astype(np.float32, copy=False)
    if polarity == "dark":
        np.negative(plain, out=plain)
    elif polarity == "texture":
        plain = ndimage.gaussian_gradient_magnitude(plain, _texture_sigma(grid), mode="reflect", truncate=3.0)
    coarse = block_mean(plain, grid.factors)
    if polarity == "texture":
        coarse = grid.blur(coarse, TEXTURE_BLUR)
    return grid.blur(coarse, GRAIN)


def smooth_reach(grid: Grid, polarity: str) -> tuple[int, ...]:
    """How far `smooth` looks, in working voxels."""
    reach = np.array(grid.reach_px(GRAIN))
    if polarity == "texture":
        gradient = np.floor(3.0 * np.array(_texture_sigma(grid)) + 0.5)
        reach = reach + np.array(grid.reach_px(TEXTURE_BLUR)) + np.ceil(gradient / np.array(grid.factors)).astype(int)
    return tuple(int(r) for r in reach)


def measure_facts(images: Frames, frame: int, grid: Grid, polarity: str, side: tuple[int, ...]) -> FrameFacts:
    """Background and noise of a frame, read in tiles of about ``side`` voxels (which does not change the result).

    Of each tile only its patches are kept: a thousandth of the voxels, or of texture, whose level is that of all samples,
    a tenth of the working voxels.
    """
    corner = images.read(frame, Box((0,) * grid.ndim, (1,) * grid.ndim))
    offset = float(corner.ravel()[0])
    if not np.isfinite(offset):
        raise DataError(_not_finite(frame))
    extent = grid.shape_of(images.shape)
    step = [max(1, round(c / SAMPLES_PER_CELL)) for c in grid.cell_px]
    first = [min(s // 2, (n - 1) // 2) for s, n in zip(step, extent, strict=True)]
    count = [len(range(a, n, s)) for a, n, s in zip(first, extent, step, strict=True)]
    patch = tuple(min(PATCH, n) for n in count)
    unit = [s * k * f for s, k, f in zip(step, patch, grid.factors, strict=True)]
    runs = [_runs(n, k, max(1, m // u)) for n, k, m, u in zip(count, patch, side, unit, strict=True)]
    halo = tuple(r * f for r, f in zip(smooth_reach(grid, polarity), grid.factors, strict=True))
    dark = np.empty([-(-n // k) for n, k in zip(count, patch, strict=True)], dtype=np.float32)
    variance, levels = np.empty_like(dark), []
    for run in product(*runs):
        core = Box(tuple(a * u for (a, _), u in zip(run, unit, strict=True)), _stop_of(run, unit, images.shape))
        read = grid.aligned(core.grown(halo, images.shape), images.shape)
        image = smooth(images.read(frame, read), offset, grid, polarity)
        if not np.isfinite(image).all():
            raise DataError(_not_finite(frame))
        origin = grid.shrunk(read).start
        within = [
            p + s * np.arange(a * k, min(b * k, n)) - o
            for p, s, (a, b), k, n, o in zip(first, step, run, patch, count, origin, strict=True)
        ]
        patches = _patches(image[np.ix_(*within)], patch)
        place = tuple(slice(a, b) for a, b in run)
        dark[place] = np.quantile(patches, DARK_SHARE, axis=-1)
        variance[place] = patches.var(axis=-1, ddof=1 if patches.shape[-1] > 1 else 0)
        if polarity == "texture":
            levels.append(patches.ravel())
    noise = _texture_noise(np.concatenate(levels), grid) if polarity == "texture" else _plain_noise(variance)
    places = tuple(a + s * (k - 1) / 2 for a, s, k in zip(first, step, patch, strict=True))
    pitch = tuple(float(s * k) for s, k in zip(step, patch, strict=True))
    return FrameFacts(offset, _background(dark, noise, pitch, grid), places, pitch, noise, images.shape)


def _runs(samples: int, patch: int, most: int) -> list[tuple[int, int]]:
    """Patches of one axis (start, stop) that are measured together, about ``most``; a cut off last patch not alone."""
    n = -(-samples // patch)
    parts = -(-n // most)
    edges = [n * i // parts for i in range(parts + 1)]
    if samples % patch and parts > 1 and edges[-1] - edges[-2] == 1:
        del edges[-2]
    return list(pairwise(edges))


def _stop_of(run: tuple[tuple[int, int], ...], unit: list[int], shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(min(b * u, n) for (_, b), u, n in zip(run, unit, shape, strict=True))


def _plain_noise(variance: Image) -> float:
    """Standard deviation of the noise, from the quiet patches."""
    return float(np.sqrt(np.quantile(variance, QUIET_SHARE) / QUIET_BIAS))


def _texture_noise(samples: Image, grid: Grid) -> float:
    """Fluctuation of the averaged texture where there is noise alone; from its level, for cells may leave no quiet patch."""
    level = float(np.quantile(samples, DARK_SHARE))
    blur = np.hypot(TEXTURE_BLUR, GRAIN) * np.array(grid.cell_px) * np.array(grid.factors)
    return TEXTURE_FLUCTUATION * level * float(np.sqrt(np.prod(np.array(_texture_sigma(grid)) / blur)))


def _background(dark: Image, noise_sd: float, pitch: tuple[float, ...], grid: Grid) -> Image:
    """Background of each patch: its dark samples, opened so that cells are bridged, smoothed."""
    window = [2 * round(BACKGROUND_CELLS * c / s / 2) + 1 for c, s in zip(grid.cell_px, pitch, strict=True)]
    low = ndimage.percentile_filter(dark, 100 * DARK_SHARE, size=window, mode="reflect")
    opened = ndimage.percentile_filter(low, 100 * (1 - DARK_SHARE), size=window, mode="reflect")
    smooth_map = ndimage.gaussian_filter(opened, 1.0, mode="reflect", truncate=2.0)
    return smooth_map + np.float32(DARK_BIAS_SD * noise_sd)


def _patches(samples: Image, side: tuple[int, ...]) -> Image:
    """Samples grouped by patch along a last axis; the rim is completed by mirroring."""
    padded = np.pad(samples, [(0, -n % k) for n, k in zip(samples.shape, side, strict=True)], mode="symmetric")
    split = [m for n, k in zip(padded.shape, side, strict=True) for m in (n // k, k)]
    ndim = samples.ndim
    grouped = padded.reshape(split).transpose(*range(0, 2 * ndim, 2), *range(1, 2 * ndim, 2))
    return grouped.reshape(*grouped.shape[:ndim], -1)


def _texture_sigma(grid: Grid) -> list[float]:
    """Scale of the gradient in voxels of the frame."""
    return [max(0.6, TEXTURE_SCALE * c * f) for c, f in zip(grid.cell_px, grid.factors, strict=True)]


def _not_finite(frame: int) -> str:
    return (
        f"frame {frame}: the image holds NaN or infinite values, expected finite intensities. "
        "Set ingest.not_finite: zero, or repair the images."
    )
