"""Stage validate: a CTC result, anybody's, against every rule; one mask at a time per thread, large ones slab by slab."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from samtrack.blocks import plan_slabs, whole_box
from samtrack.config.ingest import IngestSettings
from samtrack.errors import DataError
from samtrack.io.ctc import MaskFile, TableLine, list_foreign, open_mask, read_result_table
from samtrack.io.movies import count_frames
from samtrack.io.names import RES_TRACK
from samtrack.io.sources import open_source
from samtrack.io.truth import list_whole_masks
from samtrack.stages.address import told
from samtrack.stages.held import held
from samtrack.stages.progress import Progress
from samtrack.submit import (
    Checker,
    DatasetFacts,
    Expected,
    Findings,
    FirstCells,
    FrameFacts,
    Looks,
    MaskName,
    Raw,
    measure_parts,
    overlaps_of,
)
from samtrack.types import Violation

log = logging.getLogger("samtrack")


@dataclass(frozen=True, slots=True)
class Against:
    """What a result is held against besides the rules that need nothing but itself.

    ``images``: the raw movie. ``dataset``: what the challenge fixes for it. ``first_frame``: label image of the cells whose
    lineages count. ``connected``: also note objects in several pieces, which takes longer.
    """

    images: Path | None = None
    dataset: DatasetFacts | None = None
    first_frame: Path | None = None
    connected: bool = False
    all_cells: bool = False
    """Of a dataset of which lineages of marked cells are scored: this result holds all cells."""

    @property
    def from_first_frame(self) -> bool:
        """Whether only lineages of the first frame may be in the result."""
        asked = self.first_frame is not None or (self.dataset is not None and self.dataset.first_frame)
        return asked and not self.all_cells

    @property
    def looks(self) -> Looks:
        """What to look for in the masks."""
        return Looks(self.connected, self.dataset.rim_px if self.dataset else 0)


def run_validate(folder: Path, against: Against | None = None, workers: int = 2) -> list[Violation]:
    """The rules that a result breaks; empty if it is valid. Notes (allowed, but worth knowing) go to the log."""
    with told(f"validate {folder.name}") as facts:
        found = find_problems(folder, against, workers)
        facts += [f"{len(found.violations)} violations", f"{len(found.notes)} notes"]
    for note in found.notes:
        log.info("note: %s", note)
    return list(found.violations)


def find_problems(folder: Path, against: Against | None = None, workers: int = 2) -> Findings:
    """Violations and notes of a result."""
    against = against or Against()
    masks = list_whole_masks(folder)
    expected = Expected(
        _raw_of(against.images),
        against.dataset.digits if against.dataset else None,
        against.from_first_frame,
        _first_cells(against.first_frame, masks) if against.from_first_frame else None,
    )
    foreign = list_foreign(folder, masks)
    checker = Checker(read_lines(folder), expected, foreign, list_extra(folder, masks, foreign))
    progress = Progress("validate", len(masks), sequence_of(folder))
    with ThreadPoolExecutor(workers) as pool:
        for facts in pool.map(lambda mask: _facts_of(mask, against.looks), masks):
            checker.add(facts)
            progress.step()
    return checker.findings()


def sequence_of(folder: Path) -> str:
    """What a result's sequence is called, after the folder's name."""
    return folder.resolve().name.removesuffix("_RES")


def list_extra(folder: Path, masks: Sequence[MaskFile], foreign: Sequence[str]) -> list[str]:
    """Names in a result's folder that are neither its masks nor its table, nor among the ``foreign`` TIFF files."""
    known = {RES_TRACK, *foreign, *(mask.path.name for mask in masks)}
    return sorted(entry.name for entry in folder.iterdir() if entry.name not in known)


def read_lines(folder: Path) -> list[TableLine] | None:
    """The lines of a result's table, None if there is none."""
    path = folder / RES_TRACK
    return read_result_table(path) if path.exists() else None


def name_of(mask: MaskFile) -> MaskName:
    """A mask file's name as the checks want it."""
    return MaskName(mask.path.name, mask.frame, mask.digits)


def _facts_of(mask: MaskFile, looks: Looks) -> FrameFacts:
    try:
        with open_mask(mask.path) as image:
            if image.dtype.kind not in "iu":  # pieces of an image that is no label image mean nothing
                looks = Looks()
            read = held(image.read, image.shape)
            parts = ((box, read(box)) for box in plan_slabs(whole_box(image.shape)))
            return measure_parts(name_of(mask), str(image.dtype), image.shape, parts, looks)
    except DataError as error:  # a file that cannot be read is one of the faults that are looked for
        return FrameFacts(mask.path.name, mask.frame, mask.digits, error=str(error))


def _first_cells(marked: Path | None, masks: Sequence[MaskFile]) -> FirstCells | None:
    """The cells marked in the first frame, and which objects of the result overlap them."""
    first = next((mask for mask in masks if mask.frame == 0), None)
    if marked is None or first is None:
        return None
    with open_mask(marked) as image, open_mask(first.path) as mask:
        if image.shape != mask.shape:
            raise DataError(
                f"{marked}: has shape {image.shape}, the result's {first.path.name} {mask.shape}. Give the label image of "
                "the cells that are marked in this movie's first frame, such as 01_GT/TRA/man_track000.tif."
            )
        reads = held(image.read, image.shape), held(mask.read, mask.shape)
        boxes = plan_slabs(whole_box(image.shape))
        pairs = [overlaps_of(reads[0](box), reads[1](box)) for box in boxes]
        labels = [np.unique(reads[0](box)) for box in boxes]
    every = np.unique(np.concatenate(labels)).astype(np.int64)
    return FirstCells(every[every > 0], np.unique(np.concatenate(pairs), axis=0))


def _raw_of(images: Path | None) -> Raw | None:
    if images is None:
        return None
    ingest = IngestSettings.model_validate(
        {"missing_frames": "blank"}
    )  # what lacks among the images is not the question
    return Raw(count_frames(images, ingest), open_source(images, ingest).shape)
