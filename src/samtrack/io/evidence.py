"""What a network said of cells in other frames, as Parquet; keyed on disk by frame and label like all tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from samtrack.errors import DataError
from samtrack.io.tables import read_table, write_table
from samtrack.types import Detections, Evidence

_NUMBERS = ("overlap", "predicted", "target_size", "object_logit", "iou")
NOTHING = 0
"""Label of the target where a prediction lies on nothing."""


def write_evidence(path: Path, evidence: Evidence, detections: Detections) -> None:
    """One block's evidence."""
    hit = evidence.target >= 0
    columns = {
        "source_frame": detections.frame[evidence.source],
        "source_label": detections.label[evidence.source],
        "target_frame": evidence.target_frame,
        "target_label": np.where(hit, _label_or_nothing(detections, evidence.target), NOTHING),
    }
    write_table(path, columns | {name: getattr(evidence, name).astype(np.float32) for name in _NUMBERS})


def read_evidence(paths: Sequence[Path], detections: Detections) -> Evidence:
    """The evidence of the given blocks between the frames of ``detections``, as its rows.

    The last of the blocks speaks of frames beyond its own; what it says of frames that ``detections`` does not reach is
    left out.
    """
    first, last = int(detections.frame.min(initial=0)), int(detections.frame.max(initial=-1))
    return Evidence.concatenate([_read(path, detections, (first, last)) for path in paths]).ordered()


def _read(path: Path, detections: Detections, reach: tuple[int, int]) -> Evidence:
    columns = read_table(path)
    try:
        frames = np.stack([columns["source_frame"], columns["target_frame"]])
        keep = ((frames >= reach[0]) & (frames <= reach[1])).all(axis=0)
        columns = {name: column[keep] for name, column in columns.items()}
        source = detections.rows_of(columns["source_frame"], columns["source_label"])
        target = detections.rows_of(columns["target_frame"], columns["target_label"])
        numbers = {name: columns[name] for name in _NUMBERS}
        found = Evidence(source=source, target=target, target_frame=columns["target_frame"], **numbers)
    except (KeyError, ValueError) as error:
        raise DataError(f"{path}: is not a table of evidence ({error}). Delete it and run again.") from error
    unknown = (source < 0) | ((target < 0) & (columns["target_label"] != NOTHING))
    if unknown.any():
        row = int(np.flatnonzero(unknown)[0])
        end = "source" if source[row] < 0 else "target"
        raise DataError(
            f"{path}: speaks of label {columns[f'{end}_label'][row]} in frame {columns[f'{end}_frame'][row]}, which the "
            "detections do not hold. Delete it and run again."
        )
    return found


def _label_or_nothing(detections: Detections, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Labels of rows; any label where there is no row."""
    return detections.label[rows] if len(detections) else np.zeros(len(rows), dtype=np.int64)
