"""Small label movies with gaps, and the detections and tracks that belong to them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from samtrack.types import ArrayFrames, Box, Detections, MaskPatch, Origin, Scale, Tracks


def make_ball(shape: tuple[int, ...], centre: Any, radius: Any, scale: Scale | None = None) -> npt.NDArray[np.bool_]:
    """Voxels within ``radius`` of ``centre`` (both in micrometres; an array of radii gives an ellipse)."""
    um = np.ones(len(shape)) if scale is None else scale.voxel_um
    grid = np.stack(np.meshgrid(*(np.arange(n) * u for n, u in zip(shape, um, strict=True)), indexing="ij"), axis=-1)
    return (((grid - np.asarray(centre)) / np.asarray(radius)) ** 2).sum(-1) <= 1


def make_movie(masks: list[dict[int, npt.NDArray[np.bool_]]], scale: Scale) -> tuple[ArrayFrames, Detections, Tracks]:
    """Labels, detections and tracks from one dict per frame: track → mask. Labels differ from frame to frame."""
    shape = next(iter(mask.shape for frame in masks for mask in frame.values()))
    rows, frames = [], []
    for t, named in enumerate(masks):
        labels = np.zeros(shape, np.uint16)
        order = sorted(named, key=lambda track: (track * 7 + t * 3) % 11)
        for label, track in enumerate(order, start=1):
            where = np.argwhere(named[track])
            labels[named[track]] = label
            rows.append((t, label, track, where))
        frames.append(labels)
    n = len(rows)
    ones = np.ones(n)
    detections = Detections(
        frame=[r[0] for r in rows],
        label=[r[1] for r in rows],
        centroid_um=np.array([r[3].mean(0) * scale.voxel_um for r in rows]),
        size_um=[len(r[3]) * scale.size_per_voxel for r in rows],
        box_start=[r[3].min(0) for r in rows],
        box_stop=[r[3].max(0) + 1 for r in rows],
        intensity=ones,
        intensity_sd=ones,
        elongation=ones,
        spread=ones,
        neighbour_um=ones,
        border_um=ones,
        origin=np.zeros(n),
    )
    track_of = np.array([r[2] for r in rows])
    seen = [detections.frame[track_of == k] for k in range(1, track_of.max() + 1)]
    tracks = Tracks(
        track_of=track_of,
        track=np.arange(1, len(seen) + 1),
        first_frame=[f.min() for f in seen],
        last_frame=[f.max() for f in seen],
        parent=np.zeros(len(seen)),
    )
    return ArrayFrames(frames, scale), detections, tracks


def make_patch(track: int, start: tuple[int, ...], mask: Any, depth: Any = 1.0, frame: int = 0) -> MaskPatch:
    """A patch whose box begins at ``start``."""
    inside = np.asarray(mask, bool)
    box = Box(start, tuple(a + n for a, n in zip(start, inside.shape, strict=True)))
    depths = np.broadcast_to(np.asarray(depth, np.float32), inside.shape).copy()
    return MaskPatch(frame, track, box, inside, depths, 1.0, Origin.FILLED)


def whole(patch: MaskPatch, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """A patch's mask in its frame."""
    full = np.zeros(shape, bool)
    full[patch.box.slices] = patch.mask
    return full


def overlap(a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_]) -> float:
    """Intersection over union."""
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """Builders of small label movies and patches."""
    return SimpleNamespace(ball=make_ball, movie=make_movie, patch=make_patch, whole=whole, overlap=overlap)
