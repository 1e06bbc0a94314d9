"""Which file of a folder is which frame: numbered TIFF files, gaps in the numbering, masks beside images.

Only names are looked at here; no file is opened.
"""

from __future__ import annotations

import logging
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from samtrack.errors import DataError
from samtrack.io.names import TIFF_SUFFIXES

log = logging.getLogger("samtrack")

_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class NumberedFiles:
    """The TIFF files of a folder by their number; numbers rise, need not start at 0 and may have gaps."""

    folder: Path
    paths: dict[int, Path]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers, rising."""
        return tuple(self.paths)

    @property
    def missing(self) -> list[int]:
        """Numbers between the first and the last that no file has."""
        return sorted(set(range(self.numbers[0], self.numbers[-1] + 1)) - set(self.numbers))


def list_numbered(folder: Path, suffixes: tuple[str, ...] = TIFF_SUFFIXES) -> NumberedFiles:
    """The TIFF files of a folder by the number in their names: ``t000.tif``, ``man_seg7.tif``, ``exp2_t0001_w1.tif``.

    The number is the group of digits that differs between the files; of a single file, its last group. Hidden files
    are ignored, other files too, with a line in the log. ``suffixes`` are those of another kind of file, of which some are
    known to be there.
    """
    names = _names(folder, suffixes)
    stems = {name: _DIGITS.split(_stem(name)) for name in names}  # text, digits, text, digits, …, text
    texts = Counter(tuple(parts[::2]) for parts in stems.values())
    if len(texts) > 1:
        raise _mixed(folder, stems)
    if len(next(iter(texts))) < 2:
        raise DataError(
            f"{folder}: the name of {names[0]} holds no frame number. A folder holds one numbered file per frame, as "
            "in t000.tif; give the path of the file itself if it holds the whole movie."
        )
    position = _number_position(folder, stems)
    paths: dict[int, Path] = {}
    for name in sorted(names, key=lambda name: (int(stems[name][position]), name)):
        number = int(stems[name][position])
        if number in paths:
            raise DataError(
                f"{folder}: {paths[number].name} and {name} have the same number {number}. Keep one of them."
            )
        paths[number] = folder / name
    return NumberedFiles(folder, paths)


def require_gapless(files: NumberedFiles) -> None:
    """Raise if a number between the first and the last is missing."""
    if missing := files.missing:
        first, last = files.numbers[0], files.numbers[-1]
        raise DataError(
            f"{files.folder}: {len(files.paths)} files are numbered {first} to {last}, but {len(missing)} of them "
            f"are missing: {compact(missing)}. Restore the files, or set ingest.missing_frames: blank to put an "
            "empty frame in the place of each."
        )


def compact(numbers: Iterable[int], shown: int = 12) -> str:
    """Numbers as ranges, ``3-5, 9``; of more than ``shown`` ranges the first ones and how many are left."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    texts = [str(a) if a == b else f"{a}-{b}" for a, b in ranges]
    return ", ".join(texts[:shown]) + (f" and {len(texts) - shown} more ranges" if len(texts) > shown else "")


def match_frames(
    masks: Sequence[int],
    images: Sequence[int],
    missing: Literal["error", "empty"],
    where: str,
    section: str = "segment",
) -> list[int | None]:
    """For each image its mask's number, or None for a frame without one (only with ``missing="empty"``).

    The numbers agree as they stand, or after counting both from 0. With ``empty`` and masks lacking, masks that are not
    among the images' numbers count from the first image only if they start at 0: otherwise it would be a guess. ``section``
    holds the setting ``missing``; points that are given one file per frame are matched like masks.
    """
    if not masks or not images:
        raise DataError(f"{where}: holds no mask for {len(images)} images.")
    if set(masks) == set(images):
        return list(images)
    shift = images[0] - masks[0]
    if {m + shift for m in masks} == set(images):
        log.info("%s: masks are numbered from %d, images from %d; matched in order", where, masks[0], images[0])
        return [n - shift for n in images]
    if missing == "empty":
        for shift in (0, images[0]) if masks[0] == 0 else (0,):
            present = {m + shift for m in masks}
            if present < set(images):
                log.info("%s: %d of %d frames have no mask", where, len(images) - len(masks), len(images))
                return [n - shift if n in present else None for n in images]
    raise _unmatched(masks, images, missing, where, section)


def _unmatched(masks: Sequence[int], images: Sequence[int], missing: str, where: str, section: str) -> DataError:
    lacking, extra = set(images) - set(masks), set(masks) - set(images)
    faults = [f"no mask for the images {compact(lacking)}"] if lacking else []
    faults += [f"no image for the masks {compact(extra)}"] if extra else []
    remedy = "Restore the missing masks" if lacking else "Remove the masks that are too many"
    if not extra and missing == "error":
        remedy += f", or set {section}.missing: empty if these frames hold no cells"
    return DataError(
        f"{where}: {len(masks)} masks are numbered {compact(masks)}, {len(images)} images {compact(images)}: "
        f"{' and '.join(faults)}. {remedy}."
    )


def _stem(name: str) -> str:
    return re.sub(r"(\.ome)?\.[^.]*$", "", name, flags=re.IGNORECASE)


def _names(folder: Path, suffixes: tuple[str, ...]) -> list[str]:
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder}: cannot be listed ({error.strerror}). Check its permissions.") from error
    tiffs = [name for name in names if name.lower().endswith(suffixes)]
    others = [name for name in names if not name.lower().endswith(suffixes)]
    some = ", ".join(others[:3]) + (", …" if len(others) > 3 else "")
    if not tiffs:
        held = f"no TIFF file, only {len(others)} others ({some})" if others else "nothing"
        raise DataError(
            f"{folder}: holds {held}. Expected one numbered TIFF file per frame, as in t000.tif, t001.tif; check the "
            "path."
        )
    if others:
        kind = "TIFF" if suffixes == TIFF_SUFFIXES else suffixes[0]
        log.info("%s: %d entries are not %s files and are ignored (%s)", folder, len(others), kind, some)
    return tiffs


def _mixed(folder: Path, stems: dict[str, list[str]]) -> DataError:
    kinds: dict[str, list[str]] = {}
    for name, parts in stems.items():
        kinds.setdefault("#".join(parts[::2]) + name[len(_stem(name)) :], []).append(name)
    told = [f"{len(names)} like {names[0]}" for names in sorted(kinds.values(), key=len, reverse=True)[:4]]
    return DataError(
        f"{folder}: holds files of {len(kinds)} kinds: {'; '.join(told)}. Which are the frames? Keep one kind in the "
        "folder, as in t000.tif, t001.tif."
    )


def _number_position(folder: Path, stems: dict[str, list[str]]) -> int:
    """Index, in the parts of a name, of the digits that number the frames."""
    rows = list(stems.values())
    positions = range(1, len(rows[0]), 2)
    varying = [p for p in positions if len({int(row[p]) for row in rows}) > 1]
    if len(varying) > 1:
        names = list(stems)
        raise DataError(
            f"{folder}: {len(varying)} numbers differ between the names of the files ({names[0]} … {names[-1]}), so it "
            "is not clear which counts the frames. Keep one position, channel or plane per folder, one file per frame."
        )
    return varying[0] if varying else positions[-1]
