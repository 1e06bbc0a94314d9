"""What a page is made from: one sequence, its images, its result and how it came about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from samtrack.config.report import ReportSettings
from samtrack.types import (
    Detections,
    Divisions,
    Errors,
    Frames,
    Links,
    Merges,
    Reliability,
    Scores,
    Tracks,
    Violation,
)

Ints = npt.NDArray[np.int64]

REASON_COLUMNS = ("runner_up", "runner_up_score", "spoke_for", "spoke_against")
"""The columns of `Reasons`, in order; each is also a column of the list of doubtful decisions."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """Of proposals: what its source would have done instead (row of the detections, -1: nothing), and why it won.

    ``runner_up_score`` is NaN without; the texts (``iou +2.1; overlap +0.4``) are empty where nothing is told. ``of`` are
    the proposals that are told of, in order; None: all.
    """

    runner_up: Ints
    runner_up_score: npt.NDArray[np.float64]
    spoke_for: npt.NDArray[np.object_]
    spoke_against: npt.NDArray[np.object_]
    of: Ints | None = None

    def at(self, proposals: Ints) -> Reasons:
        """The reasons of the given proposals, one for each; without a word where nothing is told."""
        if self.of is None:
            return Reasons(*(getattr(self, name)[proposals] for name in REASON_COLUMNS))
        row = np.searchsorted(self.of, proposals)
        known = row < len(self.of)
        known[known] = self.of[row[known]] == proposals[known]
        told = no_reasons(len(proposals))
        for name in REASON_COLUMNS:
            getattr(told, name)[known] = getattr(self, name)[row[known]]
        return told


@dataclass(frozen=True, slots=True)
class StageTime:
    """What the jobs of a stage took together; memory is that of the largest one."""

    stage: str
    jobs: int
    seconds: float
    cpu_seconds: float
    memory_mb: float


@dataclass(frozen=True, slots=True)
class ReportData:
    """All that a page is made from: one sequence, its images, its result and how it came about.

    ``labels`` hold the final masks (value = track), filled ones included; ``filled`` lists those as (frame, track), and
    ``split`` the two parts of each mask that two cells shared.
    ``link_chosen`` and ``division_chosen`` are booleans, one per proposal. ``violations`` is None where nobody checked;
    ``timings`` are those of the stages before this page. ``held_out`` is how the link model's probabilities came true on
    movies it was not fitted to, ``came_true`` how they did here (empty without a truth). ``fact_words`` says
    facts of `Reasons` in words. ``merges`` are the chosen ones alone. ``lineages`` says in words which were
    followed, if not all were; everything here is then about those alone. ``errors`` are those against the truth, if there is
    one, of masks in the CTC result: none in the rim of ``rim_px`` pixels. ``given`` and ``machine`` say in words what went
    in and where the page was made.
    """

    dataset: str
    sequence: str
    images: Frames
    labels: Frames
    detections: Detections
    tracks: Tracks
    filled: Sequence[tuple[int, int]] | Ints
    links: Links
    link_chosen: npt.NDArray[np.bool_]
    divisions: Divisions
    division_chosen: npt.NDArray[np.bool_]
    scores: Scores | None
    violations: Sequence[Violation] | None
    settings: Mapping[str, object]
    versions: Mapping[str, str]
    timings: Sequence[StageTime] | None
    report: ReportSettings
    link_reasons: Reasons | None = None
    division_reasons: Reasons | None = None
    held_out: Sequence[Reliability] = ()
    came_true: Sequence[Reliability] = ()
    fact_words: Mapping[str, str] = field(default_factory=dict)
    split: Sequence[tuple[int, int]] | Ints = ()
    merges: Merges = field(default_factory=Merges.none)
    merge_reasons: Reasons | None = None
    lineages: str = ""
    errors: Errors | None = None
    rim_px: int = 0
    given: Sequence[tuple[str, str]] = ()
    machine: Sequence[tuple[str, str]] = ()

    def __post_init__(self) -> None:
        if self.images.shape != self.labels.shape or self.images.n_frames != self.labels.n_frames:
            raise ValueError(
                f"images are {self.images.n_frames} frames of {self.images.shape}, labels {self.labels.n_frames} of "
                f"{self.labels.shape}; a page needs the same of both"
            )
        for name, n, expected in (
            ("tracks.track_of", len(self.tracks.track_of), len(self.detections)),
            ("link_chosen", len(self.link_chosen), len(self.links)),
            ("division_chosen", len(self.division_chosen), len(self.divisions)),
        ):
            if n != expected:
                raise ValueError(f"{name} has {n} rows, expected {expected}")

    @property
    def n_frames(self) -> int:
        """Frames of the movie."""
        return self.images.n_frames

    @property
    def filled_pairs(self) -> Ints:
        """The filled masks as (n, 2): frame, track."""
        return np.asarray(self.filled, dtype=np.int64).reshape(-1, 2)

    @property
    def split_pairs(self) -> Ints:
        """The parts of shared masks as (n, 2): frame, track."""
        return np.asarray(self.split, dtype=np.int64).reshape(-1, 2)


def no_reasons(n: int) -> Reasons:
    """Reasons of proposals of which nothing is told."""
    blank = np.full(n, "", dtype=object)
    return Reasons(np.full(n, -1), np.full(n, np.nan), blank, blank.copy())
