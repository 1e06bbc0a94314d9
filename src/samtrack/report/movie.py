"""The frames that the page shows: which ones; of each a grey picture and the labels below its pixels; the cells' ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from samtrack.report.data import ReportData
from samtrack.report.encode import Packed, encode_grey, pack
from samtrack.report.pictures import (
    Contrast,
    View,
    choose_views,
    measure_contrast,
    read_labels,
    read_picture,
    to_grey,
)

Ints = npt.NDArray[np.int64]

CONTRAST_FRAMES = 5
"""Frames from which black and white are taken: evenly spread ones tell enough about a movie."""

SLICES_SHOWN = 24
"""Slices of a volume, at most: more than a slider is moved through by hand."""

SHOTS_OF_SLICES = 480
"""Pictures of slices over all frames, at most; long movies show fewer slices of each frame."""

LEAST_SLICES = 5
"""Slices of a volume that are shown however many frames there are."""

SAMPLED_SHOTS = 3
"""Frames that are drawn first, to foretell the size of all."""

PLACES_SHOWN = 150_000
"""Places of cells in the page, from which tails are drawn (about 1 MB); with more, tails are shorter."""

STEPS_OF_PIXEL = 8
"""Places are rounded to this part of a pixel."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One shown frame in one view. ``tracks`` are those in it; ``labels`` points into them (0: none, 1: the first)."""

    image: str
    shape: tuple[int, int]
    tracks: Packed
    labels: Packed

    @property
    def size(self) -> int:
        """Characters that it takes in the page."""
        return len(self.image) + len(str(self.tracks["b"])) + len(str(self.labels["b"]))


@dataclass(frozen=True, slots=True)
class Ways:
    """Where tracked cells were seen, by track and then by time: x and y in parts of a pixel (`STEPS_OF_PIXEL`), z in planes.

    Holds what tails of ``tail_frames`` need in the frames that are shown.
    """

    track: Ints
    frame: Ints
    x: Ints
    y: Ints
    z: Ints
    tail_frames: int


@dataclass(frozen=True, slots=True)
class Movie:
    """All shots, by frame and within it by view, and the contrast they share."""

    views: list[View]
    frames: list[int]
    shots: list[Shot]
    contrast: Contrast
    ways: Ways


def choose_frames(n_frames: int, shown: int) -> list[int]:
    """At most ``shown`` frames, evenly spread, first and last among them."""
    return np.unique(np.round(np.linspace(0, n_frames - 1, min(shown, n_frames))).astype(int)).tolist()


@dataclass(frozen=True, slots=True)
class MoviePlan:
    """What will be drawn, before it is; ``drawn`` holds the shots of the frames that told how many there is room for."""

    views: list[View]
    frames: list[int]
    contrast: Contrast
    drawn: Mapping[int, list[Shot]]


def plan_movie(data: ReportData) -> MoviePlan:
    """Choose the frames that the settings ask for, or fewer, so that the page stays as small as they say."""
    frames = choose_frames(data.n_frames, data.report.frames_shown)
    slices = max(LEAST_SLICES, min(SLICES_SHOWN, SHOTS_OF_SLICES // len(frames)))
    views = choose_views(data.images.shape, data.images.scale, data.detections, slices)
    some = [frames[i] for i in choose_frames(len(frames), CONTRAST_FRAMES)]
    contrast = measure_contrast([read_picture(data.images, frame, views[0]) for frame in some])
    sampled = [frames[i] for i in choose_frames(len(frames), SAMPLED_SHOTS)]
    drawn = {frame: _draw_frame(data, frame, views, contrast) for frame in sampled}
    largest = max(sum(shot.size for shot in shots) for shots in drawn.values())
    fits = max(1, int(data.report.megabytes * 1e6 / largest))
    if fits < len(frames):
        frames = choose_frames(data.n_frames, fits)
    return MoviePlan(views, frames, contrast, drawn)


def draw_frames(data: ReportData, plan: MoviePlan) -> Iterator[list[Shot]]:
    """The shots of each frame in turn."""
    for frame in plan.frames:
        yield plan.drawn.get(frame) or _draw_frame(data, frame, plan.views, plan.contrast)


def join_movie(data: ReportData, plan: MoviePlan, shots: Iterable[list[Shot]]) -> Movie:
    """The movie of a page from the shots of its frames."""
    every = [shot for of_frame in shots for shot in of_frame]
    return Movie(plan.views, plan.frames, every, plan.contrast, find_ways(data, plan.views[0], plan.frames))


def draw_movie(data: ReportData) -> Movie:
    """Choose and draw, all at once."""
    plan = plan_movie(data)
    return join_movie(data, plan, draw_frames(data, plan))


def _draw_frame(data: ReportData, frame: int, views: list[View], contrast: Contrast) -> list[Shot]:
    """All views of one frame."""
    return [_draw_shot(data, frame, view, contrast) for view in views]


def _draw_shot(data: ReportData, frame: int, view: View, contrast: Contrast) -> Shot:
    """One frame in one view, no larger than its voxels: the page enlarges it."""
    rows, columns = (min(a, b) for a, b in zip(view.shape, view.box.shape[-2:], strict=True))
    view = replace(view, shape=(rows, columns))
    track, at = np.unique(read_labels(data.labels, frame, view), return_inverse=True)
    if not len(track) or track[0] > 0:
        track, at = np.r_[0, track], at + 1
    grey = to_grey(read_picture(data.images, frame, view), contrast)
    return Shot(encode_grey(grey), view.shape, pack(track[1:]), pack(at))


def find_ways(data: ReportData, view: View, frames: list[int]) -> Ways:
    """The places that tails need, for tails as long as the settings say or as there is room for."""
    detections, tracks = data.detections, data.tracks
    rows = np.flatnonzero(tracks.track_of)
    at = view.place(detections.centroid_um[rows], data.images.scale)
    inside = ((at >= 0) & (at < np.array(view.shape))).all(axis=1)
    rows, at = rows[inside], at[inside]
    tail = _longest_tail(np.bincount(detections.frame[rows], minlength=data.n_frames), frames, data.report.tail_frames)
    wanted = np.zeros(data.n_frames, dtype=np.bool_)
    for frame in frames:
        wanted[max(0, frame - tail) : frame + 1] = True
    needed = wanted[detections.frame[rows]]
    rows, at = rows[needed], at[needed]
    order = np.lexsort((detections.frame[rows], tracks.track_of[rows]))
    rows = rows[order]
    places: Ints = np.round(at[order] * STEPS_OF_PIXEL).astype(np.int64)
    flat = detections.ndim == 2
    z = np.zeros(len(rows)) if flat else np.round(detections.centroid_um[rows, 0] / data.images.scale.um_per_voxel[0])
    return Ways(tracks.track_of[rows], detections.frame[rows], places[:, 1], places[:, 0], z.astype(np.int64), tail)


def _longest_tail(cells: Ints, frames: list[int], wanted: int) -> int:
    """The longest tail, in frames, for which the places of all shown frames find room."""
    total = np.r_[0, np.cumsum(cells)]
    starts = [0, *(frame + 1 for frame in frames)]
    for tail in range(wanted, 0, -1):
        begin = [max(frame - tail, before) for frame, (before, _) in zip(frames, pairwise(starts), strict=True)]
        if sum(total[frame + 1] - total[first] for frame, first in zip(frames, begin, strict=True)) <= PLACES_SHOWN:
            return tail
    return 0
