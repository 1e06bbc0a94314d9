"""Short clips with the truth of every cell, from which SAM 2 learns: cut out of simulated or of annotated movies.

A *scene* is some frames of a movie in one plane, normalised as they will be when the model is used; a *clip* is a square cut
of it at the network's scale, at another place, size and look each time. Everything is a function of the seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.errors import DataError, SettingsError
from samtrack.models.sam2.pixels import Float32s, normalised, sample_places, sample_weights
from samtrack.simulate.degrade import degrade_frame
from samtrack.simulate.lineage import simulate_lineage
from samtrack.simulate.render import render_frame
from samtrack.train.link_recipes import log_uniform
from samtrack.train.sam2_augment import Labels, as_segmented, repainted, turned
from samtrack.train.sam2_recipes import SHOWN_PX, recipe
from samtrack.types import Frames

Ints = npt.NDArray[np.int64]

CLIPS_PER_SCENE = 4
"""Clips cut from the same frames: simulating frames costs several times more than cutting."""

SPARE_FRAMES = 1
"""Frames of a scene beyond those of a clip, so that its clips begin at different ones."""

STRIDES = (0.55, 0.25, 0.2)
"""How often a clip takes every, every second, every third frame of its movie."""

SEEKS_DIVISION = 0.5
"""Share of the scenes and of the clips that are sought where a cell divides, if there is such a place."""

EMPTY_CLIPS = 0.08
"""Share of clips cut anywhere, whether cells are there or not."""

EDGE_CLIPS = 0.1
"""Share of clips that may reach over the edge of the picture by up to `OVER_EDGE` of their side; beyond it all is 0."""

OVER_EDGE = 0.3


@dataclass(frozen=True, slots=True)
class Clip:
    """Square pictures (t, y, x) of one place, and the true cells in them."""

    images: Float32s
    """0 to 1."""
    labels: Labels
    """True tracks, numbered from 1; 0: background."""
    prompts: Labels
    """The same tracks with the masks that a segmentation might have given; equal to ``labels`` in half of the clips."""
    parent: Ints
    """By track (0 unused): the track it comes from, else 0. A division is a parent with two children; one child: the cell
    came back, or its sister is out of sight."""
    cell_px: float
    """Diameter of a median cell."""
    seed: int


@dataclass(frozen=True, slots=True)
class Scene:
    """Frames of one plane: normalised pictures and true labels (t, y, x), micrometres per pixel along y and x."""

    images: list[Float32s]
    labels: list[npt.NDArray[Any]]
    spacing_um: tuple[float, float]
    tracks: Ints
    """As in ``man_track.txt``, (n, 4): track, first frame, last frame, parent."""

    @property
    def cell_um(self) -> float:
        """Diameter of the median cell over all frames, of the disc of its area; 0 where there is none."""
        sizes = [np.bincount(frame.reshape(-1))[1:] for frame in self.labels]
        found = np.concatenate([size[size > 0] for size in sizes])
        return float(np.sqrt(np.median(found) * np.prod(self.spacing_um) * 4 / np.pi)) if len(found) else 0.0


def simulated_clip(seed: int, side_px: int, n_frames: int) -> Clip:
    """One clip of a random movie."""
    return simulated_clips(seed, side_px, n_frames, 1)[0]


def simulated_clips(seed: int, side_px: int, n_frames: int, n: int, strides: Sequence[float] = STRIDES) -> list[Clip]:
    """Some clips of one random movie, at different times and places."""
    if n_frames < 1 or side_px < 16:
        raise SettingsError(
            f"clips of {n_frames} frames of {side_px} pixels; give at least one frame and a side of at least 16 pixels"
        )
    settings, zoom = recipe(seed, side_px)
    settings = settings.model_copy(update={"frames": max(settings.frames, n_frames + SPARE_FRAMES)})
    lineage = simulate_lineage(settings)
    rng = np.random.default_rng([seed, 3])
    plane = 0 if settings.scale.ndim == 3 else -1
    clips: list[Clip] = []
    while len(clips) < n:
        times = _times(lineage.tracks, settings.frames, n_frames, strides, rng)
        drawn = []
        for t in times:
            labels, light = render_frame(settings, lineage.frames[t], t)
            image = degrade_frame(settings, light, lineage.frames[t].origin_um, t)
            drawn.append((_plane(normalised(image), plane), _plane(labels, plane)))
        spacing = tuple(v for axis, v in enumerate(settings.scale.um_per_voxel) if axis != plane)
        scene = Scene([d[0] for d in drawn], [d[1] for d in drawn], (spacing[0], spacing[1]), lineage.tracks)
        shown_px = zoom * settings.cells.diameter_um
        for _ in range(min(CLIPS_PER_SCENE, n - len(clips))):
            clips.append(cut(scene, shown_px, side_px, n_frames, seed, rng))
    return clips


def ctc_clips(
    images: Frames, labels: Frames, tracks: Ints, seed: int, side_px: int, n_frames: int, n: int
) -> list[Clip]:
    """Some clips of one scene of an annotated movie, whose labels are track ids; of a volume, one plane through a cell."""
    if images.shape != labels.shape or images.n_frames != labels.n_frames:
        raise DataError(
            f"images are {images.n_frames} frames of {images.shape}, labels {labels.n_frames} of {labels.shape}; they must "
            "agree. Give the labels of this very movie."
        )
    if labels.n_frames < n_frames:
        raise DataError(f"a movie of {labels.n_frames} frames holds no clip of {n_frames}; ask for shorter clips")
    rng = np.random.default_rng([seed, 4])
    times = _times(np.asarray(tracks), labels.n_frames, n_frames, STRIDES, rng)
    truth = [labels.read(t) for t in times]
    plane, at = -1, 0
    if len(labels.shape) == 3:
        plane = int(rng.choice(3, p=[0.7, 0.15, 0.15]))
        held = np.flatnonzero(truth[0].any(axis=tuple(a for a in range(3) if a != plane)))
        at = int(rng.choice(held)) if len(held) else labels.shape[plane] // 2
    spacing = tuple(v for axis, v in enumerate(labels.scale.um_per_voxel) if axis != plane)
    scene = Scene(
        [_plane(normalised(images.read(t)), plane, at) for t in times],
        [_plane(frame, plane, at) for frame in truth],
        (spacing[0], spacing[1]),
        np.asarray(tracks),
    )
    return [cut(scene, log_uniform(rng, *SHOWN_PX), side_px, n_frames, seed, rng) for _ in range(n)]


def _plane(frame: npt.NDArray[Any], axis: int, at: int | None = None) -> npt.NDArray[Any]:
    """One plane of a volume, the middle one unless told; a 2D frame (axis -1) as it is."""
    return frame if axis < 0 else frame.take(frame.shape[axis] // 2 if at is None else at, axis=axis)


def _times(tracks: Ints, movie_frames: int, n_frames: int, strides: Sequence[float], rng: np.random.Generator) -> Ints:
    """Frames of a scene: at some stride, at a random time or around a division."""
    kept = min(n_frames + SPARE_FRAMES, movie_frames)
    stride = int(rng.choice(np.arange(1, len(strides) + 1), p=np.asarray(strides)))
    stride = max(1, min(stride, (movie_frames - 1) // max(kept - 1, 1)))
    latest = movie_frames - 1 - (kept - 1) * stride
    start = int(rng.integers(0, latest + 1))
    births = np.unique(tracks[tracks[:, 3] > 0, 1]) if len(tracks) else np.zeros(0, dtype=np.int64)
    if len(births) and rng.random() < SEEKS_DIVISION:
        start = int(np.clip(rng.choice(births) - rng.integers(1, n_frames * stride + 1), 0, latest))
    return start + stride * np.arange(kept)


def cut(scene: Scene, shown_px: float, side_px: int, n_frames: int, seed: int, rng: np.random.Generator) -> Clip:
    """A clip of a scene whose median cell is about ``shown_px`` wide, laid down, repainted and with prompts."""
    first = int(rng.integers(0, len(scene.images) - n_frames + 1))
    images, labels = scene.images[first : first + n_frames], scene.labels[first : first + n_frames]
    cell_um = scene.cell_um or shown_px
    per_um = shown_px / cell_um * float(np.exp(rng.normal(0, 0.1)))
    zoom = [per_um * s for s in scene.spacing_um]
    start = _corner(labels, zoom, side_px, scene.tracks, rng)
    places = [sample_places(side_px, z, s) for z, s in zip(zoom, start, strict=True)]
    shape = labels[0].shape
    rows, columns = (sample_weights(n, p, z) for n, p, z in zip(shape, places, zoom, strict=True))
    seen = np.clip([rows @ image @ columns.T for image in images], 0, 1).astype(np.float32, copy=False)
    nearest = [np.clip(np.rint(p), 0, n - 1).astype(np.intp) for p, n in zip(places, shape, strict=True)]
    is_inside = (rows.sum(axis=1) > 0)[:, None] & (columns.sum(axis=1) > 0)
    truth = np.where(is_inside, np.stack([frame[np.ix_(*nearest)] for frame in labels]), 0)
    numbered, parent = _renumbered(truth, scene.tracks)
    cell_px = cell_um * per_um
    way = int(rng.integers(0, 8))
    shown = repainted(seen, cell_px, rng) * is_inside
    laid = np.asarray(turned(numbered, way), dtype=np.int32)
    return Clip(
        images=np.asarray(turned(shown, way), dtype=np.float32),
        labels=laid,
        prompts=as_segmented(laid, cell_px, rng),
        parent=parent,
        cell_px=cell_px,
        seed=seed,
    )


def _corner(
    labels: list[npt.NDArray[Any]], zoom: list[float], side_px: int, tracks: Ints, rng: np.random.Generator
) -> list[float]:
    """Where a cut begins (input pixels from the picture's edge): around a cell or a division, or anywhere."""
    shape = labels[0].shape
    extent = [side_px / z for z in zoom]
    centre = [float(rng.uniform(0, n)) for n in shape]
    present = np.unique(labels[-1])
    born = tracks[np.isin(tracks[:, 0], present) & (tracks[:, 3] > 0), 0] if len(tracks) else present[:0]
    born = born[~np.isin(born, labels[0])]
    present = present[present > 0]
    if len(present) and rng.random() > EMPTY_CLIPS:
        wanted = rng.choice(born) if len(born) and rng.random() < SEEKS_DIVISION else rng.choice(present)
        spot = np.argwhere(labels[-1] == wanted).mean(axis=0)
        centre = [float(s + rng.uniform(-0.35, 0.35) * e) for s, e in zip(spot, extent, strict=True)]
    over = OVER_EDGE if rng.random() < EDGE_CLIPS else 0.0
    corner = []
    for c, e, n in zip(centre, extent, shape, strict=True):
        low, high = -over * e, n - (1 - over) * e
        corner.append(float(np.clip(c - e / 2, low, high)) if high > low else (n - e) / 2)
    return corner


def _renumbered(truth: npt.NDArray[Any], tracks: Ints) -> tuple[Labels, Ints]:
    """Tracks in view numbered from 1, and the nearest ancestor in view of each."""
    flat = truth.reshape(-1).astype(np.int64)
    most = int(max(flat.max(initial=0), tracks[:, [0, 3]].max(initial=0))) + 1
    is_present = np.bincount(flat, minlength=most) > 0
    is_present[0] = False
    present = np.flatnonzero(is_present)
    parent_of = np.zeros(most, dtype=np.int64)
    parent_of[tracks[:, 0]] = tracks[:, 3]
    number = np.zeros(most, dtype=np.int32)
    number[present] = np.arange(1, len(present) + 1)
    ancestor = parent_of[present]
    while np.any(hidden := (ancestor > 0) & ~is_present[ancestor]):
        ancestor[hidden] = parent_of[ancestor[hidden]]
    return number[truth], np.concatenate([[0], number[ancestor]]).astype(np.int64)
