"""Discs around points that the user gives: what stands for cells where nobody has looked for their borders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.segment.base import Labels
from samtrack.types import Box, Frames

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PointsSegmenter:
    """A disc (ball) of ``diameter_um`` around each point of a frame; a voxel belongs to the nearest of them."""

    points_um: Callable[[int], Floats]
    diameter_um: float

    @property
    def tiling(self) -> None:
        """Whole frames."""
        return

    def frame_facts(self, images: Frames, frame: int) -> Labels:
        """The labels of the frame, numbered in the order of the points."""
        return discs(self.points_um(frame), self.diameter_um / 2, images.shape, images.scale.voxel_um)

    def segment(self, image: npt.NDArray[Any], box: Box, facts: Labels) -> Labels:
        """Labels of the voxels in ``box``."""
        return facts[box.slices]


def discs(points_um: Floats, radius_um: float, shape: tuple[int, ...], voxel_um: Floats) -> Labels:
    """Label i + 1 within ``radius_um`` of point i, and always in the voxel that holds it.

    Where several points want a voxel, the nearest has it, of equally near ones the first.
    """
    labels = np.zeros(shape, dtype=np.uint32)
    reach = np.ceil(radius_um / voxel_um).astype(np.int64)
    offset = np.stack(np.meshgrid(*(np.arange(-r, r + 1) for r in reach), indexing="ij"), axis=-1).reshape(
        -1, len(shape)
    )
    offset = offset[((offset * voxel_um) ** 2).sum(axis=1) <= (radius_um + np.linalg.norm(voxel_um)) ** 2]
    centre = np.rint(points_um / voxel_um).astype(np.int64)
    place = centre[:, None] + offset
    distance = np.linalg.norm(place * voxel_um - points_um[:, None], axis=2)
    is_own = (offset == 0).all(axis=1)[None]
    is_in = ((distance <= radius_um) | is_own) & ((place >= 0) & (place < shape)).all(axis=2)
    point, at = np.nonzero(is_in)
    voxel = np.ravel_multi_index(tuple(place[point, at].T), shape)
    order = np.lexsort((point, distance[point, at], voxel))
    nearest = order[np.diff(voxel[order], prepend=-1) != 0]
    labels.ravel()[voxel[nearest]] = point[nearest] + 1
    return labels
