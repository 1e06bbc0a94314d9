"""The gaps of tracks, and the masks that fill them.

A mask depends only on the two observations around the gap, the labels of its own frame, and the other masks of that frame;
so it is the same whatever block of frames it was computed in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label as connected_parts

from samtrack.config.fill import FillSettings, NoFillSettings, ShapeFillSettings
from samtrack.errors import DataError
from samtrack.fill.conflicts import settle_voxels, voxels_of
from samtrack.fill.shape import Observation, canvas_between, depth_between
from samtrack.types import Box, Detections, Frames, MaskPatch, Origin, Scale, Span, Tracks

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Missing:
    """A mask to be drawn: a track's missing frame, the detections before and after it, and where it can lie."""

    track: int
    frame: int
    before: int
    after: int
    weight: float
    canvas: Box


@dataclass(slots=True)
class _Draft:
    """A mask that is not settled yet: the voxels drawn, of which ``mask`` are left."""

    missing: Missing
    box: Box
    depth: npt.NDArray[np.float32]
    mask: Bools
    n_drawn: int


def fill_gaps(
    labels: Frames, detections: Detections, tracks: Tracks, core: Span, settings: FillSettings
) -> list[MaskPatch]:
    """Masks for the frames of ``core`` in which a track has no detection, sorted by frame and track.

    ``tracks.track_of`` belongs to the rows of ``detections``, which holds the observations around every gap that reaches
    into the core. ``score`` is the share of the drawn shape that was free. Each label frame is read once at most.
    """
    if isinstance(settings, NoFillSettings):
        return []
    missing = find_missing(detections, tracks, core, labels)
    seen, free = _read_once(labels, detections, missing)
    patches: list[MaskPatch] = []
    for _, of_frame in groupby(missing, key=lambda m: m.frame):
        drafts = [_draw(m, seen, free[m], labels) for m in of_frame]
        patches += _settled(drafts, detections, labels, settings)
    return patches


def find_missing(detections: Detections, tracks: Tracks, core: Span, labels: Frames) -> list[Missing]:
    """Every frame of ``core`` in which a track is unseen between two observations, by frame and track."""
    rows = np.lexsort((detections.frame, tracks.track_of))
    rows = rows[tracks.track_of[rows] > 0]
    track, frame = tracks.track_of[rows], detections.frame[rows]
    gap = np.flatnonzero((np.diff(track) == 0) & (np.diff(frame) > 1))
    in_core = (frame[gap] + 1 < core.stop) & (frame[gap + 1] > core.start)
    missing = []
    for at in gap[in_core]:
        first, last = int(frame[at]), int(frame[at + 1])
        for t in range(max(first + 1, core.start), min(last, core.stop)):
            missing.append(_missing(int(track[at]), t, (int(rows[at]), int(rows[at + 1])), detections, labels.scale))
    return sorted(missing, key=lambda m: (m.frame, m.track))


def _missing(track: int, frame: int, rows: tuple[int, int], detections: Detections, scale: Scale) -> Missing:
    before, after = rows
    first, last = detections.frame[before], detections.frame[after]
    weight = float((frame - first) / (last - first))
    centroids = (detections.centroid_um[before], detections.centroid_um[after])
    canvas = canvas_between((_box(detections, before), _box(detections, after)), centroids, weight, scale)
    return Missing(track, frame, before, after, weight, canvas)


def _box(detections: Detections, row: int) -> Box:
    return Box(tuple(detections.box_start[row]), tuple(detections.box_stop[row]))


def _read_once(
    labels: Frames, detections: Detections, missing: list[Missing]
) -> tuple[dict[int, Observation], dict[Missing, Bools]]:
    """The observations (by detection) and the background inside each canvas, from one walk over the frames."""
    observed, needed = defaultdict(set), defaultdict(list)
    for m in missing:
        needed[m.frame].append(m)
        for row in (m.before, m.after):
            observed[int(detections.frame[row])].add(row)
    seen: dict[int, Observation] = {}
    free: dict[Missing, Bools] = {}
    for frame in sorted(observed.keys() | needed.keys()):
        voxels = labels.read(frame)
        for row in sorted(observed[frame]):
            seen[row] = _observation(voxels, detections, row)
        for m in needed[frame]:
            free[m] = voxels[m.canvas.clipped(labels.shape).slices] == 0
    return seen, free


def _observation(voxels: npt.NDArray[np.integer], detections: Detections, row: int) -> Observation:
    box = _box(detections, row)
    mask = voxels[box.slices] == detections.label[row]
    if not mask.any():
        raise DataError(
            f"labels: frame {detections.frame[row]} holds no label {detections.label[row]} in {box.start} to {box.stop}, "
            "where the table of detections has it. Labels and detections are of different runs: run measure again."
        )
    return Observation(mask, box, detections.centroid_um[row])


def _draw(missing: Missing, seen: dict[int, Observation], free: Bools, labels: Frames) -> _Draft:
    """The shape between the two observations, as far as it lies in the image and on background."""
    canvas, box = missing.canvas, missing.canvas.clipped(labels.shape)
    depth = depth_between(seen[missing.before], seen[missing.after], missing.weight, canvas, labels.scale)
    inside = tuple(slice(a - c, b - c) for a, b, c in zip(box.start, box.stop, canvas.start, strict=True))
    drawn = depth[inside].astype(np.float32)
    return _Draft(missing, box, drawn, (drawn > 0) & free, int(np.count_nonzero(depth > 0)))


def _settled(
    drafts: list[_Draft], detections: Detections, labels: Frames, settings: ShapeFillSettings
) -> Iterator[MaskPatch]:
    """The masks of one frame after conflicts: each in one piece, cut to its box, and not too small."""
    voxels = [voxels_of(d.box, d.mask, labels.shape) for d in drafts]
    owned = settle_voxels(voxels, [d.depth[d.mask] for d in drafts], [d.missing.track for d in drafts])
    for draft, own in zip(drafts, owned, strict=True):
        mask = np.zeros_like(draft.mask)
        mask[draft.mask] = own
        mask = _largest_part(mask)
        size = np.count_nonzero(mask) * labels.scale.size_per_voxel
        smaller = min(detections.size_um[draft.missing.before], detections.size_um[draft.missing.after])
        if size > 0 and size >= settings.min_size_fraction * smaller:
            yield _patch(draft, mask)


def _largest_part(mask: Bools) -> Bools:
    """The largest connected part (faces only); of equals, the first in (z)yx order."""
    parts, n = connected_parts(mask)
    if n < 2:
        return mask
    return np.asarray(parts == 1 + np.argmax(np.bincount(parts.ravel())[1:]))


def _patch(draft: _Draft, mask: Bools) -> MaskPatch:
    where = np.nonzero(mask)
    start = tuple(int(axis.min()) for axis in where)
    stop = tuple(int(axis.max()) + 1 for axis in where)
    cut = Box(start, stop).slices
    return MaskPatch(
        frame=draft.missing.frame,
        track=draft.missing.track,
        box=Box(
            tuple(a + b for a, b in zip(draft.box.start, start, strict=True)),
            tuple(a + b for a, b in zip(draft.box.start, stop, strict=True)),
        ),
        mask=mask[cut].copy(),
        depth=draft.depth[cut].copy(),
        score=float(np.count_nonzero(mask) / draft.n_drawn),
        origin=Origin.FILLED,
    )
