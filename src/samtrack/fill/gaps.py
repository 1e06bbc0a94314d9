"""The gaps of tracks, and the masks that fill them.

A mask depends only on the two observations around the gap, the labels of its own frame, and the other masks of that frame;
so it is the same whatever block of frames it was computed in. A gap in which the cell shared a mask with another one gets
a part of that mask, any other gap what is free: the background and masks that were rejected. Who draws it is a setting: the
shape between the observations (`shape`), or what a network sees in the image (`sam2`), handed in as a `Drawer`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label as connected_parts

from samtrack.blocks import is_small
from samtrack.config.fill import FillSettings, NoFillSettings
from samtrack.errors import DataError
from samtrack.fill.conflicts import settle_voxels, voxels_of
from samtrack.fill.shape import Observation, canvas_between, depth_between
from samtrack.fill.split import split_voxels
from samtrack.types import Box, Detections, Frames, MaskPatch, Merges, Origin, Scale, Span, Tracks

Bools = npt.NDArray[np.bool_]
Shared = Mapping[tuple[int, int], int]
"""(track, frame) → the detection that the track shares with another one there."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A mask to be drawn: a track's missing frame, the detections before and after it, and where it can lie.

    ``frames`` are those of the two detections, ``weight`` is 0 at the first of them and 1 at the second. ``shared`` is the
    detection of which it is to be a part, or -1 for a gap in which the cell was not seen at all.
    """

    track: int
    frame: int
    before: int
    after: int
    frames: tuple[int, int]
    weight: float
    canvas: Box
    shared: int = -1


@dataclass(frozen=True, slots=True)
class Draft:
    """A mask that is not settled yet: the voxels drawn (``depth`` above 0) in ``box``, of which ``mask`` are left."""

    missing: Missing
    around: tuple[Observation, Observation]
    box: Box
    depth: npt.NDArray[np.float32]
    mask: Bools
    n_drawn: int


class Drawer(Protocol):
    """Draws the masks of a frame otherwise than as their interpolated shapes."""

    @property
    def reach_px(self) -> tuple[int, ...]:
        """Voxels beyond the box of the interpolated shape in which a mask may lie, (z)yx."""
        ...

    def redraw(self, drafts: Sequence[Draft]) -> list[npt.NDArray[np.float32]]:
        """For each draft of one frame, how deep each voxel of its box lies in the mask: above 0 inside."""
        ...


def fill_gaps(
    labels: Frames,
    detections: Detections,
    tracks: Tracks,
    merges: Merges,
    core: Span,
    settings: FillSettings,
    drawer: Drawer | None = None,
) -> list[MaskPatch]:
    """Masks for the frames of ``core`` in which a track has no detection of its own, sorted by frame and track.

    ``tracks.track_of`` belongs to the rows of ``detections``, which holds the observations around every gap that reaches
    into the core, ``merges`` (the chosen ones) too. ``score`` is the share of the drawn shape that was free, or lies in the
    shared mask. A small label frame is read once at most, of a large one the boxes around its gaps. Shared masks are divided
    whatever the settings say: they were seen.
    Without a ``drawer`` the shapes are drawn.
    """
    return [
        patch for found in fill_frames(labels, detections, tracks, merges, core, settings, drawer) for patch in found
    ]


def fill_frames(
    labels: Frames,
    detections: Detections,
    tracks: Tracks,
    merges: Merges,
    core: Span,
    settings: FillSettings,
    drawer: Drawer | None = None,
) -> Iterator[list[MaskPatch]]:
    """The same for each frame of ``core`` in turn."""
    missing = find_missing(detections, tracks, core, labels, shared_masks(detections, tracks, merges))
    if isinstance(settings, NoFillSettings):
        missing = [m for m in missing if m.shared >= 0]
    if drawer is not None:
        missing = [_widened(m, drawer.reach_px) for m in missing]
    seen, free = _read_once(labels, detections, missing, _rejected(detections, tracks, merges))
    by_frame = {frame: list(of_frame) for frame, of_frame in groupby(missing, key=lambda m: m.frame)}
    for frame in core.frames():
        drafts = [_draw(m, seen, free[m], labels) for m in by_frame.get(frame, [])]
        found = list(_divided([d for d in drafts if d.missing.shared >= 0], detections))
        unseen = [d for d in drafts if d.missing.shared < 0]
        if unseen and not isinstance(settings, NoFillSettings):
            unseen = unseen if drawer is None else _redrawn(unseen, free, drawer)
            found += _settled(unseen, detections, labels, settings.min_size_fraction)
        yield sorted(found, key=lambda patch: patch.track)


def shared_masks(detections: Detections, tracks: Tracks, merges: Merges) -> Shared:
    """The mask of each track that shares one, by track and frame."""
    frame = detections.frame[merges.shared].tolist()
    return {
        (track, t): row
        for cell in (merges.before_a, merges.before_b)
        for track, t, row in zip(tracks.track_of[cell].tolist(), frame, merges.shared.tolist(), strict=True)
    }


def _rejected(detections: Detections, tracks: Tracks, merges: Merges) -> dict[int, npt.NDArray[np.int64]]:
    """Labels of the detections of each frame that belong to no track and are not shared."""
    is_rejected = tracks.track_of == 0
    is_rejected[merges.shared] = False
    found = defaultdict(list)
    for row in np.flatnonzero(is_rejected):
        found[int(detections.frame[row])].append(detections.label[row])
    return {frame: np.array(labels) for frame, labels in found.items()}


def find_missing(detections: Detections, tracks: Tracks, core: Span, labels: Frames, shared: Shared) -> list[Missing]:
    """Every frame of ``core`` in which a track has no mask of its own between two observations, by frame and track."""
    rows = np.lexsort((detections.frame, tracks.track_of))
    rows = rows[tracks.track_of[rows] > 0]
    track, frame = tracks.track_of[rows], detections.frame[rows]
    gap = np.flatnonzero((np.diff(track) == 0) & (np.diff(frame) > 1))
    in_core = (frame[gap] + 1 < core.stop) & (frame[gap + 1] > core.start)
    is_followed = tracks.follows(track)  # of the others only shared masks are divided
    missing = []
    for at in gap[in_core]:
        first, last = int(frame[at]), int(frame[at + 1])
        for t in range(max(first + 1, core.start), min(last, core.stop)):
            found = _missing(int(track[at]), t, (int(rows[at]), int(rows[at + 1])), detections, labels.scale)
            whole = shared.get((found.track, t), -1)
            if whole < 0 and not is_followed[at]:
                continue
            missing.append(found if whole < 0 else _in_mask(found, whole, detections))
    return sorted(missing, key=lambda m: (m.frame, m.track))


def _missing(track: int, frame: int, rows: tuple[int, int], detections: Detections, scale: Scale) -> Missing:
    before, after = rows
    first, last = detections.frame[before], detections.frame[after]
    weight = float((frame - first) / (last - first))
    centroids = (detections.centroid_um[before], detections.centroid_um[after])
    canvas = canvas_between((_box(detections, before), _box(detections, after)), centroids, weight, scale)
    return Missing(track, frame, before, after, (int(first), int(last)), weight, canvas)


def _widened(missing: Missing, reach_px: tuple[int, ...]) -> Missing:
    """The same with a larger canvas; that of a shared mask stays as it is."""
    if missing.shared >= 0:
        return missing
    start = tuple(a - r for a, r in zip(missing.canvas.start, reach_px, strict=True))
    stop = tuple(b + r for b, r in zip(missing.canvas.stop, reach_px, strict=True))
    return replace(missing, canvas=Box(start, stop))


def _in_mask(missing: Missing, shared: int, detections: Detections) -> Missing:
    """The same for a part of a shared mask: its canvas holds the whole mask."""
    boxes = (missing.canvas, _box(detections, shared))
    start, stop = np.min([b.start for b in boxes], axis=0), np.max([b.stop for b in boxes], axis=0)
    return replace(missing, canvas=Box(tuple(start.tolist()), tuple(stop.tolist())), shared=shared)


def _box(detections: Detections, row: int) -> Box:
    return Box(tuple(detections.box_start[row]), tuple(detections.box_stop[row]))


def _read_once(
    labels: Frames,
    detections: Detections,
    missing: list[Missing],
    rejected: Mapping[int, npt.NDArray[np.int64]],
) -> tuple[dict[int, Observation], dict[Missing, Bools]]:
    """The observations (by detection) and what is free inside each canvas, from one walk over the frames."""
    observed, needed = defaultdict(set), defaultdict(list)
    for m in missing:
        needed[m.frame].append(m)
        for row in (m.before, m.after):
            observed[int(detections.frame[row])].add(row)
    seen: dict[int, Observation] = {}
    free: dict[Missing, Bools] = {}
    for frame in sorted(observed.keys() | needed.keys()):
        read = _reader(labels, frame)
        for row in sorted(observed[frame]):
            seen[row] = _observation(read, detections, row)
        for m in needed[frame]:
            part = read(m.canvas.clipped(labels.shape))
            free[m] = _is_free(part, rejected.get(frame)) if m.shared < 0 else part == detections.label[m.shared]
    return seen, free


def _is_free(part: npt.NDArray[np.integer], rejected: npt.NDArray[np.int64] | None) -> Bools:
    """The background, and masks that were rejected: they will not be in the result."""
    return part == 0 if rejected is None else (part == 0) | np.isin(part, rejected)


def _reader(labels: Frames, frame: int) -> Callable[[Box], npt.NDArray[np.integer]]:
    """Boxes of a frame; a small frame is read once."""
    if not is_small(labels.shape):
        return lambda box: labels.read(frame, box)
    whole = labels.read(frame)
    return lambda box: whole[box.slices]


def _observation(read: Callable[[Box], npt.NDArray[np.integer]], detections: Detections, row: int) -> Observation:
    box = _box(detections, row)
    mask = read(box) == detections.label[row]
    if not mask.any():
        raise DataError(
            f"labels: frame {detections.frame[row]} holds no label {detections.label[row]} in {box.start} to {box.stop}, "
            "where the table of detections has it. Labels and detections are of different runs: run measure again."
        )
    return Observation(mask, box, detections.centroid_um[row])


def _draw(missing: Missing, seen: dict[int, Observation], free: Bools, labels: Frames) -> Draft:
    """The shape between the two observations, as far as it lies in the image and where it may; a shared mask whole."""
    canvas, box = missing.canvas, missing.canvas.clipped(labels.shape)
    around = (seen[missing.before], seen[missing.after])
    depth = depth_between(*around, missing.weight, canvas, labels.scale)
    inside = tuple(slice(a - c, b - c) for a, b, c in zip(box.start, box.stop, canvas.start, strict=True))
    drawn = depth[inside].astype(np.float32)
    mask = (drawn > 0) & free if missing.shared < 0 else free
    return Draft(missing, around, box, drawn, mask, int(np.count_nonzero(depth > 0)))


def _redrawn(drafts: list[Draft], free: Mapping[Missing, Bools], drawer: Drawer) -> list[Draft]:
    """The drafts of one frame as the drawer has them."""
    return [
        replace(d, depth=depth, mask=(depth > 0) & free[d.missing], n_drawn=max(int(np.count_nonzero(depth > 0)), 1))
        for d, depth in zip(drafts, drawer.redraw(drafts), strict=True)
    ]


def _divided(drafts: list[Draft], detections: Detections) -> Iterator[MaskPatch]:
    """The two parts of each shared mask of a frame."""
    drafts = sorted(drafts, key=lambda d: (d.missing.shared, d.missing.track))
    for a, b in zip(drafts[::2], drafts[1::2], strict=True):
        sizes = [detections.size_um[[d.missing.before, d.missing.after]].mean() for d in (a, b)]
        owned = split_voxels(a.depth[a.mask], b.depth[b.mask], float(sizes[0] / (sizes[0] + sizes[1])))
        for draft, own in zip((a, b), owned, strict=True):
            hit = int(np.count_nonzero(own & (draft.depth[draft.mask] > 0)))
            mask = np.zeros_like(draft.mask)
            mask[draft.mask] = own
            if mask.any():  # a mask of one voxel cannot be divided
                yield _patch(draft, mask, Origin.SPLIT, hit)


def _settled(
    drafts: list[Draft], detections: Detections, labels: Frames, min_size_fraction: float
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
        if size > 0 and size >= min_size_fraction * smaller:
            yield _patch(draft, mask, Origin.FILLED, int(np.count_nonzero(mask)))


def _largest_part(mask: Bools) -> Bools:
    """The largest connected part (faces only); of equals, the first in (z)yx order."""
    parts, n = connected_parts(mask)
    if n < 2:
        return mask
    return np.asarray(parts == 1 + np.argmax(np.bincount(parts.ravel())[1:]))


def _patch(draft: Draft, mask: Bools, origin: Origin, n_as_drawn: int) -> MaskPatch:
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
        score=float(n_as_drawn / draft.n_drawn),
        origin=origin,
    )
