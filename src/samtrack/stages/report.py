"""Stage report: a result as one page for people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.io.atomic import written_file
from samtrack.io.decided import feature, read_columns, read_proposals, read_reasons
from samtrack.io.names import DIVISIONS_TABLE, LINKS_TABLE, MERGES_TABLE
from samtrack.io.ome_zarr import open_image
from samtrack.io.tables import DIVISION_ROLES, read_merges
from samtrack.link.fact_words import FACT_WORDS
from samtrack.report import ReportData, draw_frames, draw_page, join_movie, plan_movie
from samtrack.report.data import Reasons
from samtrack.report.tables import DOUBTFUL_SHOWN
from samtrack.stages.address import Address, told
from samtrack.stages.export import field_of
from samtrack.stages.followed import parts_of_pairs, read_shown
from samtrack.stages.lineages import summary_of_lineages
from samtrack.stages.link import open_link_model
from samtrack.stages.mistakes import as_exported, find_errors, match_movie, open_truth
from samtrack.stages.progress import Progress
from samtrack.stages.reliability import FIRST_ODDS, judge_movie, reaches_into, read_card
from samtrack.stages.report_facts import given, machine, timings, versions
from samtrack.types import Detections, Divisions, Errors, Frames, Links, Origin, Reliability, Scores, Tracks

Ints = npt.NDArray[np.int64]

LINK_ROLES = ("source", "target")
REASON_COLUMNS = ("runner_up_frame", "runner_up_label", "runner_up_score", "spoke_for", "spoke_against")


def run_report(address: Address) -> None:
    """Write the page of one sequence."""
    layout = address.layout
    with told(f"report {address.sequence.name}") as facts:
        detections, tracks = read_shown(address)
        some = address.follows_some
        links = _links(layout.decided / LINKS_TABLE, detections, some)
        divisions = _divisions(layout.decided / DIVISIONS_TABLE, detections, some)
        merges, merge_columns = read_merges([layout.decided / MERGES_TABLE], detections, some)
        shared = merge_columns["chosen"].astype(np.bool_)
        filled, split = _drawn(layout.table)
        if some:  # the part of a mask whose other part is not in the results stands by itself
            whole = parts_of_pairs([(t, track) for t, track in split.tolist()], detections, tracks, merges.take(shared))
            drawn = {tuple(pair) for pair in np.concatenate([filled, split]).tolist()}
            filled, split = (np.array(pairs, np.int64).reshape(-1, 2) for pairs in (sorted(drawn - {*whole}), whole))
        labels = open_image(layout.tracked)
        errors, came_true = _against_truth(address, labels, detections, tracks)
        data = ReportData(
            dataset=address.config.dataset,
            sequence=address.sequence.name,
            images=open_image(layout.movie),
            labels=labels,
            detections=detections,
            tracks=tracks,
            filled=filled,
            split=split,
            links=links,
            link_chosen=np.ones(len(links), dtype=np.bool_),
            divisions=divisions,
            division_chosen=np.ones(len(divisions), dtype=np.bool_),
            scores=_scores(address),
            violations=[] if address.config.export.ctc else None,  # a result with violations stops the run before this
            settings=address.config.model_dump(mode="json", exclude={"sequences", "out", "resources", "blocks"}),
            versions=versions(),
            timings=timings(address),
            report=address.config.report,
            link_reasons=_reasons(layout.decided / LINKS_TABLE, links.score, detections),
            division_reasons=_reasons(layout.decided / DIVISIONS_TABLE, divisions.score, detections),
            held_out=read_card(open_link_model(address.config.link.model, address.asks_sam2)[0]),
            fact_words=FACT_WORDS,
            merges=merges.take(shared),
            merge_reasons=_reasons(layout.decided / MERGES_TABLE, merges.score[shared], detections),
            lineages=summary_of_lineages(address) if some else "",
            came_true=came_true,
            errors=errors,
            rim_px=address.config.export.field_of_interest_px,
            given=given(address),
            machine=machine(),
        )
        save_report(data, layout.page)
        facts += [f"{layout.page} of {layout.page.stat().st_size / 1e6:.1f} MB"]


def _links(path: Path, detections: Detections, among: bool, facts: tuple[str, ...] = ()) -> Links:
    """The chosen links, or with some facts all that were proposed, with these facts."""
    columns = read_proposals(path, LINK_ROLES, detections, ["score", *map(feature, facts)], not facts, among)
    features, names = _facts(columns, facts)
    n = len(columns["score"])
    return Links(columns["source"], columns["target"], columns["score"], np.zeros(n, np.int64), features, names)


def _divisions(path: Path, detections: Detections, among: bool, facts: tuple[str, ...] = ()) -> Divisions:
    """The chosen divisions, or all, as for links."""
    columns = read_proposals(path, DIVISION_ROLES, detections, ["score", *map(feature, facts)], not facts, among)
    features, names = _facts(columns, facts)
    mother, a, b = (columns[role] for role in DIVISION_ROLES)
    return Divisions(mother, a, b, columns["score"], features, names)


def _facts(
    columns: dict[str, npt.NDArray[Any]], facts: tuple[str, ...]
) -> tuple[npt.NDArray[np.float32], tuple[str, ...]]:
    """Those of some facts that the columns hold."""
    names = tuple(name for name in facts if feature(name) in columns)
    found = [columns[feature(name)].astype(np.float32) for name in names]
    return np.stack(found, axis=1) if found else np.zeros((len(columns["score"]), 0), np.float32), names


def _against_truth(
    address: Address, labels: Frames, detections: Detections, tracks: Tracks
) -> tuple[Errors | None, list[Reliability]]:
    """The errors of the result, and how the probabilities of all proposals came true; nothing without a tracking truth."""
    truth = open_truth(address)
    if truth is None:
        return None, []
    inside = reaches_into(detections, field_of(address, labels.shape))
    labels = as_exported(address, labels)
    matches = match_movie(address, truth, labels)
    decided, some = address.layout.decided, address.follows_some
    links = _links(decided / LINKS_TABLE, detections, some, (FIRST_ODDS, "evidence"))
    divisions = _divisions(decided / DIVISIONS_TABLE, detections, some, (FIRST_ODDS, "evidence"))
    came_true = judge_movie(truth, matches, detections, inside, tracks, links, divisions)
    return find_errors(address, truth, matches, labels, tracks), came_true


def _reasons(path: Path, chosen: npt.NDArray[np.float64], detections: Detections) -> Reasons | None:
    """Runner-up and reasons of the least probable decisions of a table; None if an older run wrote it."""
    n = min(DOUBTFUL_SHOWN, len(chosen))
    below = float(np.partition(chosen, n - 1)[n - 1]) if n else 0.0
    columns = read_reasons(path, below, REASON_COLUMNS)
    if "spoke_for" not in columns:
        return None
    texts = [np.array([text or "" for text in columns[name]], dtype=object) for name in ("spoke_for", "spoke_against")]
    row, score = np.full(len(texts[0]), -1), np.full(len(texts[0]), np.nan)
    if "runner_up_frame" in columns:  # shared masks have no single one
        row = detections.rows_of(columns["runner_up_frame"], columns["runner_up_label"])
        score = columns["runner_up_score"]
    return Reasons(row, score, texts[0], texts[1], columns["at"])


def _drawn(path: Path) -> tuple[Ints, Ints]:
    """The masks that were filled in and the parts of shared ones, each as (n, 2): frame, track."""
    table = read_columns(path, ["t", "track_id", "origin"])
    pairs = np.stack([table["t"], table["track_id"]], axis=1).astype(np.int64)
    return pairs[table["origin"] == int(Origin.FILLED)], pairs[table["origin"] == int(Origin.SPLIT)]


def _scores(address: Address) -> Scores | None:
    """The scores of the sequence, if it has a truth."""
    if not address.is_evaluated:
        return None
    saved = json.loads(address.layout.scores.read_text(encoding="utf-8"))
    return Scores(saved["values"], saved["dataset"], saved["sequence"], saved["settings"], saved["versions"])


def save_report(data: ReportData, out: Path) -> None:
    """Draw the page of one sequence and write it as UTF-8, whole or not at all."""
    plan = plan_movie(data)
    progress, shots = Progress("report", len(plan.frames), data.sequence), []
    for of_frame in draw_frames(data, plan):
        shots.append(of_frame)
        progress.step()
    page = draw_page(data, join_movie(data, plan, shots))
    with written_file(out) as part:
        part.write_text(page, encoding="utf-8", newline="\n")
