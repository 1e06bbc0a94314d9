"""Stage report: a result as one page for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import samtrack
from samtrack.io.atomic import written_file
from samtrack.io.names import DIVISIONS_TABLE, LINKS_TABLE, MERGES_TABLE
from samtrack.io.ome_zarr import open_image
from samtrack.io.tables import read_divisions, read_links, read_merges, read_table
from samtrack.link.fact_words import FACT_WORDS
from samtrack.report import ReportData, draw_page
from samtrack.report.tables import Reasons, no_reasons
from samtrack.stages.address import Address, told
from samtrack.stages.followed import parts_of_pairs, read_shown
from samtrack.stages.lineages import summary_of_lineages
from samtrack.stages.link import open_link_model
from samtrack.stages.reliability import judge_movie, read_card
from samtrack.types import Detections, Origin, Scores

PACKAGES = ("numpy", "scipy", "scikit-image", "zarr", "tifffile", "snakemake")
"""Packages named on the page: those that a result may depend on."""


def run_report(address: Address) -> None:
    """Write the page of one sequence."""
    layout = address.layout
    with told(f"report {address.sequence.name}") as facts:
        detections, tracks = read_shown(address)
        some = address.follows_some
        table = read_table(layout.table)
        links, link_columns = read_links([layout.decided / LINKS_TABLE], detections, some)
        divisions, division_columns = read_divisions([layout.decided / DIVISIONS_TABLE], detections, some)
        merges, merge_columns = read_merges([layout.decided / MERGES_TABLE], detections, some)
        shared = merge_columns["chosen"].astype(np.bool_)
        filled, split = _masks_of(table, Origin.FILLED), _masks_of(table, Origin.SPLIT)
        if some:  # the part of a mask whose other part is not in the results stands by itself
            whole = parts_of_pairs(split, detections, tracks, merges.take(shared))
            filled, split = sorted({*filled, *split} - {*whole}), whole
        labels = open_image(layout.tracked)
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
            link_chosen=link_columns["chosen"].astype(np.bool_),
            divisions=divisions,
            division_chosen=division_columns["chosen"].astype(np.bool_),
            scores=_scores(address),
            violations=[] if address.config.export.ctc else None,  # a result with violations stops the run before this
            settings=address.config.model_dump(mode="json", exclude={"sequences", "out", "resources", "blocks"}),
            versions={"samtrack": samtrack.__version__} | {name: version(name) for name in PACKAGES},
            timings=None,
            report=address.config.report,
            link_reasons=_reasons(link_columns, detections),
            division_reasons=_reasons(division_columns, detections),
            held_out=read_card(open_link_model(address.config.link.model, address.asks_sam2)[0]),
            fact_words=FACT_WORDS,
            merges=merges.take(shared),
            merge_reasons=_reasons({name: column[shared] for name, column in merge_columns.items()}, detections),
            lineages=summary_of_lineages(address) if some else "",
            came_true=judge_movie(address, labels, detections, tracks, links, divisions),
        )
        save_report(data, layout.page)
        facts += [f"{layout.page} of {layout.page.stat().st_size / 1e6:.1f} MB"]


def _reasons(columns: Mapping[str, npt.NDArray[Any]], detections: Detections) -> Reasons | None:
    """Runner-up and reasons of a table of the decision; None if an older run wrote it."""
    if "spoke_for" not in columns:
        return None
    texts = [np.array([text or "" for text in columns[name]], dtype=object) for name in ("spoke_for", "spoke_against")]
    if "runner_up_frame" not in columns:  # shared masks have no single one
        return replace(no_reasons(len(texts[0])), spoke_for=texts[0], spoke_against=texts[1])
    row = detections.rows_of(columns["runner_up_frame"], columns["runner_up_label"])
    return Reasons(row, columns["runner_up_score"], *texts)


def _masks_of(table: Mapping[str, npt.NDArray[Any]], origin: Origin) -> list[tuple[int, int]]:
    """(frame, track) of the masks of one origin."""
    chosen = table["origin"] == int(origin)
    return list(zip(table["t"][chosen].tolist(), table["track_id"][chosen].tolist(), strict=True))


def _scores(address: Address) -> Scores | None:
    """The scores of the sequence, if it has a truth."""
    if not address.is_evaluated:
        return None
    saved = json.loads(address.layout.scores.read_text(encoding="utf-8"))
    return Scores(saved["values"], saved["dataset"], saved["sequence"], saved["settings"], saved["versions"])


def save_report(data: ReportData, out: Path) -> None:
    """Draw the page of one sequence and write it as UTF-8, whole or not at all."""
    page = draw_page(data)
    with written_file(out) as part:
        part.write_text(page, encoding="utf-8", newline="\n")
