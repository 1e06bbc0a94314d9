"""What the page tells, as plain tables: counted and sorted here, drawn and written elsewhere.

Rows of the pandas tables are in the order in which the page shows them. Lengths are in micrometres, or in voxels where
the movie is not calibrated (`unit_of` says which).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from samtrack.report.data import REASON_COLUMNS, ReportData, no_reasons
from samtrack.types import Detections, Scale, Tracks

Ints = npt.NDArray[np.int64]

DOUBTFUL_BELOW = 0.7
"""Probability under which a chosen link is called doubtful: about one in three of those just below it is wrong."""

DOUBTFUL_SHOWN = 100
"""Doubtful decisions that are shown: what a person looks through in a few minutes, with a key for each verdict."""


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
    parts = data.split_pairs[:, 0]
    counted = {
        "seen": np.r_[data.detections.frame[data.tracks.track_of > 0], parts],
        "filled": data.filled_pairs[:, 0],
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


def gap_lengths(data: ReportData, steps: Steps) -> tuple[Ints, Ints]:
    """Lengths in frames of the gaps between observations of a track: those filled with masks throughout, and the others."""
    frame, track_of = data.detections.frame, data.tracks.track_of
    length = frame[steps.target] - frame[steps.source] - 1
    gap = np.flatnonzero(~steps.is_division & (length > 0))
    drawn = np.concatenate([data.filled_pairs, data.split_pairs])
    keys = np.sort(drawn[:, 1] * data.n_frames + drawn[:, 0])
    key = track_of[steps.source[gap]] * data.n_frames
    first, stop = (np.searchsorted(keys, key + at) for at in (frame[steps.source[gap]] + 1, frame[steps.target[gap]]))
    is_filled = stop - first == length[gap]
    return length[gap][is_filled], length[gap][~is_filled]


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
    links, divisions = (
        _least(plain_links(data), data.links.score, n),
        _least(data.division_chosen, data.divisions.score, n),
    )
    shared, frame = data.merges, data.detections.frame
    mothers, a, b = data.divisions.mother, data.divisions.daughter_a[divisions], data.divisions.daughter_b[divisions]
    none = np.full(len(links) + len(divisions), -1)
    later = np.maximum(frame[a], frame[b])
    table = pd.DataFrame(
        {
            "kind": ["link"] * len(links) + ["division"] * len(divisions) + ["shared mask"] * len(shared),
            "proposal": np.r_[links, divisions, np.arange(len(shared))],
            "probability": np.r_[data.links.score[links], data.divisions.score[divisions], shared.score],
            "source": np.r_[data.links.source[links], mothers[divisions], shared.before_a],
            "partner": np.r_[none, shared.before_b],
            "target_a": np.r_[data.links.target[links], a, shared.after_a],
            "target_b": np.r_[none[: len(links)], b, shared.after_b],
            "to_frame": np.r_[frame[data.links.target[links]], later, frame[shared.shared]],
        }
    )
    table = table.sort_values(["probability", "source", "target_a"], kind="stable").head(n).reset_index(drop=True)
    table["frame"] = frame[table["source"]]
    return _with_reasons(data, table).drop(columns="proposal")


def _least(chosen: npt.NDArray[np.bool_], score: npt.NDArray[np.float64], n: int) -> Ints:
    """Rows of the ``n`` least probable of the chosen proposals, and of those that are as probable as the last of these."""
    rows = np.flatnonzero(chosen)
    if len(rows) <= n:
        return rows
    return rows[score[rows] <= np.partition(score[rows], n - 1)[n - 1]]


def _with_reasons(data: ReportData, table: pd.DataFrame) -> pd.DataFrame:
    """The columns of `Reasons` for some decisions; the table as it is where they were not told."""
    if data.link_reasons is None or data.division_reasons is None:
        return table
    of_kind = {"link": data.link_reasons, "division": data.division_reasons, "shared mask": data.merge_reasons}
    columns: dict[str, npt.NDArray[Any]] = {}
    for kind, reasons in of_kind.items():
        rows = np.flatnonzero(table["kind"] == kind)
        told = (reasons or no_reasons(len(data.merges))).at(table["proposal"].to_numpy()[rows])
        for name in REASON_COLUMNS:
            columns.setdefault(name, getattr(no_reasons(len(table)), name))[rows] = getattr(told, name)
    return table.assign(**columns)
