"""One TIFF file: what its pages are, and reading the part of a frame that is asked for.

tifffile tells what a file holds and how a strip or tile is decoded; `tiff_axes` decides which pages are t and z. Only
the strips and tiles that touch a box are read, straight from the file, so that threads can share it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import tifffile

from samtrack.errors import DataError
from samtrack.io.damage import reading
from samtrack.io.metadata import FoundScale, channel_names, found_in_tiff
from samtrack.io.tiff_axes import PageAxes, page_axes
from samtrack.io.tiff_chain import require_whole_chain
from samtrack.types import Box

_JPEG = (6, 7, 34892, 33007)
"""TIFF compression numbers whose strips need the tables of the page."""


@dataclass(frozen=True)
class TiffReading:
    """How a file is to be read: the meaning of its pages (`IngestSettings.axes`), the channel, its place."""

    axes: str = "auto"
    channel: int | None = None
    in_folder: bool = True


_Range = tuple[int, int]
"""Rows or columns, half-open."""


class TiffImage:
    """An open TIFF file: a movie of ``n_frames`` frames of ``shape`` (z)yx, or one frame of a folder."""

    def __init__(self, path: Path, how: TiffReading) -> None:
        self.path = path
        with reading(path):
            size = path.stat().st_size
            if not size:
                raise DataError(f"{path}: is empty (0 bytes). It was not written to its end: copy or export it again.")
            _require_tiff(path)
            require_whole_chain(path, size)
            # _multifile: a file of an OME-TIFF set is read for itself, its siblings are frames of their own
            self._tif = tifffile.TiffFile(path, _multifile=False)
        try:
            with reading(path):
                self._layout(how, size)
        except BaseException:
            self._tif.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._tif.close()

    def _layout(self, how: TiffReading, size: int) -> None:
        series = _only_series(self.path, self._tif, size)
        self._pages: list[Any] = list(series._pages) if len(series._pages) == len(series) else list(series)
        if any(page is None for page in self._pages):
            raise DataError(f"{self.path}: its OME metadata promise planes that it does not hold. Export it again.")
        self._first: Any = self._pages[0]
        self.axes: PageAxes = page_axes(self.path, series, self._first, how, channel_names(self._tif))
        self.dtype = np.dtype(series.dtype).newbyteorder("=")
        self._offset: int | None = series.dataoffset
        self._stored_dtype = self.dtype.newbyteorder(self._tif.byteorder)
        self._fd: int = self._tif.filehandle.fileno()
        if self._offset is not None and self._offset + self.axes.n_planes * self._plane_bytes > size:
            raise DataError(
                f"{self.path}: is truncated: {self.axes.n_planes} planes of {self._plane_bytes} bytes are promised, "
                f"but the file has {size} bytes. Copy or export it again."
            )

    @property
    def n_frames(self) -> int:
        """Number of time points."""
        return self.axes.n_frames

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one frame, (z)yx."""
        return self.axes.shape

    @property
    def found_scale(self) -> FoundScale:
        """What the file's metadata say about the size of a voxel and the interval of frames."""
        return found_in_tiff(self._tif)

    @property
    def native_rows(self) -> int:
        """Rows of a 2D frame that are decoded together; 1 if any row can be read by itself."""
        if self._offset is not None:
            return 1
        return int(self._first.tilelength if self._first.is_tiled else self._first.rowsperstrip)

    @property
    def _plane_bytes(self) -> int:
        return int(np.prod(self._first.shape)) * self.dtype.itemsize

    def read(self, frame: int, box: Box) -> npt.NDArray[Any]:
        """The voxels of a box of one frame, (z)yx, in the file's own type (native byte order)."""
        *z, (y0, y1), (x0, x1) = zip(box.start, box.stop, strict=True)
        z0, z1 = z[0] if z else (0, 1)
        if not z and (one := self._in_one_segment(frame, (y0, y1), (x0, x1))) is not None:
            return one
        with reading(self.path):  # a damaged header may promise more than any memory holds
            out = np.empty((z1 - z0, y1 - y0, x1 - x0), self.dtype)
        for i in range(z0, z1):
            plane = self.axes.plane_of(frame, i)
            with reading(self.path, f"plane {plane}"):
                if self._offset is not None:
                    self._read_rows(plane, (y0, y1), (x0, x1), out[i - z0])
                else:
                    self._read_segments(self._pages[plane], (y0, y1), (x0, x1), out[i - z0])
        return out if z else out[0]

    def _in_one_segment(self, frame: int, rows: _Range, columns: _Range) -> npt.NDArray[Any] | None:
        """A part of a picture that lies in one strip or tile, without a second copy of it; None if it does not."""
        plane = self.axes.plane_of(frame, 0)
        with reading(self.path, f"plane {plane}"):
            page = self._pages[plane] if self._offset is None else None
            segments = self._touching(page.keyframe, rows, columns) if page is not None else ()
            return self._decoded(page, segments[0], rows, columns)[0] if len(segments) == 1 else None

    def _read_rows(self, plane: int, rows: _Range, columns: _Range, out: npt.NDArray[Any]) -> None:
        """Rows of an uncompressed plane that lies in one piece."""
        axes, item = self.axes, self.dtype.itemsize
        start = (self._offset or 0) + plane * self._plane_bytes
        shape: tuple[int, ...] = (rows[1] - rows[0], axes.width)
        if axes.samples_last:
            start += rows[0] * axes.width * axes.samples * item
            shape = (*shape, axes.samples) if axes.samples > 1 else shape
        else:
            start += (axes.sample * axes.height + rows[0]) * axes.width * item
        if shape == out.shape and self._stored_dtype == self.dtype:
            self._read_into(start, _bytes_of(out))
            return
        raw = np.empty(shape, self._stored_dtype)
        self._read_into(start, _bytes_of(raw))
        out[:] = (raw if raw.ndim == 2 else raw[..., axes.sample])[:, slice(*columns)]

    def _read_segments(self, page: Any, rows: _Range, columns: _Range, out: npt.NDArray[Any]) -> None:
        """Decode the strips or tiles of a page that touch the rows and columns."""
        for segment in self._touching(page.keyframe, rows, columns):
            part, top, left = self._decoded(page, segment, rows, columns)
            out[top : top + part.shape[0], left : left + part.shape[1]] = part

    def _decoded(self, page: Any, segment: int, rows: _Range, columns: _Range) -> tuple[npt.NDArray[Any], int, int]:
        """What a strip or tile holds of the rows and columns, and where in them it lies."""
        key = page.keyframe
        tables = {"jpegtables": page.jpegtables, "jpegheader": key.jpegheader} if key.compression in _JPEG else {}
        values, (_, _, y, x, _), _ = key.decode(self._segment_bytes(page, segment), segment, **tables)
        part = values[0, :, :, self.axes.sample if self.axes.samples_last else 0]
        top, left = max(y, rows[0]), max(x, columns[0])
        part = part[top - y : rows[1] - y, left - x : columns[1] - x]
        return part, top - rows[0], left - columns[0]

    def _touching(self, key: Any, rows: _Range, columns: _Range) -> Sequence[int]:
        """Indices of the strips or tiles that touch the rows and columns of the chosen sample."""
        axes = self.axes
        high = key.tilelength if key.is_tiled else min(key.rowsperstrip, axes.height)
        wide = key.tilewidth if key.is_tiled else axes.width
        down, across = -(-axes.height // high), -(-axes.width // wide)
        first = 0 if axes.samples_last else axes.sample * down * across
        return [
            first + r * across + c
            for r in range(rows[0] // high, -(-rows[1] // high))
            for c in range(columns[0] // wide, -(-columns[1] // wide))
        ]

    def _segment_bytes(self, page: Any, segment: int) -> bytes:
        offset, count = page.dataoffsets[segment], page.databytecounts[segment]
        if offset == 0 or count == 0:
            raise DataError(f"{self.path}: page {page.index} holds no data for a part of its image. Export it again.")
        data = os.pread(self._fd, count, offset)
        if len(data) != count:
            raise self._truncated(offset + count)
        return data

    def _read_into(self, start: int, view: memoryview) -> None:
        done = 0
        while done < len(view):  # one call reads at most 2 GiB
            n = os.preadv(self._fd, [view[done:]], start + done)
            if n == 0:
                raise self._truncated(start + len(view))
            done += n

    def _truncated(self, needed: int) -> DataError:
        return DataError(
            f"{self.path}: is truncated: its pages reach to byte {needed}, but the file has "
            f"{os.fstat(self._fd).st_size} bytes. Copy or export it again."
        )


def _bytes_of(array: npt.NDArray[Any]) -> memoryview:
    return memoryview(array.view(np.uint8).reshape(-1))  # type: ignore[arg-type]


def _require_tiff(path: Path) -> None:
    with open(path, "rb") as file:
        head = file.read(4)
    if head not in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        raise DataError(
            f"{path}: is not a TIFF file (it starts with {head!r}). Expected TIFF or OME-Zarr: convert other formats "
            "with Fiji, bfconvert or bioformats2raw."
        )


def _only_series(path: Path, tif: tifffile.TiffFile, size: int) -> Any:
    """The one image of a file; raises if it holds several, or another than its metadata say."""
    series = tif.series
    if len(series) != 1:
        shapes = ", ".join(str(tuple(s.shape)) for s in series[:4])
        raise DataError(
            f"{path}: holds {len(series)} images of different shape or type ({shapes}), expected one. Save the one to "
            "track by itself."
        )
    if tif.is_imagej and series[0].kind != "imagej" and tif.imagej_metadata:
        promised = tif.imagej_metadata.get("images", 1)
        raise DataError(
            f"{path}: is truncated: the ImageJ header says {promised} planes of {tif.pages.first.nbytes} bytes, but "
            f"it has {size} bytes. Copy or export it again."
        )
    return series[0]
