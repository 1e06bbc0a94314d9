"""Annotated movies to learn from: images, and labels whose values are the true tracks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.errors import DataError
from samtrack.types import Box, Detections, Frames, Scale

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TrackedMovie:
    """A movie, its masks under the ids of their tracks, and the table of tracks as in ``man_track.txt``, (n, 4)."""

    images: Frames
    labels: Frames
    tracks: Ints

    def parted(self, share: float, least: int) -> tuple[TrackedMovie, TrackedMovie]:
        """The movie's beginning, to learn from, and its end, a share of its frames, to be judged by."""
        n = self.labels.n_frames
        cut = n - max(round(n * share), least)
        if cut < least:
            raise DataError(
                f"a movie of {n} frames cannot be parted into one to learn from and one to be judged by, of at least "
                f"{least} frames each. Take a longer one."
            )
        return self._part(0, cut), self._part(cut, n)

    def _part(self, start: int, stop: int) -> TrackedMovie:
        images, labels = (_Some(frames, start, stop) for frames in (self.images, self.labels))
        within = (self.tracks[:, 1] < stop) & (self.tracks[:, 2] >= start)
        tracks = self.tracks[within] - np.array([0, start, start, 0])
        return TrackedMovie(images, labels, np.clip(tracks, 0, None))


@dataclass(frozen=True, slots=True)
class TrackLabels:
    """Masks whose values are replaced by the true track of each; 0 for masks of no known track."""

    masks: Frames
    detections: Detections
    track_of: Ints

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return self.masks.n_frames

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one frame, (z)yx."""
        return self.masks.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a voxel."""
        return np.dtype(np.int64)

    @property
    def scale(self) -> Scale:
        """Physical scale."""
        return self.masks.scale

    def read(self, frame: int, box: Box | None = None) -> npt.NDArray[Any]:
        """The tracks in one frame, whole or inside a box."""
        mask = self.masks.read(frame, box)
        first, stop = np.searchsorted(self.detections.frame, [frame, frame + 1])
        track = np.zeros(int(mask.max(initial=0)) + 1, dtype=np.int64)
        label = self.detections.label[first:stop]
        seen = label < len(track)
        track[label[seen]] = self.track_of[first:stop][seen]
        return track[mask]


@dataclass(frozen=True, slots=True)
class _Some:
    """Frames from ``start`` to ``stop`` of a movie, counted from 0."""

    whole: Frames
    start: int
    stop: int

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return self.stop - self.start

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one frame, (z)yx."""
        return self.whole.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a voxel."""
        return self.whole.dtype

    @property
    def scale(self) -> Scale:
        """Physical scale."""
        return self.whole.scale

    def read(self, frame: int, box: Box | None = None) -> npt.NDArray[Any]:
        """The voxels of one frame, whole or inside a box."""
        if not 0 <= frame < self.n_frames:
            raise IndexError(f"frame {frame} of a part of {self.n_frames} frames")
        return self.whole.read(self.start + frame, box)
