"""A result as viewers ask for it: pictures of planes, cells of frames, the track at a place. Read when it is asked."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.config.layout import Layout
from samtrack.errors import DataError
from samtrack.io.pyramid import open_tracked, sequences_in
from samtrack.io.tables import read_table
from samtrack.view.address import PROJECTION
from samtrack.view.picture import limits_of, overlaid, shown
from samtrack.view.tails import Tails

LARGEST_PX = 2048
"""Side of the largest picture, unless a finer level is asked: what a screen shows."""

MOST_PIXELS = 2**24
"""Pixels of a picture at most, whatever is asked: 48 MB of RGB."""


class ShownMovie:
    """One sequence of a result."""

    def __init__(self, out: Path, sequence: str) -> None:
        self.name, self.out = sequence, out
        self.image, self.labels = open_tracked(out, sequence)
        self.version = self._written_at()
        """What changes with the result: track numbers of two versions are not of the same cells."""

    @cached_property
    def tails(self) -> Tails:
        """The result's table."""
        if not self._table.is_file():
            raise DataError(f"{self._table}: is missing. Let the run finish first.")
        return Tails(read_table(self._table))

    @property
    def has_changed(self) -> bool:
        """Whether the result was made anew since it was opened."""
        return self._written_at() != self.version

    def _written_at(self) -> str:
        return str(self._table.stat().st_mtime_ns) if self._table.is_file() else ""

    @property
    def _table(self) -> Path:
        """The result's file of cells."""
        return Layout(self.out, self.name).table

    @cached_property
    def limits(self) -> tuple[float, float]:
        """Grey values that become black and white: of the middle plane of the first, middle and last frame."""
        return self._limits(self.image.n_planes // 2)

    @cached_property
    def limits_of_projection(self) -> tuple[float, float]:
        """The same for the maximum over all planes, which is brighter."""
        return self._limits(PROJECTION)

    def _limits(self, plane: int) -> tuple[float, float]:
        frames, level = self.image.n_frames, len(self.image.levels) - 1
        return limits_of(np.stack([self._grey(level, t, plane) for t in sorted({0, frames // 2, frames - 1})]))

    def facts(self) -> dict[str, Any]:
        """Lengths and scale, for a page."""
        scale = self.image.scale
        return {
            "frames": self.image.n_frames,
            "planes": self.image.n_planes,
            "shape": list(self.image.shape),
            "um_per_voxel": list(scale.um_per_voxel),
            "minutes_per_frame": scale.minutes_per_frame,
            "tracks": self.tails.n_tracks,
            "levels": len(self.image.levels),
            "level": self._level(None),
            "version": self.version,
        }

    def has(self, frame: int, plane: int) -> bool:
        """Whether there is such a frame and plane."""
        return 0 <= frame < self.image.n_frames and PROJECTION <= plane < self.image.n_planes

    def picture(
        self, frame: int, plane: int, with_labels: bool, level: int | None = None, gain: float = 1.0
    ) -> npt.NDArray[np.uint8]:
        """A plane, or the projection of all, in RGB; without labels in grey. ``gain``: times brighter than usual."""
        level = self._level(level)
        low, high = self.limits_of_projection if plane == PROJECTION else self.limits
        grey = shown(self._grey(level, frame, plane), (low, low + (high - low) / gain))
        return overlaid(grey, self._tracks(level, frame, plane)) if with_labels else grey

    def track_at(self, frame: int, plane: int, place: tuple[int, int]) -> int:
        """The track at a pixel of the full resolution; 0 where there is none."""
        y, x = place
        if y >= self.labels.shape[-2] or x >= self.labels.shape[-1]:
            return 0
        if plane != PROJECTION:
            return int(self.labels.plane(0, frame, plane)[y, x])
        level = self.labels.level_within(LARGEST_PX)
        return int(self._tracks(level, frame, plane)[y >> level, x >> level])

    def _level(self, asked: int | None) -> int:
        level = self.image.level_within(LARGEST_PX) if asked is None else min(asked, len(self.image.levels) - 1)
        while level < len(self.image.levels) - 1 and np.prod(self.image.levels[level].shape[-2:]) > MOST_PIXELS:
            level += 1
        return level

    def _grey(self, level: int, frame: int, plane: int) -> npt.NDArray[Any]:
        if plane != PROJECTION:
            return self.image.plane(level, frame, plane)
        highest = self.image.plane(level, frame, 0)
        for z in range(1, self.image.n_planes):
            highest = np.maximum(highest, self.image.plane(level, frame, z))
        return highest

    def _tracks(self, level: int, frame: int, plane: int) -> npt.NDArray[Any]:
        """The tracks of a plane; of all planes the topmost one at each pixel."""
        if plane != PROJECTION:
            return self.labels.plane(level, frame, plane)
        seen = self.labels.plane(level, frame, 0)
        for z in range(1, self.labels.n_planes):
            seen = np.where(seen > 0, seen, self.labels.plane(level, frame, z))
        return seen


def open_shown(out: Path, sequence: str | None = None) -> dict[str, ShownMovie]:
    """The sequences of a result that have tracks, or the one that is named."""
    names = sequences_in(out)
    if not names:
        raise DataError(f"{out}: holds no NAME.ome.zarr, so it is not the output folder of a run.")
    if sequence is not None and sequence not in names:
        raise DataError(
            f"{out}: holds the sequences {', '.join(names)}, found --sequence {sequence}. Name one of them."
        )
    return {name: ShownMovie(out, name) for name in ([sequence] if sequence else names)}
