"""Stage validate: a CTC result, anybody's, against every rule; one mask at a time per thread, large ones slab by slab."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from samtrack.blocks import is_small, plan_slabs, whole_box
from samtrack.config.ingest import IngestSettings
from samtrack.errors import DataError
from samtrack.io.ctc import MaskFile, TableLine, list_foreign, open_mask, read_result_table
from samtrack.io.movies import count_frames
from samtrack.io.names import RES_TRACK
from samtrack.io.sources import open_source
from samtrack.io.truth import list_whole_masks
from samtrack.stages.address import told
from samtrack.submit import Checker, Findings, FrameFacts, MaskName, Raw, measure_mask, measure_parts
from samtrack.types import Violation

log = logging.getLogger("samtrack")


def run_validate(folder: Path, images: Path | None = None, workers: int = 2) -> list[Violation]:
    """The rules that a result breaks; empty if it is valid. Notes (allowed, but worth knowing) go to the log."""
    with told(f"validate {folder.name}") as facts:
        found = find_problems(folder, images, workers)
        facts += [f"{len(found.violations)} violations", f"{len(found.notes)} notes"]
    for note in found.notes:
        log.info("note: %s", note)
    return list(found.violations)


def find_problems(folder: Path, images: Path | None = None, workers: int = 2, connected: bool = False) -> Findings:
    """Violations and notes of a result; with ``images`` its number of frames and their shape are compared with theirs.

    ``connected`` also notes objects that are in several pieces.
    """
    masks = list_whole_masks(folder)
    checker = Checker(read_lines(folder), _raw_of(images), list_foreign(folder, masks))
    with ThreadPoolExecutor(workers) as pool:
        for facts in pool.map(lambda mask: _facts_of(mask, connected), masks):
            checker.add(facts)
    return checker.findings()


def read_lines(folder: Path) -> list[TableLine] | None:
    """The lines of a result's table, None if there is none."""
    path = folder / RES_TRACK
    return read_result_table(path) if path.exists() else None


def name_of(mask: MaskFile) -> MaskName:
    """A mask file's name as the checks want it."""
    return MaskName(mask.path.name, mask.frame, mask.digits)


def _facts_of(mask: MaskFile, connected: bool) -> FrameFacts:
    try:
        with open_mask(mask.path) as image:
            if connected or is_small(image.shape):
                return measure_mask(name_of(mask), image.read(), connected)
            parts = (image.read(box) for box in plan_slabs(whole_box(image.shape)))
            return measure_parts(name_of(mask), str(image.dtype), image.shape, parts)
    except DataError as error:  # a file that cannot be read is one of the faults that are looked for
        return FrameFacts(mask.path.name, mask.frame, mask.digits, error=str(error))


def _raw_of(images: Path | None) -> Raw | None:
    if images is None:
        return None
    ingest = IngestSettings.model_validate(
        {"missing_frames": "blank"}
    )  # what lacks among the images is not the question
    return Raw(count_frames(images, ingest), open_source(images, ingest).shape)
