"""Results of a finished run, checked against every rule and put where the challenge wants them."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from samtrack.errors import SubmissionError
from samtrack.io.archives import take_file
from samtrack.io.atomic import written_folder
from samtrack.io.ctc import read_strict_table
from samtrack.io.labels import open_labels
from samtrack.io.names import RES_TRACK
from samtrack.io.tables import read_patches
from samtrack.io.truth import list_whole_masks
from samtrack.stages.address import Address, told
from samtrack.stages.export import TrackedFrames, field_of, tracks_in, write_ctc
from samtrack.stages.followed import read_decided
from samtrack.stages.validate import Against, find_problems
from samtrack.submit import DATASETS, DatasetFacts, presence_table, result_folder
from samtrack.submit.archive import ALL_CELLS
from samtrack.types import Violation

log = logging.getLogger("samtrack")

NAMED = 10
"""Broken rules that an error names; `samtrack validate` names more."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A result in its place: where, its name below the dataset's folder, frames, tracks, and what is worth knowing."""

    folder: Path
    name: str
    n_frames: int
    n_tracks: int
    notes: tuple[Violation, ...]


def place_results(address: Address, into: Path, training: str | None) -> list[Placed]:
    """Check the result of one sequence and put it into the folder of a dataset; with all cells, too, where it is wanted."""
    facts = DATASETS.get(address.config.dataset)
    with told(f"submit {address.sequence.name}") as said:
        placed = [_place_own(address, into / result_folder(address.sequence.name, training), facts)]
        if facts is not None and facts.first_frame:
            folder = into / ALL_CELLS / result_folder(address.sequence.name, training)
            placed.append(_place_all_cells(address, folder, facts))
        said += [f"{one.name}: {one.n_frames} masks, {one.n_tracks} tracks" for one in placed]
    for one in placed:
        for note in one.notes:
            log.info("note: %s: %s", one.name, note)
    return placed


def require_lineages(address: Address) -> None:
    """Raise if the challenge scores only lineages of marked cells of this dataset, and the run keeps others."""
    facts = DATASETS.get(address.config.dataset)
    if facts is None or not facts.first_frame:
        return
    if not address.follows_some or address.sources.first_frame is None:
        raise SubmissionError(
            f"{address.config.dataset} {address.sequence.name}: lineages is {address.config.lineages!r} and first_frame is "
            f"{address.sequence.first_frame}, but the challenge scores only the lineages of the cells that are marked in "
            "the first frame. Set lineages: from_first_frame and the sequence's first_frame (01_GT/TRA/man_track000.tif), "
            "and run again."
        )


def _place_own(address: Address, folder: Path, facts: DatasetFacts | None) -> Placed:
    """The result of the run, by second names of its files."""
    result = address.layout.result
    against = Against(address.sources.images, facts, address.sources.first_frame, connected=True)
    if facts is None or not facts.first_frame:
        against = Against(address.sources.images, facts, connected=True)
    notes = _require_valid(address, result, against)
    masks = list_whole_masks(result)
    with written_folder(folder) as part:
        for path in [*(mask.path for mask in masks), result / RES_TRACK]:
            take_file(path, part / path.name)
    return Placed(folder, folder.name, len(masks), len(read_strict_table(folder / RES_TRACK)), notes)


def _place_all_cells(address: Address, folder: Path, facts: DatasetFacts) -> Placed:
    """The result with all tracks of the decision, whether or not their lineages are followed.

    Masks that were missing are drawn for followed tracks alone, so others have none in their gaps.
    """
    layout = address.layout
    detections, tracks = read_decided(address, address.names)
    labels = open_labels([layout.labels(name) for name in address.names])
    patches = read_patches([layout.patches(name) for name in address.names])
    frames = TrackedFrames(labels, detections, tracks, patches)
    field = field_of(address, frames.shape)
    with ThreadPoolExecutor(address.config.resources.workers) as pool:
        in_field = list(pool.map(lambda t: tracks_in(frames, t, field), range(address.n_frames)))
    table = presence_table(detections, tracks, patches, labels.scale, in_field)
    n_tracks = write_ctc(address, folder, table, np.r_[0, tracks.parent], frames)
    against = Against(address.sources.images, facts, connected=True, all_cells=True)
    name = f"{ALL_CELLS}/{folder.name}"
    return Placed(folder, name, address.n_frames, n_tracks, _require_valid(address, folder, against))


def _require_valid(address: Address, folder: Path, against: Against) -> tuple[Violation, ...]:
    """The notes on a result; raise if it breaks a rule."""
    found = find_problems(folder, against, address.config.resources.workers)
    if found.violations:
        named = "\n  ".join(str(violation) for violation in found.violations[:NAMED])
        more = len(found.violations) - NAMED
        raise SubmissionError(
            f"{folder}: breaks rules of the challenge, so it is not packed:\n  {named}"
            + (f"\n  … and {more} more (samtrack validate {folder})" if more > 0 else "")
            + "\nDelete that folder and run again; if it happens once more, it is a bug of samtrack."
        )
    return found.notes
