"""The files of a CTC truth folder, and the masks of a result that belong to them. No voxel is read here."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from samtrack.errors import DataError
from samtrack.io.ctc import MASK_PREFIX, SEG_PREFIX, TRACK_PREFIX, MaskFile, list_masks, read_strict_table
from samtrack.io.names import MAN_TRACK, SEG_FOLDER, TRA_FOLDER
from samtrack.io.numbering import compact


@dataclass(frozen=True, slots=True)
class Truth:
    """The files of a truth folder; either kind may be lacking."""

    folder: Path
    tracking: list[MaskFile]
    segmentation: dict[int, list[MaskFile]]
    table: npt.NDArray[np.int64]


def list_truth(folder: Path) -> Truth:
    """The files of a truth folder, checked for what no result could mend."""
    if not folder.is_dir():
        raise DataError(f"{folder}: is no folder. Give the truth folder, such as 01_GT, which holds TRA, SEG or both.")
    tra, seg = folder / TRA_FOLDER, folder / SEG_FOLDER
    tracking = list_masks(tra, TRACK_PREFIX) if tra.is_dir() else []
    images = list_masks(seg, SEG_PREFIX) if seg.is_dir() else []
    if not tracking and not images:
        raise DataError(
            f"{folder}: holds neither {TRA_FOLDER}/{TRACK_PREFIX}<frame>.tif nor {SEG_FOLDER}/{SEG_PREFIX}<frame>.tif, "
            "so there is nothing to compare with. Give the folder that holds TRA or SEG."
        )
    numbers = [mask.frame for mask in tracking]
    if numbers != list(range(len(numbers))):
        raise DataError(
            f"{tra}: its {len(numbers)} images are numbered {compact(numbers)}, expected 0 to {len(numbers) - 1}, each "
            "once. Restore the missing images."
        )
    by_frame: dict[int, list[MaskFile]] = defaultdict(list)
    for image in images:
        by_frame[image.frame].append(image)
    table = read_strict_table(tra / MAN_TRACK) if tracking else np.zeros((0, 4), dtype=np.int64)
    return Truth(folder, tracking, dict(by_frame), table)


def list_whole_masks(folder: Path) -> list[MaskFile]:
    """The masks of a result; slices, which only a truth may have, are none."""
    return [mask for mask in list_masks(folder, MASK_PREFIX) if mask.z is None]


def masks_of(result: Path, truth: Truth) -> dict[int, MaskFile]:
    """The result's masks by frame; all frames of the truth are there, and of a tracked truth no others."""
    if not result.is_dir():
        raise DataError(f"{result}: is no folder. Give the result folder, such as 01_RES, which holds mask000.tif …")
    masks = list_whole_masks(result)
    by_frame = {mask.frame: mask for mask in masks}
    if not masks:
        raise DataError(f"{result}: holds no mask<frame>.tif. Give the folder of a CTC result.")
    if len(by_frame) < len(masks):
        twice = sorted({mask.frame for mask in masks if by_frame[mask.frame] != mask})
        raise DataError(f"{result}: several files are frame {compact(twice)}. Keep one mask per frame.")
    wanted = {mask.frame for mask in truth.tracking}
    lacking, extra = (wanted | truth.segmentation.keys()) - by_frame.keys(), by_frame.keys() - wanted
    if lacking or (wanted and extra):
        faults = [f"no mask for frames {compact(lacking)}"] if lacking else []
        faults += [f"no truth for frames {compact(extra)}"] if wanted and extra else []
        raise DataError(
            f"{result}: {len(masks)} masks, but the truth in {truth.folder} has "
            f"{len(wanted) or len(truth.segmentation)} frames: {' and '.join(faults)}. Are they of the same sequence?"
        )
    return by_frame
