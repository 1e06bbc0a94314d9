"""The shape of a cell between two observations: signed distances, moved onto the path and blended.

A signed distance (micrometres, positive inside) says how deep each voxel lies. The distances of both observations are
moved so that their centroids meet at the point of the straight path that belongs to the frame, averaged by nearness in
time, and cut at the level that gives the mask the size between the two: an average alone shrinks shapes that differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from samtrack.types import Box, Scale

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

MARGIN = 2
"""Voxels around both shapes in which the distance is known: one for the rest of a shift, one for a true outside."""


SAME_DEPTH_UM = 1e-9
"""Depths that differ by less are equal: far below a voxel, far above rounding."""


@dataclass(frozen=True, slots=True)
class Observation:
    """A cell as seen in one frame: its mask, cut to ``box`` (voxels of the frame), and its centroid in micrometres."""

    mask: Bools
    box: Box
    centroid_um: Floats


def canvas_between(boxes: tuple[Box, Box], centroids_um: tuple[Floats, Floats], weight: float, scale: Scale) -> Box:
    """The voxels in which a shape between two observations can lie; may reach beyond the image.

    ``weight`` is 0 at the first observation and 1 at the second.
    """
    middle = _middle(centroids_um, weight)
    shifts = [(middle - centroid) / scale.voxel_um for centroid in centroids_um]
    start = np.min([np.floor(box.start + shift) for box, shift in zip(boxes, shifts, strict=True)], axis=0)
    stop = np.max([np.ceil(box.stop + shift) for box, shift in zip(boxes, shifts, strict=True)], axis=0)
    return Box(tuple((start - MARGIN).astype(int)), tuple((stop + MARGIN).astype(int)))


def depth_between(first: Observation, second: Observation, weight: float, canvas: Box, scale: Scale) -> Floats:
    """Depth in micrometres of each voxel of ``canvas``: above 0 inside the shape between the two observations."""
    middle = _middle((first.centroid_um, second.centroid_um), weight)
    depth = (1 - weight) * _moved_depth(first, middle, canvas, scale)
    depth += weight * _moved_depth(second, middle, canvas, scale)
    size = (1 - weight) * np.count_nonzero(first.mask) + weight * np.count_nonzero(second.mask)
    return depth - _level_of_size(depth, round(size))


def _middle(centroids_um: tuple[Floats, Floats], weight: float) -> Floats:
    return (1 - weight) * centroids_um[0] + weight * centroids_um[1]


def _moved_depth(seen: Observation, to_um: Floats, canvas: Box, scale: Scale) -> Floats:
    """Signed distance of an observation whose centroid is moved to ``to_um``, on the voxels of ``canvas``."""
    # voxel x of the canvas shows what lies at x + shift in the observation's own frame
    shift = (seen.centroid_um - to_um) / scale.voxel_um
    whole = np.floor(shift).astype(int)
    corner = np.asarray(canvas.start) + whole
    ground = np.zeros(tuple(n + 1 for n in canvas.shape), dtype=bool)
    place = tuple(slice(a, b) for a, b in zip(seen.box.start - corner, seen.box.stop - corner, strict=True))
    ground[place] = seen.mask
    depth = distance_transform_edt(ground, scale.um_per_voxel) - distance_transform_edt(~ground, scale.um_per_voxel)
    for axis, part in enumerate(shift - whole):
        lower, upper = np.split(depth, [depth.shape[axis] - 1], axis=axis)[0], np.delete(depth, 0, axis=axis)
        depth = (1 - part) * lower + part * upper
    return np.asarray(depth, dtype=np.float64)


def _level_of_size(depth: Floats, n_voxels: int) -> float:
    """The level above which about ``n_voxels`` voxels lie: halfway between the last one in and the first one out.

    Where these two are equally deep, as in a bar one voxel high, all of their depth are in or all out, whichever comes
    nearer to the number; never all of the shape.
    """
    n = min(max(n_voxels, 1), depth.size - 1)
    ordered = np.partition(depth.ravel(), (depth.size - n - 1, depth.size - n))
    first_out, last_in = float(ordered[depth.size - n - 1]), float(ordered[depth.size - n])
    if last_in - first_out > SAME_DEPTH_UM:
        return (first_out + last_in) / 2
    deeper, shallower = depth > last_in + SAME_DEPTH_UM, depth < first_out - SAME_DEPTH_UM
    n_deeper, n_with = np.count_nonzero(deeper), depth.size - np.count_nonzero(shallower)
    if n_deeper and n - n_deeper < n_with - n:
        return (last_in + float(depth[deeper].min())) / 2
    return (first_out + float(depth[shallower].max())) / 2
