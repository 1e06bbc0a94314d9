"""Classical segmentation, 2D and 3D: blobs of the cell's size, chosen over all thresholds, each with its own border.

1. Height: the blurred frame above its background map (`facts`).
2. Relief: height less a wider blur, a band-pass at the cell's scale, so that blurred cells part where they touch.
3. Regions: the best set of ellipse-like components over all thresholds of the relief (`regions`).
4. Borders: each region grows or shrinks to a share of its own median height (`borders`).

Every length is a share of the cell's diameter, per axis in micrometres, so anisotropic stacks need no care.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.config.segment import SeedsSettings
from samtrack.segment.base import Labels, Tiling
from samtrack.segment.borders import fit_borders
from samtrack.segment.facts import FrameFacts, measure_facts, smooth, smooth_reach
from samtrack.segment.grid import Grid, Image
from samtrack.segment.regions import RegionRules, select_regions
from samtrack.segment.tiles import plan_side
from samtrack.types import Box, Frames

RELIEF_BLUR = 0.25
"""Standard deviation of the wider blur, in cell diameters: the scale at which a disc of the cell's size answers most."""

RELIEF_SHARE = 0.85
"""How much of the wider blur is taken off. 1 would be a pure band-pass, which loses the flat middle of large cells; 0
the plain image, where touching cells merge. Scores are flat between 0.8 and 0.9."""

LARGEST_CELLS = 6.0
"""A region is at most this many times the size of a typical cell (a mother before division is 2, clones differ)."""

LARGEST_EXTENT = 2.5
"""A region is at most this many diameters long along each axis: an ellipse of the typical area may be six times as long as
wide. The halo of a tile grows with it."""

SMALLEST_REGION = 0.5
"""A region, before its border is fitted, may be this much smaller than the smallest cell: the relief narrows it."""

GROWTH = 0.25
"""Farthest that a border moves outwards from its region, in diameters."""

GROWTH_FLOOR = 0.6
"""Borders stop at this share of the lowest threshold: below it is noise."""

SPLIT_POWER = 14.0
"""Roundness power at split = 1; at 0.5 it is 7, where the scores of three movies were flat between 5 and 9."""

RELATIVE_FLOOR = 1e-3
"""Least height of a cell as a share of the frame's range, for frames without noise: rounding is not a cell."""

BYTES_PER_VOXEL = 100
"""Peak memory of `segment` per voxel read, the image included; measured 38 to 53 where voxels are working voxels,
doubled for frames in which more of them lie above the lowest threshold."""


FACTS_BYTES_PER_VOXEL = 24
"""Peak memory of `measure_facts` per voxel read: the image, itself as floats, and the two copies that a blur makes."""


@dataclass(frozen=True, slots=True)
class SeedsSegmenter:
    """The classical segmenter for cells of one diameter at one scale."""

    settings: SeedsSettings
    grid: Grid
    memory_gb: float | None = None
    """What one thread may take; None: tiles are as large as the settings say."""

    @property
    def tiling(self) -> Tiling:
        """Objects reach at most their extent and growth from the core; so does what decides about them."""
        cell = np.array(self.grid.cell_px)
        reach = np.array(smooth_reach(self.grid, self.settings.polarity)) + np.array(self.grid.reach_px(RELIEF_BLUR))
        halo = reach + 2 * np.array(self._extent_px()) + 3 * np.array(self._growth_px()) + np.ceil(cell / 8) + 2
        factors = np.array(self.grid.factors)
        side = self.settings.tile_px
        return Tiling(
            halo=tuple(int(h) for h in halo * factors),
            align=self.grid.factors,
            side=(side, side) if len(cell) == 2 else (side, side, side),
            bytes_per_voxel=BYTES_PER_VOXEL,
        )

    def frame_facts(self, images: Frames, frame: int) -> FrameFacts:
        """Background map and noise of the frame."""
        polarity, side = self.settings.polarity, self.tiling.side
        halo = tuple(r * f for r, f in zip(smooth_reach(self.grid, polarity), self.grid.factors, strict=True))
        pieces = Tiling(halo, self.grid.factors, side, FACTS_BYTES_PER_VOXEL)
        side = plan_side(images.shape, pieces, self.memory_gb)
        return measure_facts(images, frame, self.grid, polarity, side)

    def segment(self, image: npt.NDArray[Any], box: Box, facts: FrameFacts) -> Labels:
        """Labels of the voxels in ``box`` (aligned), in no particular order."""
        lowest = self._lowest_height(image.dtype, facts)
        height = self.height_above_background(image, box, facts)
        if not (height > lowest).any():
            return np.zeros(image.shape, dtype=np.uint32)
        relief = height - np.float32(RELIEF_SHARE) * self.grid.blur(height, RELIEF_BLUR)
        regions = select_regions(relief, lowest, self._rules())
        share = self.settings.sensitivity
        labels = fit_borders(regions, height, share, GROWTH_FLOOR * lowest, self._growth_px())
        size = np.bincount(labels.ravel())
        labels[size[labels] < self.settings.min_size_fraction * self.grid.cell_voxels] = 0
        return np.ascontiguousarray(self.grid.expand(labels, image.shape), dtype=np.uint32)

    def height_above_background(self, image: npt.NDArray[Any], box: Box, facts: FrameFacts) -> Image:
        """How far each working voxel of ``box`` rises over the background, blurred to the grain of a cell."""
        height = smooth(image, facts.offset, self.grid, self.settings.polarity)
        height -= facts.background_in(self.grid.shrunk(box))
        return height

    def _lowest_height(self, dtype: np.dtype[Any], facts: FrameFacts) -> float:
        """Least height of a cell: above noise, above the grey levels of an integer image, above rounding."""
        is_counted = self.settings.polarity != "texture" and not np.issubdtype(dtype, np.floating)
        span = float(np.ptp(facts.background)) + abs(float(facts.background.max()))
        return max(
            self.settings.min_contrast_sd * facts.noise_sd, 1.0 if is_counted else 0.0, RELATIVE_FLOOR * span, 1e-30
        )

    def _rules(self) -> RegionRules:
        cell = self.grid.cell_voxels
        return RegionRules(
            min_voxels=max(1.0, SMALLEST_REGION * self.settings.min_size_fraction * cell),
            max_voxels=LARGEST_CELLS * cell,
            max_extent_px=self._extent_px(),
            roundness_power=SPLIT_POWER * self.settings.split,
        )

    def _extent_px(self) -> tuple[int, ...]:
        return tuple(int(np.ceil(LARGEST_EXTENT * c)) for c in self.grid.cell_px)

    def _growth_px(self) -> tuple[int, ...]:
        return tuple(int(np.ceil(GROWTH * c)) for c in self.grid.cell_px)
