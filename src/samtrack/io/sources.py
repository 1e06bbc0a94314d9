"""Where a movie's frames lie: a folder of TIFF files, one TIFF file, an OME-Zarr; all seen as one `Source`.

A source gives raw voxels of the type the files hold. What they become is decided in `voxels`, by `movies`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from samtrack.config.ingest import IngestSettings
from samtrack.errors import DataError
from samtrack.io.damage import reading
from samtrack.io.metadata import FoundScale
from samtrack.io.names import ZARR_MARKS
from samtrack.io.numbering import NumberedFiles, list_numbered
from samtrack.io.ome_zarr_read import ZarrImage
from samtrack.io.tiff import TiffImage, TiffReading
from samtrack.types import Box


class Source(Protocol):
    """Frames as they lie in the user's files."""

    path: Path
    numbers: tuple[int, ...]
    """Numbers of the frames that exist, rising; counted from 0 where frames are not files."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one frame, (z)yx."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a voxel in the files."""
        ...

    @property
    def found_scale(self) -> FoundScale:
        """What the files say about physical sizes."""
        ...

    @property
    def native_thickness(self) -> int:
        """Planes (2D: rows) along the first axis that are decoded together; reading fewer costs the same."""
        ...

    def where(self, number: int) -> str:
        """The frame in the words of an error message."""
        ...

    def read_parts(self, number: int, boxes: Iterator[Box]) -> Iterator[npt.NDArray[Any]]:
        """The voxels of boxes of one frame, one after the other, with the frame's file opened once."""
        ...


class TiffFolder:
    """A folder with one TIFF file per frame, all of one shape and type."""

    def __init__(self, path: Path, ingest: IngestSettings) -> None:
        self.path = path
        self._how = TiffReading(ingest.axes, ingest.channel, in_folder=True)
        self.files: NumberedFiles = list_numbered(path)
        self.numbers = self.files.numbers
        self._model = self.files.paths[self.numbers[0]]
        with TiffImage(self._model, self._how) as image:
            self.shape, self.dtype = image.shape, image.dtype
            self.found_scale = image.found_scale
            self.native_thickness = image.native_rows if len(self.shape) == 2 else 1

    def where(self, number: int) -> str:
        """The frame's file."""
        return str(self.files.paths[number])

    def read_parts(self, number: int, boxes: Iterator[Box]) -> Iterator[npt.NDArray[Any]]:
        """Boxes of one frame."""
        with TiffImage(self.files.paths[number], self._how) as image:
            if (image.shape, image.dtype) != (self.shape, self.dtype):
                raise DataError(
                    f"{image.path}: is {_told(image.shape, image.dtype)}, expected {_told(self.shape, self.dtype)} "
                    f"like {self._model.name}. All frames must have one shape and type; this one may have been cut off."
                )
            for box in boxes:
                yield image.read(0, box)


class TiffMovie:
    """A whole movie in one TIFF file; threads may read it at once."""

    def __init__(self, path: Path, ingest: IngestSettings) -> None:
        self.path = path
        self._image = TiffImage(path, TiffReading(ingest.axes, ingest.channel, in_folder=False))
        self.numbers = tuple(range(self._image.n_frames))
        self.shape, self.dtype = self._image.shape, self._image.dtype

    @cached_property
    def found_scale(self) -> FoundScale:
        """What the file says."""
        return self._image.found_scale

    @property
    def native_thickness(self) -> int:
        """Rows decoded together in 2D; planes of a stack are independent."""
        return self._image.native_rows if len(self.shape) == 2 else 1

    def where(self, number: int) -> str:
        """File and frame."""
        return f"{self.path}, frame {number}"

    def read_parts(self, number: int, boxes: Iterator[Box]) -> Iterator[npt.NDArray[Any]]:
        """Boxes of one frame."""
        for box in boxes:
            yield self._image.read(number, box)

    def close(self) -> None:
        """Close the file."""
        self._image.close()


class ZarrMovie:
    """A movie in an OME-Zarr 0.4 or 0.5."""

    def __init__(self, path: Path, ingest: IngestSettings) -> None:
        self.path = path
        self._image = ZarrImage(path, ingest.channel)
        self.numbers = tuple(range(self._image.n_frames))
        self.shape, self.dtype = self._image.shape, self._image.dtype
        self.found_scale = self._image.found_scale
        self.native_thickness = self._image.native_thickness

    def where(self, number: int) -> str:
        """Store and frame."""
        return f"{self.path}, frame {number}"

    def read_parts(self, number: int, boxes: Iterator[Box]) -> Iterator[npt.NDArray[Any]]:
        """Boxes of one frame."""
        for box in boxes:
            yield self._image.read(number, box)


def open_source(path: Path, ingest: IngestSettings) -> Source:
    """The frames below a path, whatever they lie in."""
    kind = kind_of(path)
    if kind == "zarr":
        return ZarrMovie(path, ingest)
    return TiffFolder(path, ingest) if kind == "folder" else TiffMovie(path, ingest)


def count_numbers(path: Path, ingest: IngestSettings) -> tuple[int, ...]:
    """Numbers of the frames below a path; of a folder only the names are looked at."""
    kind = kind_of(path)
    if kind == "folder":
        return list_numbered(path).numbers
    if kind == "zarr":
        return ZarrMovie(path, ingest).numbers
    with closing(TiffMovie(path, ingest)) as movie:
        return movie.numbers


def kind_of(path: Path) -> str:
    """``zarr``, ``folder`` or ``file``; raises if there is nothing."""
    with reading(path):
        if not path.exists():
            nearest = next((p for p in path.absolute().parents if p.exists()), Path("/"))
            raise DataError(f"{path}: does not exist (its nearest existing parent is {nearest}). Correct the path.")
        if not path.is_dir():
            return "file"
        return "zarr" if any((path / mark).exists() for mark in ZARR_MARKS) else "folder"


def _told(shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    return f"{' x '.join(map(str, shape))} {dtype}"
