"""Whether the probabilities of links came true: by the model's card, and in a movie with a truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.evaluate import FrameMatch
from samtrack.io.truth import Truth
from samtrack.link.calibrate import probability
from samtrack.link.explain import AGAIN, FIRST
from samtrack.stages.annotated import true_tracks
from samtrack.train.link_card import TOLD, reliability
from samtrack.train.link_examples import true_divisions, true_links
from samtrack.types import Box, Detections, Divisions, Links, Reliability, Tracks

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Judged = tuple[Floats, Bools, Bools]
"""Probabilities of proposals, whether they came true, and whether that is known."""

FIRST_ODDS = AGAIN + FIRST
"""The column of a decision's tables that holds what the first judgement said, as log odds."""


def read_card(plain: Mapping[str, Any]) -> list[Reliability]:
    """The bins of a model's card, in the order of `TOLD`; none if it has no card."""
    held_out = plain.get("held_out", {})
    return [_of_bins(name, held_out[name]["bins"]) for name in TOLD if name in held_out]


def judge_movie(
    truth: Truth,
    matches: Sequence[FrameMatch],
    detections: Detections,
    inside: Bools,
    tracks: Tracks,
    links: Links,
    divisions: Divisions,
) -> list[Reliability]:
    """How the proposals of a movie came true, by the matches of its tracks as drawn with the truth.

    A proposal is judged where the truth knows one of its cells, and would know the others: ``inside`` says which
    detections lie in the field of interest.
    """
    track = true_track_of(matches, detections, tracks)
    frame = detections.frame
    is_true = true_links(frame, track, truth.table, links.source, links.target)
    known = ((track[links.source] > 0) | (track[links.target] > 0)) & inside[links.source] & inside[links.target]
    is_gap = frame[links.target] - frame[links.source] > 1
    facts = {name: links.features[:, i].astype(np.float64) for i, name in enumerate(links.feature_names)}
    judged = _first_and_last(("contest", "again"), links.score, facts, is_true, known & ~is_gap)
    judged |= _first_and_last(("gap", "gap_again"), links.score, facts, is_true, known & is_gap)
    if "evidence" in facts:
        has = known & ~is_gap & np.isfinite(facts["evidence"])
        judged["frame"] = (probability(facts["evidence"]), is_true, has)
    cells = (divisions.mother, divisions.daughter_a, divisions.daughter_b)
    seen = np.any([track[cell] > 0 for cell in cells], axis=0) & np.all([inside[cell] for cell in cells], axis=0)
    facts = {name: divisions.features[:, i].astype(np.float64) for i, name in enumerate(divisions.feature_names)}
    is_true = true_divisions(frame, track, truth.table, divisions)
    judged |= _first_and_last(("division", "division_again"), divisions.score, facts, is_true, seen)
    return [_judged(name, *judged[name]) for name in TOLD if name in judged and judged[name][2].any()]


def reaches_into(detections: Detections, field: Box) -> Bools:
    """Which detections reach into a field, by their boxes."""
    return np.asarray(np.all((detections.box_start < field.stop) & (detections.box_stop > field.start), axis=1))


def _first_and_last(
    names: tuple[str, str], score: Floats, facts: Mapping[str, Floats], is_true: Bools, known: Bools
) -> dict[str, Judged]:
    """What the first of two models said and what the second did; the first alone where nobody looked again.

    Only proposals that were likely enough at last are in the tables of a decision, so the first is judged on those.
    """
    if FIRST_ODDS not in facts:
        return {names[0]: (score, is_true, known)}
    said = np.isfinite(facts[FIRST_ODDS])
    return {
        names[0]: (probability(facts[FIRST_ODDS]), is_true, known & said),
        names[1]: (score, is_true, known),
    }


def _judged(name: str, score: Floats, is_true: Bools, known: Bools) -> Reliability:
    return _of_bins(name, reliability(score[known], is_true[known])["bins"])


def _of_bins(name: str, bins: list[list[float]]) -> Reliability:
    count, said, seen = np.array(bins, dtype=np.float64).reshape(-1, 3).T
    return Reliability(TOLD[name], count.astype(np.int64), said, seen)


def true_track_of(matches: Sequence[FrameMatch], detections: Detections, tracks: Tracks) -> Ints:
    """The true track of each detection that is part of a track; 0 of others and where none fits."""
    found = np.zeros(len(detections), dtype=np.int64)
    for frame, match in enumerate(matches):
        first, stop = np.searchsorted(detections.frame, [frame, frame + 1])
        rows = np.arange(first, stop)
        rows = rows[tracks.track_of[rows] > 0]
        rows = rows[np.argsort(tracks.track_of[rows])]
        found[rows] = true_tracks(match, tracks.track_of[rows])
    return found
