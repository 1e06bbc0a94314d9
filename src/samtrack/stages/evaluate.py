"""Stage evaluate: a CTC result, anybody's, against the truth. One pair of images at a time per thread.

A result that breaks rules is measured all the same, with ``Valid`` 0 and the reasons among the warnings; what cannot be
compared at all (other frames, other shape, no truth) is an error.
"""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np

import samtrack
from samtrack.config.evaluate import EvaluateSettings
from samtrack.evaluate import FrameMatch, score_movie
from samtrack.io.atomic import written_file
from samtrack.io.ctc import list_foreign, open_mask
from samtrack.io.truth import Truth, list_truth, list_whole_masks, masks_of
from samtrack.stages.address import told
from samtrack.stages.held import held
from samtrack.stages.matching import match_file
from samtrack.stages.progress import Progress
from samtrack.stages.validate import name_of, read_lines
from samtrack.submit import Checker, Findings, FrameFacts
from samtrack.types import Scores

log = logging.getLogger("samtrack")

REASONS_TOLD = 10
"""Violations named among the warnings; `samtrack validate` names more."""


@dataclass(frozen=True, slots=True)
class FramePair:
    """What came of one frame: facts about the mask, its matches with the TRA truth and with images of the SEG truth."""

    facts: FrameFacts
    tracking: FrameMatch | None
    segmentation: list[FrameMatch] = field(default_factory=list)


def run_evaluate(
    result: Path,
    truth: Path,
    stem: Path | None,
    dataset: str,
    sequence: str,
    settings: EvaluateSettings,
    workers: int,
) -> Scores:
    """Measure a result; write the scores to ``stem``.json and, as one row, to ``stem``.csv (None: to no file)."""
    with told(f"evaluate {dataset} {sequence}") as said:
        files = list_truth(truth)
        pairs = _match_all(result, files, sequence, workers)
        found = _check(result, files, pairs)
        values, warnings = _score(result, files, pairs, found, settings)
        scores = Scores(values, dataset, sequence, settings.model_dump(mode="json"), _versions())
        n_frames = len(files.tracking) or len(list_whole_masks(result))
        if stem is not None:
            _write_scores(scores, n_frames, warnings, stem)
        shown = [f"{name} {values[name]:.4f}" for name in ("DET", "SEG", "TRA") if values.get(name) is not None]
        said += [f"{n_frames} frames", *shown, f"{len(warnings)} warnings"]
    for warning in warnings:
        log.warning("%s %s: %s", dataset, sequence, warning)
    return scores


def _match_all(result: Path, truth: Truth, sequence: str, workers: int) -> list[FramePair]:
    """Each frame of the result that has a truth, matched with it, in order."""
    masks = masks_of(result, truth)
    tracking = {mask.frame: mask for mask in truth.tracking}
    frames = sorted(tracking.keys() | truth.segmentation.keys())

    def work(frame: int) -> FramePair:
        """Match one frame; its images are let go at the end."""
        mask = masks[frame]
        with open_mask(mask.path) as image:
            read = held(image.read, image.shape)
            slices = truth.segmentation.get(frame, [])
            images = [match_file(truth_file, mask.path, read, image.shape) for truth_file in slices]
            tracks = match_file(tracking[frame], mask.path, read, image.shape) if frame in tracking else None
            name, dtype, shape = name_of(mask), str(image.dtype), image.shape
        present = tracks.result if tracks else np.zeros(0, dtype=np.int64)
        return FramePair(FrameFacts(name.file, frame, name.digits, dtype, shape, present), tracks, images)

    progress, pairs = Progress("evaluate", len(frames), sequence), []
    with ThreadPoolExecutor(workers) as pool:
        for pair in pool.map(work, frames):
            pairs.append(pair)
            progress.step()
    return pairs


def _check(result: Path, truth: Truth, pairs: Sequence[FramePair]) -> Findings | None:
    """The rules that the result breaks; None if not all of its frames were looked at."""
    if not truth.tracking:
        return None
    masks = list_whole_masks(result)
    checker = Checker(read_lines(result), foreign=list_foreign(result, masks))
    for pair in pairs:
        checker.add(pair.facts)
    return checker.findings()


def _score(
    result: Path, truth: Truth, pairs: Sequence[FramePair], found: Findings | None, settings: EvaluateSettings
) -> tuple[dict[str, float | int | None], list[str]]:
    """Values by name, and what one should know of them."""
    rows = [line.values for line in read_lines(result) or [] if line.values is not None]
    evaluation = score_movie(
        [pair.tracking for pair in pairs if pair.tracking],
        [image for pair in pairs for image in pair.segmentation],
        truth.table,
        np.array(rows, dtype=np.int64).reshape(-1, 4),
        settings,
    )
    values, warnings = dict(evaluation.values), []
    if found is None:
        warnings.append("the truth has no TRA: only SEG is measured, and whether the result is valid was not checked")
    elif found.violations:
        values["Valid"] = 0
        warnings += [f"not valid: {violation}" for violation in found.violations[:REASONS_TOLD]]
        more = len(found.violations) - REASONS_TOLD
        warnings += [f"not valid: {more} more violations, see samtrack validate"] if more > 0 else []
    n_frames = len(truth.tracking) or len(list_whole_masks(result))
    return values, [*warnings, *evaluation.warnings, *_told_segmentation(truth, n_frames)]


def _told_segmentation(truth: Truth, n_frames: int) -> list[str]:
    """How far the SEG truth reaches."""
    images = [image for of_frame in truth.segmentation.values() for image in of_frame]
    if not images:
        return ["the truth has no SEG: SEG, OP_CSB and OP_CTB are not measured"]
    told_slices = sum(image.z is not None for image in images)
    warnings = [f"SEG truth: {told_slices} single slices, each scored by itself"] if told_slices else []
    if len(truth.segmentation) < n_frames:
        warnings.append(f"SEG truth has {len(truth.segmentation)} of {n_frames} frames")
    return warnings


def _versions() -> dict[str, str]:
    """Versions of everything that a value depends on."""
    names = ("py-ctcmetrics", "numpy", "scipy")
    return {"samtrack": samtrack.__version__, **{name: version(name) for name in names}}


def _write_scores(scores: Scores, n_frames: int, warnings: Sequence[str], stem: Path) -> None:
    """Equal scores give equal bytes: no date, no path of this machine."""
    document: Mapping[str, object] = {
        "dataset": scores.dataset,
        "sequence": scores.sequence,
        "frames": n_frames,
        "values": dict(scores.values),
        "warnings": list(warnings),
        "settings": dict(scores.settings),
        "versions": dict(scores.versions),
    }
    with written_file(stem.with_name(f"{stem.name}.json")) as part:
        part.write_text(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    row = {"dataset": scores.dataset, "sequence": scores.sequence, "frames": n_frames, **scores.values}
    text = io.StringIO()
    writer = csv.DictWriter(text, list(row), lineterminator="\n")
    writer.writeheader()
    writer.writerow(row)
    with written_file(stem.with_name(f"{stem.name}.csv")) as part:
        part.write_text(text.getvalue(), encoding="utf-8")
