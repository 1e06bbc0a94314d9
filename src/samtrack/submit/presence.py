"""The final table: one row per cell and frame, observed or filled, with names that common readers understand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.submit.identities import cut_at_holes
from samtrack.types import Detections, MaskPatch, Scale, Tracks

AXES = {2: ("y", "x"), 3: ("z", "y", "x")}

DIGITS_3_UP_TO = 1000
"""Frames up to which the CTC numbers its masks with three digits."""


def digits_for(n_frames: int, digits: int | str) -> int:
    """Digits of the frame number in mask files; "auto" follows the CTC's rule."""
    if digits != "auto":
        return int(digits)
    return 3 if n_frames <= DIGITS_3_UP_TO else len(str(max(n_frames - 1, 1000)))


def presence_table(
    detections: Detections,
    tracks: Tracks,
    patches: Sequence[MaskPatch],
    scale: Scale,
    in_field: Sequence[npt.NDArray[Any]],
) -> dict[str, npt.NDArray[Any]]:
    """Columns sorted by (track, frame): ids, voxel position (napari's order), physical position and size, provenance.

    ``in_field[t]`` lists the tracks of frame t that reach into the field of interest. ``label`` is the object's value in
    the segmentation (0 if filled or a part of a shared mask), ``ctc_label`` its value in the CTC result (0 if trimmed).
    """
    seen = np.flatnonzero(tracks.track_of)
    track = np.r_[tracks.track_of[seen], np.array([p.track for p in patches], dtype=np.int64)]
    frame = np.r_[detections.frame[seen], np.array([p.frame for p in patches], dtype=np.int64)]
    centre, size = _measure_patches(patches, scale)
    centre = np.concatenate([detections.centroid_um[seen], centre])
    order = np.lexsort((frame, track))

    n = len(tracks) + 1
    none = np.zeros(0, dtype=np.int64)
    kept = np.concatenate([none, *(t * n + inside.astype(np.int64) for t, inside in enumerate(in_field))])
    inside = np.isin(frame * n + track, kept)
    parent_of = np.r_[0, tracks.parent]
    ctc_label = np.zeros(len(track), dtype=np.int64)
    ctc_label[inside] = cut_at_holes(track[inside], frame[inside], parent_of).label_of

    position = centre / scale.voxel_um
    axes = AXES[scale.ndim]
    table: dict[str, npt.NDArray[Any]] = {"track_id": track, "t": frame}
    table |= {axis: position[:, i] for i, axis in enumerate(axes)}
    table |= {"parent_track_id": parent_of[track]}
    table |= {f"{axis}_um": centre[:, i] for i, axis in enumerate(axes)}
    table |= {
        "size_um": np.r_[detections.size_um[seen], size],
        "label": np.r_[detections.label[seen], np.zeros(len(patches), dtype=np.int64)],
        "origin": np.r_[detections.origin[seen], np.array([p.origin for p in patches], dtype=np.int64)],
        "in_field": inside,
        "ctc_label": ctc_label,
    }
    return {name: column[order] for name, column in table.items()}


def _measure_patches(
    patches: Sequence[MaskPatch], scale: Scale
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Centroids in micrometres and sizes of filled masks (few, each in its own small box)."""
    centre = np.zeros((len(patches), scale.ndim))
    for i, patch in enumerate(patches):
        centre[i] = (np.argwhere(patch.mask).mean(axis=0) + patch.box.start) * scale.voxel_um
    size = np.array([np.count_nonzero(p.mask) for p in patches], dtype=np.float64) * scale.size_per_voxel
    return centre, size
