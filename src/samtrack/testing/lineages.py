"""Random lineages as the final table of a run, with what they say told once more in plain loops."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.types import Origin, Scale

Node = tuple[int, ...]
"""Frame and place of a cell, in thousandths of voxels."""

FIELDS = 8
"""Tracks that find room side by side; each has a field of `FIELD_PX` voxels for itself."""

FIELD_PX = 8


@dataclass(frozen=True, slots=True)
class Lineages:
    """Tracks that divide, miss frames, are filled in, or last one frame.

    ``table`` is the final table, sorted by (track, frame); ``links`` are (frame, label, frame, label, probability) of
    detections that follow each other. ``edges`` says who follows whom, and how surely (None: nobody said).
    """

    n_frames: int
    scale: Scale
    table: dict[str, npt.NDArray[Any]]
    links: list[tuple[int, int, int, int, float]]
    edges: dict[tuple[Node, Node], float | None]

    @property
    def nodes(self) -> set[Node]:
        """Frame and place of every cell."""
        return nodes_of(self.table, self.scale.ndim)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a frame in which all find room."""
        side = FIELDS * FIELD_PX
        return (FIELD_PX, side, side)[-self.scale.ndim :]

    def labels(self, frame: int) -> npt.NDArray[np.uint32]:
        """A frame with the number of the track in a cube of three voxels around each cell."""
        image = np.zeros(self.shape, dtype=np.uint32)
        axes = ("z", "y", "x")[-self.scale.ndim :]
        for row in np.flatnonzero(self.table["t"] == frame):
            centre = [round(float(self.table[axis][row])) for axis in axes]
            image[tuple(slice(c - 1, c + 2) for c in centre)] = self.table["track_id"][row]
        return image


def nodes_of(table: dict[str, Any], ndim: int) -> set[Node]:
    """The cells of a table of frames and places in voxels."""
    columns = [np.asarray(table["t"]), *(np.rint(np.asarray(table[a]) * 1000) for a in ("z", "y", "x")[-ndim:])]
    return {tuple(int(value) for value in row) for row in zip(*columns, strict=True)}


@dataclass
class _Track:
    first: int
    frames: list[int]
    drawn: set[int]
    parent: _Track | None = None
    number: int = 0
    place: dict[int, list[int]] = field(default_factory=dict)
    label: dict[int, int] = field(default_factory=dict)


def random_lineages(seed: int, ndim: int = 2, founders: int = 6, n_frames: int = 12) -> Lineages:
    """Some lineages; equal seeds give equal ones."""
    rng = np.random.default_rng(seed)
    scale = Scale((2.0, 0.5, 0.25)[-ndim:], 3.0)
    tracks: list[_Track] = []
    for _ in range(founders):
        _grow(tracks, None, int(rng.integers(0, n_frames)), n_frames, rng)
    tracks.sort(key=lambda track: track.first)
    for i, track in enumerate(tracks):
        track.number = i + 1
        for t in track.frames:
            shift = rng.integers(0, 3, ndim)
            corner = [0, i // FIELDS, i % FIELDS][-ndim:]
            track.place[t] = [int(c * FIELD_PX + 2 + s) for c, s in zip(corner, shift, strict=True)]
            track.label[t] = 0 if t in track.drawn else 1000 - track.number
    links = _links(tracks, rng)
    return Lineages(n_frames, scale, _table(tracks, scale), links, _edges(tracks, links))


def _grow(tracks: list[_Track], parent: _Track | None, first: int, n_frames: int, rng: np.random.Generator) -> None:
    """Add a track and its descendants, as long as there is room."""
    if len(tracks) >= FIELDS**2 - 2:
        return
    stop = min(first + int(rng.integers(1, 6)), n_frames)
    inner = range(first + 1, stop - 1)
    missed = {t for t in inner if rng.random() < 0.3}
    drawn = {t for t in missed if rng.random() < 0.5}
    track = _Track(first, [t for t in range(first, stop) if t not in missed - drawn], drawn, parent)
    tracks.append(track)
    birth = stop + int(rng.random() < 0.2)
    if birth < n_frames and rng.random() < 0.6:
        for _ in range(2):
            _grow(tracks, track, birth, n_frames, rng)


def _table(tracks: list[_Track], scale: Scale) -> dict[str, npt.NDArray[Any]]:
    axes = ("z", "y", "x")[-scale.ndim :]
    rows = [(track, t) for track in tracks for t in track.frames]
    place = np.array([track.place[t] for track, t in rows], dtype=np.float64).reshape(-1, scale.ndim)
    number = np.array([track.number for track, _ in rows], dtype=np.int64)
    table: dict[str, Any] = {"track_id": number, "t": np.array([t for _, t in rows], dtype=np.int64)}
    table |= {axis: place[:, i] for i, axis in enumerate(axes)}
    table["parent_track_id"] = np.array(
        [track.parent.number if track.parent else 0 for track, _ in rows], dtype=np.int64
    )
    table |= {f"{axis}_um": place[:, i] * scale.um_per_voxel[i] for i, axis in enumerate(axes)}
    label = np.array([track.label[t] for track, t in rows], dtype=np.int64)
    table["size_um"] = np.full(len(rows), 3.0**scale.ndim * scale.size_per_voxel)
    table |= {"label": label, "origin": np.where(label > 0, int(Origin.SEEDS), int(Origin.FILLED))}
    return table | {"in_field": np.ones(len(rows), dtype=np.bool_), "ctc_label": np.zeros(len(rows), dtype=np.int64)}


def _links(tracks: list[_Track], rng: np.random.Generator) -> list[tuple[int, int, int, int, float]]:
    """Between detections that follow each other; of some nothing is known, as with linkers that tell no probability."""
    links = []
    for track in tracks:
        seen = [(t, track.label[t]) for t in track.frames if track.label[t]]
        if track.parent is not None:
            mother = track.parent
            seen.insert(0, max((t, mother.label[t]) for t in mother.frames if mother.label[t]))
        for before, after in pairwise(seen):
            if rng.random() < 0.9:
                links.append((*before, *after, round(float(rng.random()), 3)))
    return links


def _edges(
    tracks: list[_Track], links: list[tuple[int, int, int, int, float]]
) -> dict[tuple[Node, Node], float | None]:
    """Every cell to its next, and the last of a mother to the first of each daughter."""
    score = {(t, label): p for _, _, t, label, p in links}
    edges: dict[tuple[Node, Node], float | None] = {}
    for track in tracks:
        path = [(track, t) for t in track.frames]
        path = [(track.parent, track.parent.frames[-1]), *path] if track.parent else path
        for (one, t), (other, later) in pairwise(path):
            arrives = next(s for s in track.frames if s >= later and track.label[s])
            ends = ((t, *(1000 * c for c in one.place[t])), (later, *(1000 * c for c in other.place[later])))
            edges[ends] = score.get((arrives, track.label[arrives]))
    return edges
