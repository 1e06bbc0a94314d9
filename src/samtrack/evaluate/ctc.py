"""All measures of one result: the challenge's own, those of py-ctcmetrics, and the divisions of traccuracy.

Formulas that take counts are py-ctcmetrics' own; what it counts with tables that grow with the square of the movie is
counted in `graph`, `biology` and `identities`, and tests hold the two equal. Unlike there, a result that breaks a rule
is still measured, with ``Valid`` 0 and the reasons told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ctc_metrics.metrics import bc, bio, cca, det, lnk, op_clb, op_csb, op_ctb, seg, tra

from samtrack.config.evaluate import EvaluateSettings
from samtrack.evaluate.biology import count_divisions, score_complete_tracks, score_track_fractions
from samtrack.evaluate.divisions import score_divisions
from samtrack.evaluate.graph import count_operations
from samtrack.evaluate.identities import score_identities
from samtrack.evaluate.match import FrameMatch, Ints
from samtrack.evaluate.sides import MovieMatch, join_frames

Values = dict[str, float | int | None]

OPERATIONS = ("NS", "FN", "FP", "ED", "EA", "EC")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Measures by name (None: not defined for these data), and what one should know before trusting them."""

    values: Values
    warnings: tuple[str, ...]


def score_movie(
    tracking: Sequence[FrameMatch],
    segmentation: Sequence[FrameMatch],
    truth_table: Ints,
    result_table: Ints,
    settings: EvaluateSettings,
) -> Evaluation:
    """Every measure that the truth allows.

    ``tracking`` holds the match of each frame with the TRA truth, in order (empty: there is none); ``segmentation``
    that of each image of the SEG truth. Tables have rows of label, first frame, last frame, parent.
    """
    values: Values = {}
    warnings: list[str] = []
    if tracking:
        movie, truth_faults, result_faults = join_frames(tracking, truth_table, result_table)
        values |= {"Valid": int(not result_faults), **score_tracking(movie, settings)}
        warnings += [f"result is not valid, measured as its masks show: {fault}" for fault in result_faults]
        warnings += [f"truth disagrees with itself, its masks were believed: {fault}" for fault in truth_faults]
    if segmentation:
        values |= _score_segmentation(segmentation)
    values |= _overall(values)
    return Evaluation(dict(sorted(values.items(), key=_place)), tuple(warnings))


def score_tracking(movie: MovieMatch, settings: EvaluateSettings) -> Values:
    """The measures that need tracks."""
    counts = count_operations(movie)
    values: Values = {f"AOGM_{name}": counts[name] for name in OPERATIONS}
    values |= {"DET": None, "TRA": None, "AOGM": None, "AOGM_0": None, "LNK": None}
    if counts["num_vertices"]:
        values["DET"] = det(**counts)
        values["TRA"], values["AOGM"], values["AOGM_0"] = (float(v) for v in tra(**counts))
    if counts["num_edges"]:
        values["LNK"] = lnk(**counts)
    values |= {"CT": score_complete_tracks(movie), "TF": score_track_fractions(movie)}
    values |= _score_branching(movie, settings)
    values |= score_identities(movie)
    return values | score_divisions(movie, settings.division_tolerance_frames)


def _score_branching(movie: MovieMatch, settings: EvaluateSettings) -> Values:
    whole_cycles = cca(movie.result.table, movie.truth.table)
    values: Values = {"CCA": None if whole_cycles is None else float(whole_cycles)}
    for i in settings.division_tolerance_frames:
        found, invented, missed = count_divisions(movie, i)
        values |= {f"tp_div({i})": found, f"fp_div({i})": invented, f"fn_div({i})": missed}
        values |= {f"BC({i})": bc(found, invented, missed), "gt_divisions": found + missed}
    return values


def _score_segmentation(images: Sequence[FrameMatch]) -> Values:
    n_objects = sum(len(image.truth) for image in images)
    value = seg([image.truth for image in images], [image.iou for image in images]) if n_objects else None
    return {"SEG": value, "SEG_images": len(images), "SEG_objects": n_objects}


def _overall(values: Values) -> Values:
    """Means of measures, where all their parts are there (BIO: of those that are defined)."""
    overall: Values = {}
    for name, formula, other in (("OP_CSB", op_csb, "DET"), ("OP_CTB", op_ctb, "TRA")):
        if values.get("SEG") is not None and values.get(other) is not None:
            overall[name] = float(formula(values["SEG"], values[other]))
    for i in [name.removeprefix("BC") for name in values if name.startswith("BC(")]:
        parts = [values["CT"], values["TF"], values[f"BC{i}"], values["CCA"]]
        if any(part is not None for part in parts):
            overall[f"BIO{i}"] = float(bio(*parts))
            if values["LNK"] is not None:
                overall[f"OP_CLB{i}"] = float(op_clb(values["LNK"], overall[f"BIO{i}"]))
    return overall


FIRST = (
    *("Valid", "DET", "SEG", "TRA", "LNK", "OP_CSB", "OP_CTB", "CT", "TF", "BC", "CCA", "BIO", "OP_CLB"),
    *("CHOTA", "HOTA", "IDF1", "MOTA", "divF1", "divPrecision", "divRecall", "AOGM"),
)
"""Order in files and tables: what the challenge ranks by, then the rest, then counts by name."""


def _place(item: tuple[str, object]) -> tuple[int, str]:
    stem = item[0].split("(")[0]
    return (FIRST.index(stem) if stem in FIRST else len(FIRST), item[0])


def empty_table() -> Ints:
    """A table without tracks, for data that have none."""
    return np.zeros((0, 4), dtype=np.int64)
