"""What the page tells, as plain tables: counted and sorted here, drawn and written elsewhere.

Rows of the pandas tables are in the order in which the page shows them. Lengths are in micrometres, or in voxels where
the movie is not calibrated (`unit_of` says which).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from samtrack.config.report import ReportSettings
from samtrack.types import Detections, Divisions, Frames, Links, Merges, Reliability, Scale, Scores, Tracks, Violation

Ints = npt.NDArray[np.int64]

DOUBTFUL_BELOW = 0.7
"""Probability under which a chosen link is called doubtful: about one in three of those just below it is wrong."""

DOUBTFUL_SHOWN = 30
"""Rows of the table of doubtful decisions: what a person looks through in a few minutes."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """Of each proposal: what its source would have done instead (row of the detections, -1: nothing), and why it won.

    ``runner_up_score`` is NaN without; the texts (``iou +2.1; overlap +0.4``) are empty where nothing is told.
    """

    runner_up: Ints
    runner_up_score: npt.NDArray[np.float64]
    spoke_for: npt.NDArray[np.object_]
    spoke_against: npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class ReportData:
    """All that a page is made from: one sequence, its images, its result and how it came about.

    ``labels`` hold the final masks (value = track), filled ones included; ``filled`` lists those as (frame, track), and
    ``split`` the two parts of each mask that two cells shared.
    ``link_chosen`` and ``division_chosen`` are booleans, one per proposal. ``violations`` is None where nobody checked;
    ``timings`` are (stage, seconds, peak memory in MB). ``held_out`` is how the link model's probabilities came true on
    movies it was not fitted to, ``came_true`` how they did here (empty without a truth). ``fact_words`` says
    facts of `Reasons` in words. ``merges`` are the chosen ones alone. ``lineages`` says in words which were
    followed, if not all were; everything here is then about those alone.
    """

    dataset: str
    sequence: str
    images: Frames
    labels: Frames
    detections: Detections
    tracks: Tracks
    filled: Sequence[tuple[int, int]]
    links: Links
    link_chosen: npt.NDArray[np.bool_]
    divisions: Divisions
    division_chosen: npt.NDArray[np.bool_]
    scores: Scores | None
    violations: Sequence[Violation] | None
    settings: Mapping[str, object]
    versions: Mapping[str, str]
    timings: Sequence[tuple[str, float, float]] | None
    report: ReportSettings
    link_reasons: Reasons | None = None
    division_reasons: Reasons | None = None
    held_out: Sequence[Reliability] = ()
    came_true: Sequence[Reliability] = ()
    fact_words: Mapping[str, str] = field(default_factory=dict)
    split: Sequence[tuple[int, int]] = ()
    merges: Merges = field(default_factory=Merges.none)
    merge_reasons: Reasons | None = None
    lineages: str = ""

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

    def filled_tracks(self, frame: int) -> Ints:
        """Tracks whose mask in a frame was filled in."""
        pairs = np.array(self.filled, dtype=np.int64).reshape(-1, 2)
        return pairs[pairs[:, 0] == frame, 1]


@dataclass(frozen=True, slots=True)
class Steps:
    """Each move of a cell from one observation to its next: rows of the detections, in order of the target.

    ``is_division`` marks the moves from a mother's last observation to a child's first.
    """

    source: Ints
    target: Ints
    is_division: npt.NDArray[np.bool_]


def unit_of(scale: Scale) -> str:
    """The unit of the movie's lengths: µm, or px where nobody calibrated it."""
    return "µm" if scale.is_calibrated else "px"


def find_steps(detections: Detections, tracks: Tracks) -> Steps:
    """The moves of all tracks, those from mother to daughter included."""
    rows = np.flatnonzero(tracks.track_of)
    rows = rows[np.lexsort((detections.frame[rows], tracks.track_of[rows]))]
    track = tracks.track_of[rows]
    same = np.flatnonzero(track[1:] == track[:-1])
    source, target = rows[same], rows[same + 1]

    first, last = np.full((2, len(tracks) + 1), -1)
    first[track[::-1]] = rows[::-1]  # of several writes to one place the last one stays
    last[track] = rows
    mother, child = last[tracks.parent], first[tracks.track]
    born = np.flatnonzero((tracks.parent > 0) & (mother >= 0) & (child >= 0))
    source, target = np.r_[source, mother[born]], np.r_[target, child[born]]
    order = np.argsort(target, kind="stable")
    return Steps(source[order], target[order], (np.arange(len(source)) >= len(same))[order])


def count_children(tracks: Tracks) -> Ints:
    """Number of children of each track."""
    return np.bincount(tracks.parent, minlength=len(tracks) + 1)[1:]


def summarise_result(data: ReportData) -> dict[str, int]:
    """The counts that the page begins with.

    ``cells`` are masks over all frames, filled ones included; ``shared`` are masks that were divided between two cells;
    ``divisions`` are mothers with two children (one child is a cell that came back); ``open_gaps`` are frames inside of
    tracks that have no mask.
    """
    tracks = data.tracks
    observed = int(np.count_nonzero(tracks.track_of)) + len(data.split)
    shared = len(data.split) // 2
    spanned = int((tracks.last_frame - tracks.first_frame + 1).sum())
    children = count_children(tracks)
    return {
        "frames": data.n_frames,
        "cells": observed + len(data.filled),
        "rejected": len(data.detections) + shared - observed,
        "tracks": len(tracks),
        "divisions": int(np.count_nonzero(children == 2)),
        "returns": int(np.count_nonzero(children == 1)),
        "filled": len(data.filled),
        "shared": shared,
        "open_gaps": max(spanned - observed - len(data.filled), 0),
    }


def count_per_frame(data: ReportData) -> pd.DataFrame:
    """One row per frame: cells seen, cells filled, and how many tracks begin, divide and end there.

    ``begins`` are tracks without a parent that start after the first frame; ``divides`` counts a division in the
    frame in which a daughter is first seen; ``ends`` are tracks without a child that stop before the last frame.
    """
    tracks, n = data.tracks, data.n_frames
    is_last = count_children(tracks) == 0
    begins = tracks.first_frame[(tracks.parent == 0) & (tracks.first_frame > 0)]
    ends = tracks.last_frame[is_last & (tracks.last_frame < n - 1)]
    parts = np.array([frame for frame, _ in data.split], dtype=np.int64)
    counted = {
        "seen": np.r_[data.detections.frame[data.tracks.track_of > 0], parts],
        "filled": np.array([frame for frame, _ in data.filled], dtype=np.int64),
        "begins": begins,
        "divides": division_frames(tracks),
        "ends": ends,
    }
    table = {name: np.bincount(frames, minlength=n)[:n] for name, frames in counted.items()}
    return pd.DataFrame({"frame": np.arange(n), **table})


def division_frames(tracks: Tracks) -> Ints:
    """The frame of each division, in order of the mothers: that in which the first of two daughters is seen."""
    children = count_children(tracks)
    first = np.full(len(tracks) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, tracks.parent, tracks.first_frame)
    return first[1:][children == 2]


def track_lengths(tracks: Tracks) -> Ints:
    """Frames from first to last of each track, both included."""
    return tracks.last_frame - tracks.first_frame + 1


def measure_displacement(detections: Detections, steps: Steps, n_frames: int) -> pd.DataFrame:
    """How far cells move per frame: for each frame with a move into it, the 10th, 50th and 90th percentile.

    Divisions are left out: daughters jump by a cell radius without anything having moved. A move over a gap counts as
    that many equal moves into its last frame.
    """
    source, target = steps.source[~steps.is_division], steps.target[~steps.is_division]
    moved = np.linalg.norm(detections.centroid_um[target] - detections.centroid_um[source], axis=1)
    into = detections.frame[target]
    return _band_per_frame(moved / np.maximum(into - detections.frame[source], 1), into, n_frames)


def measure_sizes(data: ReportData) -> pd.DataFrame:
    """Area or volume of the tracked cells: for each frame the 10th, 50th and 90th percentile."""
    rows = np.flatnonzero(data.tracks.track_of)
    return _band_per_frame(data.detections.size_um[rows], data.detections.frame[rows], data.n_frames)


def _band_per_frame(values: npt.NDArray[np.float64], frame: Ints, n_frames: int) -> pd.DataFrame:
    """Columns frame, low, median, high; not a number where a frame has no value."""
    names = ["low", "median", "high"]
    band = pd.DataFrame(index=np.arange(n_frames), columns=names, dtype="float64")
    if len(values):
        found = pd.Series(values).groupby(frame).quantile(np.array([0.1, 0.5, 0.9])).unstack()
        band.loc[found.index] = found.to_numpy()
    return band.rename_axis("frame").reset_index()


def is_doubtful(probability: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which decisions deserve a second look."""
    return probability < DOUBTFUL_BELOW


def plain_links(data: ReportData) -> npt.NDArray[np.bool_]:
    """The chosen links within tracks: those from a mother to her daughters are told with the divisions."""
    track_of = data.tracks.track_of
    return data.link_chosen & (track_of[data.links.source] == track_of[data.links.target])


def list_doubtful(data: ReportData, n: int = DOUBTFUL_SHOWN) -> pd.DataFrame:
    """The ``n`` least probable decisions, lowest first: chosen links, chosen divisions and shared masks.

    ``source``, ``target_a`` and ``target_b`` are rows of the detections (``target_b`` is -1 for a link); of a shared mask
    the two cells after it. ``partner`` is the second cell before it, else -1; ``to_frame`` is where all targets are
    seen: the frame of the mask, of a late division that of the later daughter. The columns of `Reasons` come along if
    they are known.
    """
    links, divisions = np.flatnonzero(plain_links(data)), np.flatnonzero(data.division_chosen)
    shared, frame = data.merges, data.detections.frame
    mothers, a, b = data.divisions.mother, data.divisions.daughter_a[divisions], data.divisions.daughter_b[divisions]
    none = np.full(len(links) + len(divisions), -1)
    later = np.maximum(frame[a], frame[b])
    table = pd.DataFrame(
        {
            "kind": ["link"] * len(links) + ["division"] * len(divisions) + ["shared mask"] * len(shared),
            "probability": np.r_[data.links.score[links], data.divisions.score[divisions], shared.score],
            "source": np.r_[data.links.source[links], mothers[divisions], shared.before_a],
            "partner": np.r_[none, shared.before_b],
            "target_a": np.r_[data.links.target[links], a, shared.after_a],
            "target_b": np.r_[none[: len(links)], b, shared.after_b],
            "to_frame": np.r_[frame[data.links.target[links]], later, frame[shared.shared]],
        }
        | _reasons_of(data, links, divisions)
    )
    table = table.sort_values(["probability", "source", "target_a"], kind="stable").head(n)
    table["frame"] = frame[table["source"]]
    return table.reset_index(drop=True)


def _reasons_of(data: ReportData, links: Ints, divisions: Ints) -> dict[str, npt.NDArray[Any]]:
    """The columns of `Reasons` of some links and divisions; nothing where they were not told."""
    if data.link_reasons is None or data.division_reasons is None:
        return {}
    of_merges = data.merge_reasons or no_reasons(len(data.merges))
    parts = ((data.link_reasons, links), (data.division_reasons, divisions), (of_merges, slice(None)))
    names = ("runner_up", "runner_up_score", "spoke_for", "spoke_against")
    return {name: np.concatenate([getattr(reasons, name)[rows] for reasons, rows in parts]) for name in names}


def no_reasons(n: int) -> Reasons:
    """Reasons of proposals of which nothing is told."""
    blank = np.full(n, "", dtype=object)
    return Reasons(np.full(n, -1), np.full(n, np.nan), blank, blank)
