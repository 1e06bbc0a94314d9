"""The corrections that a decision keeps: from the user's file to rows of the movie's detections."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from samtrack.config import Config
from samtrack.config.layout import pinned_path
from samtrack.errors import DataError, SettingsError
from samtrack.io.corrections import read_pins
from samtrack.stages.address import Address
from samtrack.types import Detections, Pin

if TYPE_CHECKING:
    from samtrack.associate import Pins

SAME_PLACE = 1e-4
"""How far a detection may lie from the place in the file, as a share of its coordinates: rounding, no other mask."""


def require_pins(config: Config) -> None:
    """Raise if the file of corrections that the configuration names is not there, or cannot be told by sequence."""
    named = config.associate.pinned
    if named in ("auto", "none"):
        return
    paths = {sequence.name: pinned_path(config, sequence.name) for sequence in config.sequences}
    if len({*paths.values()}) < len(paths):
        raise SettingsError(
            f"associate.pinned: {named} is one file for {len(paths)} sequences. Write {{sequence}} where their names stand."
        )
    if not any(path is not None and path.exists() for path in paths.values()):
        raise DataError(
            f"associate.pinned: {named} does not exist. Relative paths count from {Path.cwd()}. Give a file of `samtrack "
            "correct`, auto for the one beside the results, or none."
        )


def pins_fingerprint(config: Config, sequence: str) -> str:
    """A text that changes with the content of the corrections of a sequence; empty without any."""
    path = pinned_path(config, sequence)
    if path is None or not path.exists():
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]


def pins_of_run(address: Address, detections: Detections) -> Pins:
    """The corrections of a sequence as rows of its detections; none without a file."""
    from samtrack.associate import Pins  # the Snakefile and the doctor, which plan a run, need no solver
    from samtrack.associate.contradictions import require_consistent

    path = pinned_path(address.config, address.sequence.name)
    if path is None or not path.exists():
        return Pins.none()
    pins = read_pins(path)
    require_consistent(pins)
    return rows_of_pins(pins, detections)


def rows_of_pins(pins: Sequence[Pin], detections: Detections) -> Pins:
    """Pins by rows; what was pinned apart gives way to what is pinned together."""
    from samtrack.associate import Pins

    rows = [_rows_of(pin, detections) for pin in pins]
    kept = [(pin.action, list(row)) for pin, row in zip(pins, rows, strict=True)]
    links = [row for action, row in kept if action == "link"]
    divisions = [[row[0], *sorted(row[1:])] for action, row in kept if action == "divide"]
    true = {(row[0], other) for row in (*links, *divisions) for other in row[1:]}
    apart = [row for action, row in kept if action in ("unlink", "apart") and tuple(row) not in true]
    left_out = [row[0] for action, row in kept if action == "delete"]
    return Pins(*(np.array(found, dtype=np.int64) for found in (links, divisions, apart, left_out)))


def _rows_of(pin: Pin, detections: Detections) -> list[int]:
    frames, labels = zip(*pin.cells, strict=True)
    rows = detections.rows_of(np.array(frames), np.array(labels)).tolist()
    for i, (row, (frame, label)) in enumerate(zip(rows, pin.cells, strict=True)):
        place = pin.places[i] if i < len(pin.places) else None
        here = detections.centroid_um[row] if row >= 0 else None
        if here is None or (place is not None and not np.allclose(here, place, rtol=SAME_PLACE, atol=SAME_PLACE)):
            found = "is not there" if here is None else f"lies at {_told(here)} µm"
            raise DataError(
                f"{pin.where}: speaks of label {label} in frame {frame}"
                f"{f' at {_told(place)} µm' if place else ''}, which {found}: the cells were found anew since, so these "
                "corrections belong to other masks. Make them again (samtrack correct), delete the file, or set "
                "associate.pinned: none."
            )
    return [int(row) for row in rows]


def _told(place: Sequence[float]) -> str:
    return " ".join(f"{value:.6g}" for value in place)
