"""How large the cells of a movie are, where the user does not say: the size at which they are best explained.

The classical segmenter runs at a ladder of diameters on a crop of the first, the middle and the last frame. The diameter
whose objects hold most of the light, weighted by their roundness, wins; the objects found with it are
measured, and with their size once more. Parts of cells are ragged and hold part of the light, clumps are not round, so
both score less.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.config.segment import Prompts3dSettings, Sam2SegmentSettings, SeedsSettings, SegmentSettings
from samtrack.errors import DataError
from samtrack.segment.grid import Grid
from samtrack.segment.regions import ellipse_likeness
from samtrack.segment.seeds import SPLIT_POWER, SeedsSegmenter
from samtrack.segment.tiles import segment_frame
from samtrack.types import ArrayFrames, Box, Frames

LADDER_RATIO = 1.4
"""From one diameter tried to the next; objects found at 0.7 to 1.4 times the true diameter have the
true size within 15 %."""

LEAST_DIAMETER_PX = 4.0
"""Smallest diameter tried, in the finest voxels: cells below that must be announced, for noise looks
like them."""

LARGEST_SHARE = 0.6
"""Largest diameter tried, as a share of the frame's longest side."""

CROP_VOXELS = 2**19
"""Largest crop of a frame (724 x 724, or 80 cubed): some hundred cells, and a few seconds for a movie."""

SURE_CONTRAST_SD = 5.0
"""Least contrast of the cells measured: noise at the smallest diameters must not pass for cells."""

SETTLED = 0.05
"""The measured size is used again until it changes by less than this, at most `REPEATS` times."""
REPEATS = 3

Crop = ArrayFrames


def measure_diameter(images: Frames, settings: SegmentSettings) -> float:
    """Diameter in micrometres of the disc (ball) as large as a typical cell of the movie."""
    frames = sorted({0, images.n_frames // 2, images.n_frames - 1})
    crops = [_liveliest_crop(images, frame) for frame in frames]
    classical = settings.seeds if isinstance(settings, Sam2SegmentSettings | Prompts3dSettings) else settings
    plain = classical if isinstance(classical, SeedsSettings) else SeedsSettings()
    sure = plain.model_copy(update={"min_contrast_sd": max(plain.min_contrast_sd, SURE_CONTRAST_SD)})
    tried = [(_explain(crops, sure, diameter), diameter) for diameter in _ladder(images)]
    (score, sizes), _ = max(tried, key=lambda entry: entry[0][0])
    if score <= 0:
        raise DataError(
            f"No cell can be seen in frames {', '.join(map(str, frames))} (segment.polarity: {sure.polarity}), so the "
            "diameter of a cell cannot be measured. Set movie.cell_diameter_um, or correct segment.polarity."
        )
    diameter = _typical(sizes, images)
    for _ in range(REPEATS):
        score, sizes = _explain(crops, sure, diameter)
        if score <= 0:
            break
        before, diameter = diameter, _typical(sizes, images)
        if abs(diameter / before - 1) < SETTLED:
            break
    return diameter


def _ladder(images: Frames) -> list[float]:
    """Diameters to try, in micrometres; at least one."""
    least = LEAST_DIAMETER_PX * float(images.scale.voxel_um.min())
    largest = LARGEST_SHARE * float((images.scale.voxel_um * images.shape).max())
    steps = max(0, int(np.log(max(largest / least, 1.0)) / np.log(LADDER_RATIO)))
    return [least * LADDER_RATIO**step for step in range(steps + 1)]


def _explain(crops: Sequence[Crop], settings: SeedsSettings, diameter: float) -> tuple[float, npt.NDArray[np.int64]]:
    """Light held by round objects when cells have this diameter, and the objects' sizes in voxels.

    Of texture the share that they hold, for its strength depends on the scale it is measured at; of light not the share,
    for the noise in the rest depends on the blur, thus on the diameter tried.
    """
    held, whole, sizes = 0.0, 0.0, []
    for crop in crops:
        segmenter = SeedsSegmenter(settings, Grid.of(crop.scale, diameter))
        labels = segment_frame(segmenter, crop, 0)
        facts = segmenter.frame_facts(crop, 0)
        box = Box((0,) * len(crop.shape), crop.shape)
        height = segmenter.height_above_background(crop.read(0), box, facts)
        whole += float(np.maximum(height, 0).sum(dtype=np.float64))
        places = np.stack(np.nonzero(labels))
        object_of = labels[tuple(places)].astype(np.int64) - 1
        if object_of.size:
            coarse = tuple(p // f for p, f in zip(places, segmenter.grid.factors, strict=True))
            light = np.bincount(object_of, height[coarse]) / np.prod(segmenter.grid.factors)
            roundness = ellipse_likeness(object_of, places) ** (SPLIT_POWER / 2)
            held += float((light * roundness).sum())
            sizes.append(_whole_objects(labels, object_of))
    if settings.polarity == "texture" and whole > 0:
        held /= whole
    return held, np.concatenate([np.zeros(0, dtype=np.int64), *sizes])


def _whole_objects(labels: npt.NDArray[Any], object_of: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Sizes in voxels of the objects that the crop's sides do not cut; of all if it cuts all."""
    size = np.bincount(object_of)
    is_cut = np.zeros(len(size) + 1, dtype=np.bool_)
    for axis, length in enumerate(labels.shape):
        if length > 1:
            is_cut[labels.take([0, length - 1], axis)] = True
    whole = size[~is_cut[1:]]
    return whole if whole.size else size


def _typical(sizes: npt.NDArray[np.int64], images: Frames) -> float:
    """Diameter of the median object. Not weighted by area, for clumps that stay together would pull it up."""
    return float(2 * images.scale.radius_um(np.median(sizes) * images.scale.size_per_voxel))


def _liveliest_crop(images: Frames, frame: int) -> Crop:
    """The frame, or of a large one the crop that varies most among its middle and the middles of its corners."""
    side = list(images.shape)
    while np.prod(side) > CROP_VOXELS:
        axis = int(np.argmax(side))
        side[axis] -= max(1, side[axis] // 8)
    shares = [(0.5,) if n == s else (0.25, 0.75) for n, s in zip(images.shape, side, strict=True)]
    spots = dict.fromkeys([(0.5,) * len(side), *product(*shares)])
    crops = [images.read(frame, _box_at(spot, side, images.shape)) for spot in spots]
    return ArrayFrames([max(crops, key=lambda crop: float(crop.std(dtype=np.float64)))], images.scale)


def _box_at(spot: tuple[float, ...], side: list[int], shape: tuple[int, ...]) -> Box:
    """A box of ``side`` voxels with its middle at ``spot`` (shares of the frame), moved inside the frame."""
    start = tuple(min(max(int(p * n) - s // 2, 0), n - s) for p, n, s in zip(spot, shape, side, strict=True))
    return Box(start, tuple(a + s for a, s in zip(start, side, strict=True)))
