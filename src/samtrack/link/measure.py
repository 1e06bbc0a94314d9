"""From the masks of one frame to rows of `Detections`, and from all rows to what is typical of a movie.

Every column is a sum over voxels taken in raster order, so it depends neither on the labels' numbers nor on their order.
A voxel is a box, not a point: its own extent counts in the second moments, so that a single voxel is round.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from samtrack.blocks import ByLayer, Reader, is_small, plan_slabs, relabelled
from samtrack.errors import DataError
from samtrack.link.voxels import Ints, labels_in, require_labels, runs
from samtrack.types import Box, Detections, Frames, Origin, Scale, Typical

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
    pixels = None if image is None else (lambda box: image[box.slices])
    return _measured(_Frame(lambda box: labels[box.slices], pixels, labels.shape), frame, scale, origin)


def measure_frame(labels: Frames, frame: int, images: Frames | None, origin: Origin = Origin.GIVEN) -> Detections:
    """The same for a frame that may be larger than memory: it is read slab by slab, three times."""
    if images is not None and images.shape != labels.shape:
        raise DataError(f"frame {frame}: image is {images.shape}, labels are {labels.shape}; expected the same shape.")
    if is_small(labels.shape):
        image = None if images is None else images.read(frame)
        return measure_detections(labels.read(frame), frame, labels.scale, image, origin)
    pixels = None if images is None else ByLayer(partial(images.read, frame), images.shape)
    read = ByLayer(partial(labels.read, frame), labels.shape)
    return _measured(_Frame(read, pixels, labels.shape), frame, labels.scale, origin)


def _measured(seen: _Frame, frame: int, scale: Scale, origin: Origin) -> Detections:
    known = labels_in(seen.labels, seen.shape)
    if len(known) == 0:
        return Detections.empty(scale.ndim)
    sums = _first_sums(seen, known)
    centre_px = sums.position / sums.voxels[:, None]
    mean = sums.intensity / sums.voxels
    covariance_px, variance = _second_moments(seen, known, (centre_px, mean))
    size_um = sums.voxels * scale.size_per_voxel
    elongation, spread = _shape(covariance_px, size_um, scale)
    centroid_um = centre_px * scale.voxel_um
    gap_px = np.minimum(sums.box_start, np.asarray(seen.shape) - sums.box_stop)
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


@dataclass(frozen=True, slots=True)
class _Frame:
    """A frame as it is read: labels and pixels (None: there are none) of boxes, and its shape."""

    labels: Reader
    pixels: Reader | None
    shape: tuple[int, ...]

    def voxels(self, run: Box, known: Ints) -> Iterator[tuple[npt.NDArray[np.int32], list[Ints], Floats | None]]:
        """The foreground of a run, slab by slab: object number from 0, positions in the frame per axis, intensities."""
        for box in plan_slabs(run):
            part = self.labels(box)
            flat = part.reshape(-1)
            place = np.flatnonzero(flat)
            where = [
                axis.astype(np.int64, copy=False) + a
                for axis, a in zip(np.unravel_index(place, part.shape), box.start, strict=True)
            ]
            number = relabelled(flat[place], known, np.arange(len(known)), np.int32)
            values = None if self.pixels is None else self.pixels(box).reshape(-1)[place].astype(np.float64)
            yield number, where, values


def _first_sums(seen: _Frame, known: Ints) -> _Sums:
    """Voxels, positions, intensities and boxes of all objects of a frame."""
    n, ndim = len(known), len(seen.shape)
    voxels, intensity, position = np.zeros(n), np.zeros(n), np.zeros((n, ndim))
    box_start = np.full((ndim, n), np.iinfo(np.int64).max)
    box_stop = np.zeros((ndim, n), dtype=np.int64)
    for run in runs(seen.shape):
        of_run = np.zeros(n)
        for number, where, values in seen.voxels(run, known):
            voxels += np.bincount(number, minlength=n)
            for axis, at in enumerate(where):
                position[:, axis] += np.bincount(number, weights=at, minlength=n)
                np.minimum.at(box_start[axis], number, at)
                np.maximum.at(box_stop[axis], number, at + 1)
            if values is not None:
                np.add.at(of_run, number, values)
        intensity += of_run
    if seen.pixels is None:
        intensity[:] = np.nan
    return _Sums(voxels, position, intensity, box_start.T, box_stop.T)


def _second_moments(seen: _Frame, known: Ints, means: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Covariance of the voxels' positions (n, ndim, ndim), in voxels, and variance of their intensities."""
    n, ndim = len(known), len(seen.shape)
    centre_px, mean = means
    voxels, variance, moments = np.zeros(n), np.zeros(n), np.zeros((ndim, ndim, n))
    for run in runs(seen.shape):
        # added voxel by voxel within a run, so that its slabs do not show
        of_run, spread = np.zeros((ndim, ndim, n)), np.zeros(n)
        for number, where, values in seen.voxels(run, known):
            voxels += np.bincount(number, minlength=n)
            off = [at - centre_px[number, axis] for axis, at in enumerate(where)]
            for i in range(ndim):
                for j in range(i, ndim):
                    np.add.at(of_run[i, j], number, off[i] * off[j])
            if values is not None:
                values -= mean[number]
                np.add.at(spread, number, values * values)
        moments += of_run
        variance += spread
    upper = np.moveaxis(moments, 2, 0) / voxels[:, None, None]
    covariance = upper + np.transpose(np.triu(upper, 1), (0, 2, 1))
    return covariance, variance / voxels if seen.pixels is not None else np.full(n, np.nan)


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
