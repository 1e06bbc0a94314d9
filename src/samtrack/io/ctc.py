"""Files of the Cell Tracking Challenge: numbered 16-bit masks and the table of tracks beside them.

Masks are read one at a time, large ones plane by plane. A table is read tolerantly, line by line as it stands, since a
checker must be able to say what is wrong with a result of anybody; `read_strict_table` is for tables that must be right.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tifffile

from samtrack.errors import DataError
from samtrack.io.damage import reading
from samtrack.io.names import TIFF_SUFFIXES
from samtrack.types import Box

MASK_PREFIX, TRACK_PREFIX, SEG_PREFIX = "mask", "man_track", "man_seg"

Values = tuple[int, int, int, int]


class TableLine(NamedTuple):
    """A line of a table of tracks: its number (from 1), its text, and its four numbers if it holds just these."""

    number: int
    text: str
    values: Values | None


class MaskFile(NamedTuple):
    """A mask on disk: frame, z slice (None: the whole frame), digits of the frame number in its name, path."""

    frame: int
    z: int | None
    digits: int
    path: Path


def read_result_table(path: Path) -> list[TableLine]:
    """Every line of ``res_track.txt`` or ``man_track.txt`` with what it says, right or wrong."""
    with reading(path):
        text = path.read_bytes().decode("utf-8", errors="replace")
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()  # a last line that ends properly
    return [TableLine(number, line, _values_of(line)) for number, line in enumerate(lines, start=1)]


def read_strict_table(path: Path) -> npt.NDArray[np.int64]:
    """The rows (label, first frame, last frame, parent) of a table in which every line is right."""
    lines = read_result_table(path)
    for line in lines:
        if line.values is None:
            raise DataError(
                f"{path}: line {line.number} is {line.text[:60]!r}, expected four whole numbers separated by a space: "
                "label, first frame, last frame, parent (0 for none). Correct the line."
            )
    return np.array([line.values for line in lines], dtype=np.int64).reshape(-1, 4)


def _values_of(line: str) -> Values | None:
    words = line.split()
    if len(words) != 4 or not all(re.fullmatch(r"[+-]?[0-9]{1,18}", word) for word in words):
        return None
    label, first, last, parent = (int(word) for word in words)
    return label, first, last, parent


def write_result_table(path: Path, rows: npt.ArrayLike) -> None:
    """Rows (label, first frame, last frame, parent) as text, one track per line, in the order given."""
    table = np.asarray(rows, dtype=np.int64).reshape(-1, 4)
    path.write_bytes("".join(f"{a} {b} {c} {d}\n" for a, b, c, d in table.tolist()).encode("ascii"))


def list_masks(folder: Path, prefix: str) -> list[MaskFile]:
    """The masks of a folder whose names are the prefix, a number and ``.tif``, sorted by frame and slice.

    ``mask007.tif`` is frame 7; ``man_seg_007_012.tif`` is slice 12 of frame 7.
    """
    whole = re.compile(rf"{prefix}([0-9]+)\.tif")
    of_slice = re.compile(rf"{prefix}_([0-9]+)_([0-9]+)\.tif")
    found = []
    for name in _names_in(folder):
        if match := whole.fullmatch(name):
            found.append(MaskFile(int(match[1]), None, len(match[1]), folder / name))
        elif match := of_slice.fullmatch(name):
            found.append(MaskFile(int(match[1]), int(match[2]), len(match[1]), folder / name))
    return sorted(found, key=lambda mask: (mask.frame, -1 if mask.z is None else mask.z, mask.path.name))


def list_foreign(folder: Path, masks: Iterable[MaskFile]) -> list[str]:
    """Names of the TIFF files of a folder that are none of its masks; tools that take every TIFF stumble over them."""
    known = {mask.path.name for mask in masks}
    return [name for name in _names_in(folder) if name.lower().endswith(TIFF_SUFFIXES) and name not in known]


def _names_in(folder: Path) -> list[str]:
    with reading(folder):
        return sorted(os.listdir(folder))


class MaskImage:
    """An open mask file, read by box (z)yx, in the type that it is stored in."""

    def __init__(self, path: Path, tiff: tifffile.TiffFile) -> None:
        self._path = path
        self._tiff = tiff
        series = tiff.series[0]
        is_one = len(tiff.series) == 1
        # pages that the writer did not tie together are the planes of one volume
        self._pages: list[Any] = list(series.pages if is_one else tiff.pages)
        self.shape: tuple[int, ...] = (
            tuple(int(n) for n in series.shape)
            if is_one
            else (len(self._pages), *(int(n) for n in self._pages[0].shape))
        )
        self.dtype: np.dtype[Any] = np.dtype(series.dtype)
        self._offset: int | None = series.dataoffset if is_one else None
        self._last: tuple[int, npt.NDArray[Any] | None] = (-1, None)

    def read(self, box: Box | None = None) -> npt.NDArray[Any]:
        """The labels of the file, or of a box of it."""
        with reading(self._path):
            if box is None or len(self.shape) != 3 or not self._has_planes:
                whole = self._whole()
                return whole if box is None else whole[box.slices]
            planes = [self._plane(z)[box.slices[1:]] for z in range(box.start[0], box.stop[0])]
            return np.stack(planes) if planes else np.empty(box.shape, self.dtype)

    @property
    def _has_planes(self) -> bool:
        """Whether planes can be read one by one."""
        return self._offset is not None or len(self._pages) == self.shape[0]

    def _plane(self, z: int) -> npt.NDArray[Any]:
        """One plane; the last one stays, as a large one is asked for in parts."""
        if self._last[0] != z or self._last[1] is None:
            self._last = (-1, None)
            if len(self._pages) == self.shape[0]:
                plane = np.asarray(self._pages[z].asarray())
            else:
                n = self.shape[1] * self.shape[2]
                stored = self.dtype.newbyteorder(self._tiff.byteorder)
                file = self._tiff.filehandle
                file.seek((self._offset or 0) + z * n * self.dtype.itemsize)
                plane = np.asarray(file.read_array(stored, n)).reshape(self.shape[1:])
            self._last = (z, plane)
        return self._last[1]  # type: ignore[return-value]

    def _whole(self) -> npt.NDArray[Any]:
        if len(self._tiff.series) == 1:
            return np.asarray(self._tiff.asarray())
        return np.stack([page.asarray() for page in self._pages])


@contextmanager
def open_mask(path: Path) -> Iterator[MaskImage]:
    """A mask file whose boxes are read one after the other."""
    with ExitStack() as stack:
        with reading(path):
            image = MaskImage(path, stack.enter_context(tifffile.TiffFile(path)))
        yield image


def read_mask(path: Path) -> npt.NDArray[Any]:
    """The labels of one file, (z)yx, in the type that they are stored in."""
    with open_mask(path) as image:
        return image.read()


def read_shape(path: Path) -> tuple[int, ...]:
    """Shape of the image in a file, (z)yx, without reading its voxels."""
    with open_mask(path) as image:
        return image.shape


def write_planes(path: Path, planes: Iterable[npt.NDArray[Any]], shape: tuple[int, ...]) -> None:
    """The same as `write_mask` for a volume that comes plane by plane."""
    _write(path, iter(planes), shape=shape, dtype=np.uint16)


def write_mask(path: Path, labels: npt.NDArray[Any]) -> None:
    """A label image (z)yx as 16-bit TIFF, one page per z, LZW; equal labels give equal bytes.

    Writes under the final name: the folder as a whole is what must appear at once (`atomic.written_folder`).
    """
    if labels.dtype != np.uint16 or labels.ndim not in (2, 3):
        raise ValueError(f"a CTC mask is uint16 with 2 or 3 axes, found {labels.dtype} with {labels.ndim}")
    _write(path, labels)


def _write(path: Path, labels: Any, **told: Any) -> None:
    tifffile.imwrite(
        path,
        labels,
        compression="lzw",
        photometric="minisblack",
        metadata=None,  # neither a date nor the writer's version: equal labels, equal bytes
        software=False,
        maxworkers=1,
        **told,
    )
