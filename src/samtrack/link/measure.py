"""From the masks of one frame to rows of `Detections`, and from all rows to what is typical of a movie.

Every column is a sum over voxels taken in raster order, so it depends neither on the labels' numbers nor on their order.
A voxel is a box, not a point: its own extent counts in the second moments, so that a single voxel is round.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from samtrack.blocks import relabelled
from samtrack.errors import DataError
from samtrack.link.voxels import Ints, labels_in, require_labels, slabs
from samtrack.types import Detections, Origin, Scale, Typical

Floats = npt.NDArray[np.float64]

# Mean squared distance from the centre of a disc or ball, in squared radii: n / (n + 2) in n dimensions.
COMPACT = {2: 2 / 4, 3: 3 / 5}


def measure_detections(
    labels: npt.NDArray[np.integer],
    frame: int,
    scale: Scale,
    image: npt.NDArray[np.generic] | None = None,
    origin: Origin = Origin.GIVEN,
) -> Detections:
    """The objects of one frame as a table; one row per label, in increasing order of label.

    ``labels`` and ``image`` are (z)yx; labels may be any integers above 0. Without an image the intensities are NaN.
    """
    require_labels(labels, scale.ndim)
    if image is not None and image.shape != labels.shape:
        raise DataError(f"frame {frame}: image is {image.shape}, labels are {labels.shape}; expected the same shape.")
    known = labels_in(labels)
    if len(known) == 0:
        return Detections.empty(scale.ndim)
    sums = _first_sums(labels, known, image)
    centre_px = sums.position / sums.voxels[:, None]
    mean = sums.intensity / sums.voxels
    covariance_px, variance = _second_moments(labels, known, image, (centre_px, mean))
    size_um = sums.voxels * scale.size_per_voxel
    elongation, spread = _shape(covariance_px, size_um, scale)
    centroid_um = centre_px * scale.voxel_um
    gap_px = np.minimum(sums.box_start, np.asarray(labels.shape) - sums.box_stop)
    return Detections(
        frame=np.full(len(known), frame),
        label=known,
        centroid_um=centroid_um,
        size_um=size_um,
        box_start=sums.box_start,
        box_stop=sums.box_stop,
        intensity=mean,
        intensity_sd=np.sqrt(variance),
        elongation=elongation,
        spread=spread,
        neighbour_um=_nearest_other(centroid_um),
        border_um=(gap_px * scale.voxel_um).min(axis=1),
        origin=np.full(len(known), int(origin)),
    )


def summarise(detections: Detections) -> Typical:
    """What is typical of the cells of a movie; all of it 0 or infinite if there are no cells."""
    n = len(detections)
    if n == 0:
        return Typical(radius_um=0.0, neighbour_um=float("inf"), cells_per_frame=0.0, n_detections=0)
    radius = radius_of(detections.size_um, detections.ndim)
    near = detections.neighbour_um[np.isfinite(detections.neighbour_um)]
    return Typical(
        radius_um=float(np.median(radius)),
        neighbour_um=float(np.median(near)) if len(near) else float("inf"),
        cells_per_frame=n / len(np.unique(detections.frame)),
        n_detections=n,
    )


def radius_of(size_um: Floats, ndim: int) -> Floats:
    """Radius in micrometres of the disc (2D) or ball (3D) of each size."""
    return Scale((1.0,) * ndim).radius_um(size_um)


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums over the voxels of each object: voxels, positions (voxels), intensities; and the box."""

    voxels: Floats
    position: Floats
    intensity: Floats
    box_start: Ints
    box_stop: Ints


def _voxels_of(
    labels: npt.NDArray[np.integer], slab: slice, known: Ints
) -> tuple[Ints, npt.NDArray[np.int32], list[Ints]]:
    """The foreground of a slab: flat places in the slab, object number from 0, and positions in the frame per axis."""
    part = labels[slab]
    flat = part.reshape(-1)
    place = np.flatnonzero(flat)
    where = [axis.astype(np.int64, copy=False) for axis in np.unravel_index(place, part.shape)]
    where[0] = where[0] + slab.start
    return place, relabelled(flat[place], known, np.arange(len(known)), np.int32), where


def _first_sums(labels: npt.NDArray[np.integer], known: Ints, image: npt.NDArray[np.generic] | None) -> _Sums:
    """Voxels, positions, intensities and boxes of all objects of a frame."""
    n, ndim = len(known), labels.ndim
    voxels, intensity, position = np.zeros(n), np.zeros(n), np.zeros((n, ndim))
    box_start = np.full((ndim, n), np.iinfo(np.int64).max)
    box_stop = np.zeros((ndim, n), dtype=np.int64)
    for slab in slabs(labels.shape):
        place, number, where = _voxels_of(labels, slab, known)
        voxels += np.bincount(number, minlength=n)
        for axis, at in enumerate(where):
            position[:, axis] += np.bincount(number, weights=at, minlength=n)
            np.minimum.at(box_start[axis], number, at)
            np.maximum.at(box_stop[axis], number, at + 1)
        if image is not None:
            values = image[slab].reshape(-1)[place].astype(np.float64)
            intensity += np.bincount(number, weights=values, minlength=n)
    if image is None:
        intensity[:] = np.nan
    return _Sums(voxels, position, intensity, box_start.T, box_stop.T)


def _second_moments(
    labels: npt.NDArray[np.integer], known: Ints, image: npt.NDArray[np.generic] | None, means: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Covariance of the voxels' positions (n, ndim, ndim), in voxels, and variance of their intensities."""
    n, ndim = len(known), labels.ndim
    centre_px, mean = means
    voxels, variance, moments = np.zeros(n), np.zeros(n), np.zeros((n, ndim, ndim))
    for slab in slabs(labels.shape):
        place, number, where = _voxels_of(labels, slab, known)
        voxels += np.bincount(number, minlength=n)
        off = [at - centre_px[number, axis] for axis, at in enumerate(where)]
        for i in range(ndim):
            for j in range(i, ndim):
                moments[:, i, j] += np.bincount(number, weights=off[i] * off[j], minlength=n)
        if image is not None:
            values = image[slab].reshape(-1)[place].astype(np.float64) - mean[number]
            variance += np.bincount(number, weights=values * values, minlength=n)
    upper = moments / voxels[:, None, None]
    covariance = upper + np.transpose(np.triu(upper, 1), (0, 2, 1))
    return covariance, variance / voxels if image is not None else np.full(n, np.nan)


def _shape(covariance_px: Floats, size_um: Floats, scale: Scale) -> tuple[Floats, Floats]:
    """Elongation and spread of each object, see `Detections`."""
    own = np.eye(scale.ndim) / 12.0  # variance of a uniform voxel of side 1
    um = scale.voxel_um
    covariance = (covariance_px + own) * um[:, None] * um[None, :]
    principal = np.linalg.eigvalsh(covariance)
    elongation = np.sqrt(principal[:, -1] / principal[:, 0])
    compact = COMPACT[scale.ndim] * scale.radius_um(size_um) ** 2
    return elongation, np.trace(covariance, axis1=1, axis2=2) / compact


def _nearest_other(points: Floats) -> Floats:
    """Distance to the nearest other point; infinite for a lone one."""
    if len(points) < 2:
        return np.full(len(points), np.inf)
    distance, _ = cKDTree(points).query(points, k=2)
    return np.asarray(distance[:, 1], dtype=np.float64)
