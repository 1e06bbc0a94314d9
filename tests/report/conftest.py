"""Small movies with a result, drawn here: a division, a filled gap, a rejected mask, doubtful and sure links."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from samtrack.config.report import ReportSettings
from samtrack.report.tables import ReportData, find_steps
from samtrack.types import ArrayFrames, Detections, Divisions, Links, Scale, Tracks


def detect(labels, scale, keep=lambda frame, track: True):
    """Detections of label images, and the label of each; ``keep`` leaves some out (filled masks)."""
    found = []
    for frame, image in enumerate(labels):
        values = np.unique(image[image > 0])
        for value in values[[bool(keep(frame, int(v))) for v in values]] if len(values) else []:
            at = np.argwhere(image == value)
            found.append((frame, int(value), at.mean(axis=0) * scale.voxel_um, len(at), at.min(axis=0), at.max(axis=0)))
    return table(found, scale)


def table(found, scale):
    """Detections of tuples (frame, label, centroid in µm, voxels, first voxel, last voxel)."""
    n, nd = len(found), scale.ndim
    column = lambda i, width: np.array([f[i] for f in found]).reshape((n, nd) if width else n)  # noqa: E731
    ones = np.ones(n)
    return Detections(
        frame=column(0, False),
        label=column(1, False),
        centroid_um=column(2, True),
        size_um=column(3, False) * scale.size_per_voxel,
        box_start=column(4, True),
        box_stop=column(5, True) + 1 if n else column(5, True),
        intensity=ones,
        intensity_sd=ones,
        elongation=ones,
        spread=ones,
        neighbour_um=ones,
        border_um=ones,
        origin=ones * 0,
    )


def assemble(images, labels, scale, detections, tracks, filled=(), **more):
    """Report data whose links are the tracks' own steps, with probabilities 1 down to 0.5 in their order."""
    steps = find_steps(detections, tracks)
    n = len(steps.source)
    links = Links(steps.source, steps.target, np.linspace(1.0, 0.5, n), np.full(n, 6), np.zeros((n, 0)))
    born = {}
    for source, target in zip(steps.source[steps.is_division], steps.target[steps.is_division], strict=True):
        born.setdefault(int(source), []).append(int(target))
    pairs = [(mother, *two) for mother, two in born.items() if len(two) == 2]
    m, a, b = (np.array([p[i] for p in pairs], dtype=np.int64) for i in range(3))
    divisions = Divisions(m, a, b, np.full(len(m), 0.42), np.zeros((len(m), 0)))
    data = ReportData(
        dataset="Made",
        sequence="01",
        images=ArrayFrames(images, scale),
        labels=ArrayFrames(labels, scale),
        detections=detections,
        tracks=tracks,
        filled=list(filled),
        links=links,
        link_chosen=np.ones(n, dtype=bool),
        divisions=divisions,
        division_chosen=np.ones(len(m), dtype=bool),
        scores=None,
        violations=[],
        settings={"link": {"max_gap_frames": 2}},
        versions={"samtrack": "0.0"},
        timings=None,
        report=ReportSettings(frames_shown=4, tail_frames=3),
    )
    return replace(data, **more)


def small_movie(ndim=2, **more):
    """Seven frames: track 1 divides after frame 2 into 3 and 4; track 2 is filled in frame 3; label 9 is rejected."""
    depth = (5,) if ndim == 3 else ()
    scale = more.pop("scale", Scale((2.0,) * (ndim - 2) + (0.5, 0.5), 10.0))
    dtype = more.pop("dtype", np.uint8)
    offset = more.pop("offset", 10)
    labels = []
    for t in range(7):
        image = np.zeros((*depth, 40, 60), dtype=np.uint32)
        part = image[1:4] if ndim == 3 else image
        if t <= 2:
            part[..., 8:18, 6 + t : 16 + t] = 1
        else:
            part[..., 4:10, 8 + t : 16 + t] = 3
            part[..., 16:22, 8 + t : 16 + t] = 4
        part[..., 28:36, 40 + t : 48 + t] = 2
        labels.append(image)
    images = [(offset + 100 * (label > 0) + np.arange(60) % 7).astype(dtype) for label in labels]
    seen = [label.copy() for label in labels]
    seen[5].reshape(-1)[:3] = 9
    detections = detect(seen, scale, lambda frame, track: (frame, track) != (3, 2))
    track_of = np.where(detections.label == 9, 0, detections.label)
    tracks = Tracks(track_of, [1, 2, 3, 4], [0, 0, 3, 3], [2, 6, 6, 6], [0, 0, 1, 1])
    return assemble(images, labels, scale, detections, tracks, **{"filled": [(3, 2)], **more})


def empty_movie(n_frames=3):
    """No cell anywhere, and one grey value."""
    scale = Scale((1.0, 1.0), is_calibrated=False)
    images = [np.full((20, 30), 7, dtype=np.uint16)] * n_frames
    labels = [np.zeros((20, 30), dtype=np.uint32)] * n_frames
    none = np.zeros(0, dtype=np.int64)
    return assemble(images, labels, scale, Detections.empty(2), Tracks(none, none, none, none, none))


def family_tree(generations, roots):
    """Tracks of complete binary trees, one frame per generation."""
    sizes = [roots * 2**g for g in range(generations)]
    frame = np.repeat(np.arange(generations), sizes)
    start = np.cumsum([0, *sizes])
    parent = np.concatenate(
        [np.zeros(roots, dtype=int)] + [np.arange(n) // 2 + 1 + start[g] for g, n in enumerate(sizes[1:])]
    )
    track = np.arange(1, start[-1] + 1)
    return Tracks(track, track, frame, frame, parent)


def crowded_movie(generations=8, roots=79):
    """About 20 000 tracks: binary trees whose cells are 3 x 3 voxels on a grid."""
    tracks = family_tree(generations, roots)
    side = 4 * int(np.ceil(np.sqrt(roots * 2 ** (generations - 1))))
    scale = Scale((1.0, 1.0))
    labels, found = [], []
    for frame in range(generations):
        here = tracks.track[tracks.first_frame == frame]
        cells = np.zeros((side // 4) ** 2, dtype=np.uint32)
        cells[: len(here)] = here
        grid = np.kron(cells.reshape(side // 4, -1), np.pad(np.ones((3, 3), dtype=np.uint32), ((0, 1), (0, 1))))
        labels.append(grid)
        corner = np.stack(np.divmod(np.arange(len(here)), side // 4), axis=1) * 4
        found += [(frame, int(t), c + 1.0, 9, c, c + 2) for t, c in zip(here, corner, strict=True)]
    noise = np.random.default_rng(0)
    images = [(noise.integers(0, 30, label.shape) + 100 * (label > 0)).astype(np.uint8) for label in labels]
    return assemble(images, labels, scale, table(found, scale), tracks)


@pytest.fixture
def small():
    """The maker of the small movie."""
    return small_movie


@pytest.fixture
def empty():
    """The maker of the movie without cells."""
    return empty_movie


@pytest.fixture
def trees():
    """The maker of complete binary trees."""
    return family_tree


@pytest.fixture
def crowded():
    """The maker of the movie with about 20 000 tracks."""
    return crowded_movie


@pytest.fixture
def tabled():
    """The maker of detections from tuples."""
    return table


@pytest.fixture
def assembled():
    """The maker of report data from its main parts."""
    return assemble
