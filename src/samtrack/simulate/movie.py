"""A simulated movie: the lineage is computed at once, every frame's picture and masks when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.config.simulate import SimulateSettings
from samtrack.simulate.degrade import degrade_frame
from samtrack.simulate.lineage import Lineage, simulate_lineage
from samtrack.simulate.mask_errors import label_dtype, spoil_masks
from samtrack.simulate.render import render_frame
from samtrack.simulate.shapes import Floats, Ints
from samtrack.types import Scale


@dataclass(frozen=True, slots=True)
class SimulatedFrame:
    """One frame: picture (uint8 or uint16), true labels (the value is the track), erroneous masks (shuffled values)."""

    image: npt.NDArray[Any]
    truth: npt.NDArray[Any]
    masks: npt.NDArray[Any]


class SimulatedMovie:
    """A movie whose truth is known; ``frame`` gives equal bytes in any order and in any process."""

    def __init__(self, settings: SimulateSettings) -> None:
        self._settings = settings
        self._lineage: Lineage = simulate_lineage(settings)
        self._dimness = _dimness_of_tracks(self._lineage)

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return self._settings.frames

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one frame, (z)yx."""
        return self._settings.shape_px

    @property
    def scale(self) -> Scale:
        """Physical scale."""
        return self._settings.scale

    @property
    def tracks(self) -> Ints:
        """True tracks as in ``man_track.txt``, (n, 4): track, first frame, last frame, parent; numbered 1..n."""
        return self._lineage.tracks

    @property
    def lineage(self) -> Lineage:
        """All cells with their forms, those outside of the picture included."""
        return self._lineage

    def frame(self, frame: int) -> SimulatedFrame:
        """Picture, truth and erroneous masks of one frame."""
        if not 0 <= frame < self.n_frames:
            raise IndexError(f"frame {frame} of a movie of {self.n_frames} frames")
        cells = self._lineage.frames[frame]
        labels, light = render_frame(self._settings, cells, frame)
        return SimulatedFrame(
            image=degrade_frame(self._settings, light, cells.origin_um, frame),
            truth=labels.astype(label_dtype(len(self.tracks))),
            masks=spoil_masks(self._settings, labels, self._dimness, frame),
        )


def simulate_movie(settings: SimulateSettings) -> SimulatedMovie:
    """The movie of a recipe; equal recipes give equal bytes."""
    return SimulatedMovie(settings)


def _dimness_of_tracks(lineage: Lineage) -> Floats:
    """By track (0 unused): how much more often a cell is missed than the average one, mean about 1; dim cells more."""
    n = len(lineage.tracks)
    dimness = np.ones(n + 1)
    for cells in lineage.frames:
        seen = cells.track > 0
        dimness[cells.track[seen]] = 1 / np.maximum(cells.brightness[seen], 0.1)
    return np.asarray(dimness / dimness[1:].mean()) if n else dimness
