"""The user's movies and masks as `Frames`, whatever files they lie in."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.config.ingest import IngestSettings
from samtrack.config.movie import MovieSettings
from samtrack.config.segment import GivenSettings
from samtrack.errors import DataError
from samtrack.io.damage import reading
from samtrack.io.metadata import build_scale
from samtrack.io.names import TIFF_SUFFIXES
from samtrack.io.numbering import compact, list_numbered, match_frames, require_gapless
from samtrack.io.sources import Source, TiffFolder, count_numbers, kind_of, open_source
from samtrack.io.voxels import ImageVoxels, LabelVoxels, stored_dtype
from samtrack.types import Box, Frames, Scale

log = logging.getLogger("samtrack")


class MovieFrames:
    """Frames of a source in their order (`Frames`); a frame without a file is all zero."""

    def __init__(
        self, source: Source, order: Sequence[int | None], voxels: ImageVoxels | LabelVoxels, scale: Scale
    ) -> None:
        self._source = source
        self._order = order
        self._voxels = voxels
        self._scale = scale

    @property
    def n_frames(self) -> int:
        """Number of frames, those without a file included."""
        return len(self._order)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one frame, (z)yx."""
        return self._source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a voxel as it is given out: uint8, uint16, uint32 or float32."""
        return self._voxels.dtype

    @property
    def scale(self) -> Scale:
        """Physical scale."""
        return self._scale

    @property
    def path(self) -> Path:
        """Folder or file that the frames are read from."""
        return self._source.path

    @property
    def first_number(self) -> int:
        """Number of the first frame in the names of the files."""
        return self._source.numbers[0]

    @property
    def native_thickness(self) -> int:
        """Planes (2D: rows) along the first axis that are decoded together."""
        return self._source.native_thickness

    def read(self, frame: int, box: Box | None = None) -> npt.NDArray[Any]:
        """The voxels of one frame, whole or inside a box."""
        whole = Box((0,) * len(self.shape), self.shape)
        with closing(self.read_parts(frame, iter([box or whole]))) as parts:
            voxels = next(parts)
        return voxels if voxels.flags.writeable else voxels.copy()

    def read_parts(self, frame: int, boxes: Iterator[Box]) -> Generator[npt.NDArray[Any], None, None]:
        """The voxels of boxes of one frame, one after the other; the frame's file is opened once."""
        if not 0 <= frame < len(self._order):
            raise IndexError(f"frame {frame} of a movie of {len(self._order)} frames")
        number = self._order[frame]
        if number is None:
            yield from (np.zeros(box.shape, self.dtype) for box in boxes)
            return
        where = self._source.where(number)
        # map keeps no reference to a part that was handed out, a loop variable would
        yield from map(partial(self._voxels, where=where), self._source.read_parts(number, boxes))


def open_movie(path: Path, ingest: IngestSettings, movie: MovieSettings) -> MovieFrames:
    """The images below a path: a folder of numbered TIFF files, one TIFF file, or an OME-Zarr."""
    source = open_source(path, ingest)
    voxels = ImageVoxels(stored_dtype(source.dtype, str(path)), ingest.not_finite)
    if source.dtype != voxels.dtype:
        log.info("%s: voxels of type %s are stored as %s", path, source.dtype, voxels.dtype)
    scale = build_scale(path, source.shape, source.found_scale, movie)
    frames = MovieFrames(source, _order(source, ingest), voxels, scale)
    if frames.n_frames == 1 and len(frames.shape) == 3 and not isinstance(source, TiffFolder):
        log.warning(
            "%s: is read as 1 frame of %d planes; if these are times, set ingest.axes: tyx", path, source.shape[0]
        )
    return frames


def count_frames(path: Path, ingest: IngestSettings) -> int:
    """Number of frames of a movie; of a folder only the names of the files are looked at."""
    if kind_of(path) == "folder":
        files = list_numbered(path)
        if ingest.missing_frames == "error":
            require_gapless(files)
        return files.numbers[-1] - files.numbers[0] + 1
    return len(count_numbers(path, ingest))


def source_fingerprint(path: Path, only_tiff: bool = True) -> str:
    """A text that changes when a file of the source is added, removed or rewritten: names, sizes, times; no content.

    ``only_tiff``: of a folder that is no Zarr store, files of other kinds and folders do not count.
    """
    digest = hashlib.sha256()
    tiff_only = only_tiff and kind_of(path) == "folder"
    with reading(path):
        for name, status in sorted(_files_below(path, tiff_only)):
            digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()[:32]


def open_masks(
    path: Path, images_path: Path, images: Frames, settings: GivenSettings, section: str = "segment"
) -> MovieFrames:
    """The user's masks as labels (uint32), frame by frame beside the images; shapes and numbering must agree.

    ``section`` is where the user set them, for messages.
    """
    ingest = IngestSettings.model_validate({})
    source = open_source(path, ingest)
    if source.shape != images.shape:
        raise DataError(
            f"{path}: the masks are {_told(source.shape)}, but the images of {images_path} are {_told(images.shape)}. "
            "Every mask must have the shape of its image."
        )
    order = match_frames(source.numbers, image_numbers(images_path, images), settings.missing, str(path), section)
    voxels = LabelVoxels()
    if source.dtype.kind not in "iub":
        number = next(n for n in order if n is not None)
        MovieFrames(source, [number], voxels, images.scale).read(0)  # raises, and says what the values are like
    return MovieFrames(source, order, voxels, images.scale)


def image_numbers(path: Path, images: Frames) -> range:
    """The number of each image in the names of the files; counted from 0 where the frames are not files."""
    first = list_numbered(path).numbers[0] if kind_of(path) == "folder" else 0
    return range(first, first + images.n_frames)


def numbers_of(path: Path) -> str:
    """The numbers of a movie's files in words, for messages: ``t000.tif … t189.tif``."""
    if kind_of(path) != "folder":
        return path.name
    files = list(list_numbered(path).paths.values())
    return files[0].name if len(files) == 1 else f"{files[0].name} … {files[-1].name}"


def _order(source: Source, ingest: IngestSettings) -> list[int | None]:
    if not isinstance(source, TiffFolder):
        return list(source.numbers)
    if ingest.missing_frames == "error":
        require_gapless(source.files)
    elif missing := source.files.missing:
        log.warning("%s: %d missing frames are blank: %s", source.path, len(missing), compact(missing))
    present = set(source.numbers)
    return [n if n in present else None for n in range(source.numbers[0], source.numbers[-1] + 1)]


def _files_below(path: Path, tiff_only: bool) -> Iterator[tuple[str, os.stat_result]]:
    if path.is_file():
        yield path.name, path.stat()
        return
    for entry in os.scandir(path):
        if entry.is_dir() and not tiff_only:
            yield from ((f"{entry.name}/{name}", status) for name, status in _files_below(Path(entry.path), tiff_only))
        elif not tiff_only or (entry.name.lower().endswith(TIFF_SUFFIXES) and not entry.name.startswith(".")):
            yield entry.name, entry.stat()


def _told(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
