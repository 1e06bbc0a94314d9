"""Files of corrections: edits that a person made (CSV, by tracks) and pins that a run keeps (CSV, by detections)."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

from samtrack.errors import DataError
from samtrack.io.atomic import written_file
from samtrack.types import Action, Cell, Edit, Pin, PinAction, Place

EDIT_COLUMNS = ("action", "frame", "track", "other_frame", "other_track", "note")
"""Columns of a file of edits."""

PIN_COLUMNS = ("edit", "action", "frame", "label", "place_um", "other_frame", "other_label", "other_place_um", "given")
"""Columns of a file of pins. ``given`` is the edit as it was written."""

SEVERAL = ";"
"""Between the two daughters of a division."""


def read_edits(path: Path) -> list[Edit]:
    """The edits of a CSV file, or of all CSV files of a folder by name, in order."""
    if path.is_dir():
        files = sorted(path.glob("*.csv"))
        if not files:
            raise DataError(
                f"{path}: holds no CSV file, expected files of edits with the columns {','.join(EDIT_COLUMNS)}."
            )
        return [edit for file in files for edit in read_edits(file)]
    return [_edit(row, f"{path}, line {line}") for line, row in _rows(path, EDIT_COLUMNS)]


def append_edits(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """Add rows to a file of edits, which is made with its header if it is not there."""
    known = path.read_text(encoding="utf-8") if path.exists() else ",".join(EDIT_COLUMNS) + "\n"
    with written_file(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        file.write(known if known.endswith("\n") else known + "\n")
        csv.writer(file, lineterminator="\n").writerows(rows)


def read_pins(path: Path) -> list[Pin]:
    """The pins of a file, in order."""
    return [_pin(row, f"{path}, line {line}") for line, row in _rows(path, PIN_COLUMNS)]


def write_pins(path: Path, pins: Sequence[Pin]) -> None:
    """Write all pins of a sequence."""
    with written_file(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(PIN_COLUMNS)
        for pin in pins:
            here, others = pin.places[:1], pin.places[1:]
            writer.writerow(
                [pin.edit, pin.action, *pin.cell, _places(here), *_columns_of(pin.others), _places(others), pin.text]
            )


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and fields of each row that is not empty."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}). Expected a CSV file with {','.join(columns)}.") from error
    reader = csv.reader(text.splitlines())
    header = [name.strip() for name in next(reader, [])]
    needed = [name for name in columns if name != "note"]
    if [name for name in header if name != "note"] != needed:
        raise DataError(f"{path}: has the columns {','.join(header) or 'none'}, expected {','.join(columns)}.")
    for fields in reader:
        if not any(field.strip() for field in fields):
            continue
        if len(fields) > len(header):
            raise DataError(f"{path}, line {reader.line_num}: has {len(fields)} fields, expected {len(header)}.")
        yield reader.line_num, dict.fromkeys(columns, "") | dict(zip(header, (f.strip() for f in fields), strict=False))


def _edit(row: dict[str, str], where: str) -> Edit:
    action = row["action"].lower()
    if action not in get_args(Action):
        raise DataError(f"{where}: action is {row['action']!r}, expected {', '.join(get_args(Action))}.")
    tracks, frames = (_numbers(row, name, where) for name in ("other_track", "other_frame"))
    if len(tracks) > 1 and len(frames) == 1:
        frames = frames * len(tracks)
    if frames and not tracks and action == "unlink":
        tracks = _numbers(row, "track", where)
    if len(tracks) != len(frames) and frames and not (action == "relabel" and not tracks):
        raise DataError(f"{where}: names {len(tracks)} other_track and {len(frames)} other_frame, expected as many.")
    frame, track = _numbers(row, "frame", where), _numbers(row, "track", where)
    if len(track) != 1 or len(frame) > 1:
        raise DataError(f"{where}: names {len(frame)} frames and {len(track)} tracks, expected one of each.")
    text = ",".join(row[name] for name in EDIT_COLUMNS).rstrip(",")
    return Edit(action, frame[0] if frame else None, track[0], frames, tracks, text, where)  # type: ignore[arg-type]


def _pin(row: dict[str, str], where: str) -> Pin:
    if row["action"] not in get_args(PinAction):
        raise DataError(f"{where}: action is {row['action']!r}, expected {', '.join(get_args(PinAction))}.")
    (cell,) = _cells(row, "", where) or [(-1, -1)]
    others = _cells(row, "other_", where)
    expected = {"divide": 2, "delete": 0}.get(row["action"], 1)
    if len(others) != expected or cell[0] < 0:
        raise DataError(
            f"{where}: {row['action']} names {len(others)} other cells, expected {expected} beside its own."
        )
    places = (*_read_places(row["place_um"], where), *_read_places(row["other_place_um"], where))
    (edit,) = _numbers(row, "edit", where) or (0,)
    return Pin(row["action"], cell, tuple(others), edit, row["given"], where, places)  # type: ignore[arg-type]


def _numbers(row: dict[str, str], name: str, where: str) -> tuple[int, ...]:
    try:
        found = tuple(int(text) for text in row[name].split(SEVERAL) if text.strip())
    except ValueError as error:
        raise DataError(f"{where}: {name} is {row[name]!r}, expected whole numbers.") from error
    if any(number < 0 for number in found):
        raise DataError(f"{where}: {name} is {row[name]!r}, expected 0 or more.")
    return found


def _cells(row: dict[str, str], prefix: str, where: str) -> list[Cell]:
    frames, labels = (_numbers(row, f"{prefix}{name}", where) for name in ("frame", "label"))
    if len(frames) != len(labels):
        raise DataError(
            f"{where}: names {len(frames)} {prefix}frame and {len(labels)} {prefix}label, expected as many."
        )
    return list(zip(frames, labels, strict=True))


def _columns_of(cells: Sequence[Cell]) -> tuple[str, str]:
    return SEVERAL.join(str(frame) for frame, _ in cells), SEVERAL.join(str(label) for _, label in cells)


def _places(places: Sequence[Place]) -> str:
    """Centroids as ``12.5 30.25`` with ``;`` between them."""
    return SEVERAL.join(" ".join(f"{value:.7g}" for value in place) for place in places)


def _read_places(text: str, where: str) -> tuple[Place, ...]:
    try:
        return tuple(tuple(float(value) for value in place.split()) for place in text.split(SEVERAL) if place.strip())
    except ValueError as error:
        raise DataError(f"{where}: a place is {text!r}, expected numbers in micrometres.") from error
