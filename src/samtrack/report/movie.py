"""The frames that the page shows: which ones; of each a grey picture, a layer of tracks, the places of its cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.report.encode import encode_grey, encode_layer
from samtrack.report.lineages import choose_colours
from samtrack.report.pictures import (
    Contrast,
    LayerColour,
    View,
    choose_views,
    draw_lines,
    draw_outlines,
    draw_rings,
    layer_palette,
    measure_contrast,
    read_labels,
    read_picture,
    to_grey,
)
from samtrack.report.tables import ReportData, Steps

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

CONTRAST_FRAMES = 5
"""Frames from which black and white are taken: evenly spread ones tell enough about a movie."""

NAMED_CELLS = 60_000
"""Cells over all shown frames whose place the page may know, to name them under the pointer (about 1 MB)."""

MOTHER_RING_PX = 6.0
"""Radius of the ring round a mother."""

DAUGHTER_RING_PX = 3.0
"""Radius of the ring on a newborn daughter."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One shown frame in one view: two pictures as addresses; ``cells`` are (x, y, track), pixels of the upper one."""

    frame: int
    view: str
    shape: tuple[int, int]
    image: str
    layer: str
    cells: list[list[int]]


@dataclass(frozen=True, slots=True)
class Movie:
    """All shots, by frame and within it by view, and the contrast they share."""

    views: list[View]
    frames: list[int]
    shots: list[Shot]
    contrast: Contrast


def choose_frames(n_frames: int, shown: int) -> list[int]:
    """At most ``shown`` frames, evenly spread, first and last among them."""
    return np.unique(np.round(np.linspace(0, n_frames - 1, min(shown, n_frames))).astype(int)).tolist()


def draw_movie(data: ReportData, steps: Steps) -> Movie:
    """Draw the frames that the settings ask for."""
    views = choose_views(data.images.shape, data.images.scale, data.detections)
    frames = choose_frames(data.n_frames, data.report.frames_shown)
    contrast = _measure(data, views[0], frames)
    colours = choose_colours(data.tracks)
    room = NAMED_CELLS // (len(frames) * len(views))
    shots = []
    for frame in frames:
        for view in views:
            labels = read_labels(data.labels, frame, view)
            shots.append(
                Shot(
                    frame,
                    view.name,
                    view.shape,
                    encode_grey(to_grey(read_picture(data.images, frame, view), contrast)),
                    encode_layer(draw_layer(data, steps, colours, view, frame, labels), layer_palette()),
                    find_cells(labels, room),
                )
            )
    return Movie(views, frames, shots, contrast)


def _measure(data: ReportData, view: View, frames: list[int]) -> Contrast:
    """Black and white of the whole movie, so that brightness can be compared between frames."""
    some = [frames[i] for i in choose_frames(len(frames), CONTRAST_FRAMES)]
    return measure_contrast([read_picture(data.images, frame, view) for frame in some])


def draw_layer(
    data: ReportData, steps: Steps, colours: Ints, view: View, frame: int, labels: npt.NDArray[np.uint32]
) -> Bytes:
    """Outlines, tails and marks of one frame, as numbers of `LayerColour`."""
    layer = np.zeros(view.shape, dtype=np.uint8)
    place = view.place(data.detections.centroid_um, data.images.scale)
    near = view.is_near(data.detections.centroid_um, data.images.scale, _typical_radius(data))
    from_frame, to_frame = data.detections.frame[steps.source], data.detections.frame[steps.target]
    recent = (to_frame <= frame) & (to_frame > frame - data.report.tail_frames)

    tail = recent & near[steps.target]
    source, target = steps.source[tail], steps.target[tail]
    draw_lines(layer, place[source], place[target], LayerColour.TAIL + colours[data.tracks.track_of[target]])
    draw_outlines(layer, labels, colours, data.filled_tracks(frame))

    split = is_split(data, steps)
    mothers = steps.source[split & (from_frame <= frame) & (recent | (from_frame == frame))]
    daughters = steps.target[split & (to_frame == frame)]
    draw_rings(layer, place[np.unique(mothers[near[mothers]])], MOTHER_RING_PX)
    draw_rings(layer, place[daughters[near[daughters]]], DAUGHTER_RING_PX)
    return layer


def _typical_radius(data: ReportData) -> float:
    """Median radius of the cells in micrometres; 0 without any."""
    radius = data.images.scale.radius_um(data.detections.size_um)
    return float(np.median(radius)) if len(radius) else 0.0


def is_split(data: ReportData, steps: Steps) -> npt.NDArray[np.bool_]:
    """Whether a step leads from a mother to one of two daughters."""
    children = np.bincount(steps.source[steps.is_division], minlength=len(data.detections))
    return steps.is_division & (children[steps.source] == 2)


def find_cells(labels: npt.NDArray[np.uint32], room: int) -> list[list[int]]:
    """(x, y, track) of the middle of each label in a picture; nothing where there are more than ``room``."""
    track, at, n = np.unique(labels, return_inverse=True, return_counts=True)
    if len(track) - 1 > room:
        return []
    rows, columns = np.indices(labels.shape, dtype=np.float64)
    y = np.bincount(at.ravel(), weights=rows.ravel()) / n
    x = np.bincount(at.ravel(), weights=columns.ravel()) / n
    cells = np.stack([np.round(x), np.round(y), track], axis=1).astype(np.int64)
    return cells[track > 0].tolist()
