"""Which objects of a frame stay: the one place where edge guards and sizes are looked at, for every method and every frame.

An object is judged by three numbers (how many voxels, where its centroid lies, how large the frame is), so masks that are
given, found or drawn later are judged alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.blocks import Reader, plan_slabs, relabelled, whole_box
from samtrack.config.objects import ObjectsSettings
from samtrack.types import Scale

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Objects:
    """Objects of a frame: ``label`` (n,) rising, ``voxels`` (n,), ``centre_px`` (n, ndim) of their centroids."""

    label: Ints
    voxels: Ints
    centre_px: npt.NDArray[np.float64]


def survey(read: Reader, shape: tuple[int, ...]) -> Objects:
    """The objects of a frame that is read slab by slab; sums are of integers, so slabs do not show."""
    ndim = len(shape)
    parts = [np.zeros((2 + ndim, 0), dtype=np.int64)]
    for box in plan_slabs(whole_box(shape)):
        labels = read(box)
        flat = labels.reshape(-1)
        place = np.flatnonzero(flat)
        found, at = np.unique(flat[place], return_inverse=True)
        sums = [found.astype(np.int64), np.bincount(at, minlength=len(found))]
        for axis, along in enumerate(np.unravel_index(place, labels.shape)):
            total = np.bincount(at, weights=along, minlength=len(found)).astype(np.int64)
            sums.append(total + sums[1] * box.start[axis])
        parts.append(np.stack(sums))
    every = np.concatenate(parts, axis=1)
    label, at = np.unique(every[0], return_inverse=True)
    whole = np.zeros((len(label), 1 + ndim), dtype=np.int64)
    np.add.at(whole, at, every[1:].T)
    return Objects(label, whole[:, 0], whole[:, 1:] / np.maximum(whole[:, :1], 1))


def kept(objects: Objects, shape: tuple[int, ...], scale: Scale, settings: ObjectsSettings) -> npt.NDArray[np.bool_]:
    """Which objects are neither too small, nor too large, nor too near to the image's border."""
    size_um = objects.voxels * scale.size_per_voxel
    stays = size_um >= settings.min_size_um
    if settings.max_size_um is not None:
        stays &= size_um <= settings.max_size_um
    guard = np.asarray(settings.guard_um(scale.ndim))
    middle = objects.centre_px + 0.5  # a voxel reaches half a step to both sides of its place
    off_um = np.minimum(middle, np.asarray(shape) - middle) * scale.voxel_um
    is_guarded = np.asarray(shape) > 1  # an axis of a single voxel has no inside
    return np.asarray(stays & ((off_um >= guard) | ~is_guarded).all(axis=1))


def without(read: Reader, objects: Objects, stays: npt.NDArray[np.bool_]) -> Reader:
    """The same frame without the objects that do not stay; the others keep their labels."""
    if stays.all():
        return read
    label = objects.label[stays]
    return lambda box: relabelled(read(box), label, label)
