"""From a drawing in letters to a movie: what a situation's docstring shows is what its arrays hold.

A drawing has one column of text per frame, from left to right. Each character stands for a square of voxels:

* a letter is the centre of a cell; in a later frame the same letter is the same cell;
* a capital letter is a cell that is there but whose mask is missing;
* ``a=b`` are two cells under one mask (of the first cell's label);
* a dot is background.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.types import ArrayFrames, Scale

UNIT_PX = 6
"""Voxels along y and x per character: cells drawn two characters apart leave a gap of two or three voxels."""

RADIUS_PX = 4.5
"""Radius of a cell in voxels along y and x; daughters are smaller by the radius of half the size."""

DEPTH_PX = 13
"""Planes of a 3D situation whose voxels are cubes; all cells lie in the middle plane."""

Key = tuple[int, int]
"""A mask: (frame, label)."""

Places = dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Situation:
    """A tiny movie with what is true of it."""

    name: str
    images: ArrayFrames
    """Grey values, uint8: cells of about 160 on a background of about 20, with little noise."""
    labels: ArrayFrames
    """Masks as a segmentation gives them, uint16: missing, merged, and with values that say nothing."""
    truth: ArrayFrames
    """Every cell's true mask, uint16; the value is the track."""
    tracks: npt.NDArray[np.int64]
    """(n, 4) as in ``man_track.txt``: track, first frame, last frame, parent."""
    links: tuple[tuple[Key, Key], ...]
    """True links between ``labels`` within one cell: each of its masks to its next, over frames without a mask."""
    divisions: tuple[tuple[Key, tuple[Key, Key]], ...]
    """True divisions between ``labels``: the mother's last mask and the daughters' first."""

    @property
    def scale(self) -> Scale:
        """Physical scale."""
        return self.truth.scale


@dataclass(frozen=True, slots=True)
class Drawing:
    """A parsed drawing: per frame where each cell is, which are not seen, which are merged; and size in characters."""

    places: tuple[Places, ...]
    hidden: tuple[frozenset[str], ...]
    merged: tuple[tuple[tuple[str, str], ...], ...]
    size: tuple[int, int]

    def frames(self, order: Sequence[int]) -> Drawing:
        """The drawing with its frames in another order; a frame may be repeated."""
        return Drawing(
            tuple(self.places[i] for i in order),
            tuple(self.hidden[i] for i in order),
            tuple(self.merged[i] for i in order),
            self.size,
        )


def drawing_of(situation: Callable[..., Any]) -> Drawing:
    """The drawing in a function's docstring."""
    text = inspect.getdoc(situation)
    if text is None:
        raise ValueError(f"{situation.__name__} has no docstring to draw from; do not run tests with python -OO")
    # a line of the drawing: every word holds two dots in a row, which no sentence does
    rows = [line.split() for line in text.splitlines() if re.fullmatch(r"(\s*[A-Za-z.=]*\.\.[A-Za-z.=]*)+", line)]
    if not rows or len({len(row) for row in rows}) != 1:
        raise ValueError(f"the drawing of {situation.__name__} needs equally many columns in every row")
    return parse_drawing([["".join(row[i]) for row in rows] for i in range(len(rows[0]))])


def parse_drawing(frames: Sequence[Sequence[str]]) -> Drawing:
    """A drawing from the rows of each frame."""
    if len({len(line) for rows in frames for line in rows}) != 1:
        raise ValueError("all rows of a drawing must be equally long")
    places, hidden, merged = [], [], []
    for rows in frames:
        found = [(c, (y, x)) for y, row in enumerate(rows) for x, c in enumerate(row) if c.isalpha()]
        places.append({c.lower(): place for c, place in found})
        hidden.append(frozenset(c.lower() for c, _ in found if c.isupper()))
        merged.append(tuple((m[1], m[2]) for row in rows for m in re.finditer(r"([a-z])=([a-z])", row)))
    return Drawing(tuple(places), tuple(hidden), tuple(merged), (len(frames[0]), len(frames[0][0])))


def build_situation(name: str, drawing: Drawing, parents: Mapping[str, str], scale: Scale) -> Situation:
    """The movie of a drawing. ``parents`` names each daughter's mother; cells are tracks in order of (first frame, letter).

    A cell that is away for a while would be two tracks in the CTC's sense; give such a cell a new letter with the old one
    as its parent.
    """
    n_frames = len(drawing.places)
    letters = sorted({c for places in drawing.places for c in places}, key=lambda c: (_seen(drawing, c)[0], c))
    number = {c: i + 1 for i, c in enumerate(letters)}
    tracks = [
        [number[c], _seen(drawing, c)[0], _seen(drawing, c)[-1], number.get(parents.get(c, ""), 0)] for c in letters
    ]
    twins = {c for c in parents if list(parents.values()).count(parents[c]) == 2}
    truth = [_paint(drawing, t, number, twins, scale) for t in range(n_frames)]
    labels, keys = zip(*(_observe(drawing, t, truth[t], number) for t in range(n_frames)), strict=True)
    masks = {c: [k[c] for k in keys if c in k] for c in letters}
    links = [pair for c in letters for pair in zip(masks[c][:-1], masks[c][1:], strict=True)]
    lone = [(masks[p][-1], masks[c][0]) for c, p in parents.items() if c not in twins]
    divisions = [
        (masks[p][-1], (masks[a][0], masks[b][0]))
        for p in sorted({parents[c] for c in twins})
        for a, b in [sorted(c for c in twins if parents[c] == p)]
    ]
    return Situation(
        name=name,
        images=ArrayFrames([_image(mask, t) for t, mask in enumerate(truth)], scale),
        labels=ArrayFrames(list(labels), scale),
        truth=ArrayFrames(truth, scale),
        tracks=np.array(tracks, dtype=np.int64).reshape(-1, 4),
        links=tuple(sorted(links + lone)),
        divisions=tuple(divisions),
    )


def _seen(drawing: Drawing, letter: str) -> list[int]:
    """Frames in which a cell is there, seen or not."""
    return [t for t, places in enumerate(drawing.places) if letter in places]


def _paint(
    drawing: Drawing, frame: int, number: Mapping[str, int], small: set[str], scale: Scale
) -> npt.NDArray[np.uint16]:
    """Balls at the places of a frame; a voxel goes to the nearest centre."""
    ndim = scale.ndim
    voxel = scale.voxel_um / scale.voxel_um[-1]
    shape = (*[max(3, int(np.ceil(DEPTH_PX / voxel[0]))) | 1] * (ndim - 2), *(n * UNIT_PX for n in drawing.size))
    grid = np.indices(shape).reshape(ndim, -1).T
    nearest = np.full(len(grid), np.inf)
    painted = np.zeros(len(grid), dtype=np.uint16)
    for letter, (y, x) in sorted(drawing.places[frame].items()):
        centre = np.array([*[shape[0] // 2] * (ndim - 2), (y + 0.5) * UNIT_PX - 0.5, (x + 0.5) * UNIT_PX - 0.5])
        distance = np.linalg.norm((grid - centre) * voxel, axis=1) / (0.5 ** (1 / ndim) if letter in small else 1)
        wins = (distance < nearest) & (distance <= RADIUS_PX)
        nearest[wins], painted[wins] = distance[wins], number[letter]
    return painted.reshape(shape)


def _observe(
    drawing: Drawing, frame: int, truth: npt.NDArray[np.uint16], number: Mapping[str, int]
) -> tuple[npt.NDArray[np.uint16], dict[str, Key]]:
    """The masks that a segmentation gives, and the mask of each cell that has one."""
    value = {c: n for c, n in number.items() if c in drawing.places[frame] and c not in drawing.hidden[frame]}
    seen = np.where(np.isin(truth, list(value.values())), truth, 0).astype(np.uint16)
    for a, b in drawing.merged[frame]:
        seen[seen == value[b]] = value[a]
        seen[_bridge(truth, number[a], number[b])] = value[a]
        value[b] = value[a]
    # values that say nothing about identity: 1..n turned by an amount that differs between frames
    present = np.unique(seen[seen > 0])
    shown = np.zeros(int(truth.max(initial=0)) + 1, dtype=np.uint16)
    shown[present] = np.roll(np.arange(1, len(present) + 1), frame) + 3 * (frame % 2)
    return shown[seen], {c: (frame, int(shown[v])) for c, v in value.items()}


def _bridge(truth: npt.NDArray[np.uint16], a: int, b: int) -> npt.NDArray[np.bool_]:
    """Background voxels that lie between two masks along x."""
    right_of = np.maximum.accumulate(np.isin(truth, (a, b)), axis=-1)
    left_of = np.maximum.accumulate(np.isin(truth, (a, b))[..., ::-1], axis=-1)[..., ::-1]
    return np.asarray(right_of & left_of & (truth == 0))


def _image(truth: npt.NDArray[np.uint16], frame: int) -> npt.NDArray[np.uint8]:
    """Grey cells, each a little different, with little noise."""
    noise = np.random.default_rng([frame, *truth.shape]).normal(0, 3, truth.shape)
    return np.clip(np.where(truth > 0, 150 + 8 * (truth % 4), 20) + noise, 0, 255).astype(np.uint8)
