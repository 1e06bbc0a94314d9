"""The user's points as `SeedPoints`, whatever files they lie in; and the cells of the first frame that are to be followed.

Tables and graphs count frames from 0, whatever the numbers of the image files; files of one frame each are matched by the
numbers in their names, like masks.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from samtrack.config.ingest import IngestSettings
from samtrack.config.seed_files import SeedFileSettings
from samtrack.config.segment import GivenSettings
from samtrack.errors import DataError
from samtrack.io.damage import reading
from samtrack.io.movies import MovieFrames, image_numbers, open_masks
from samtrack.io.names import TIFF_SUFFIXES
from samtrack.io.numbering import compact, list_numbered, match_frames
from samtrack.io.seed_graphs import is_graph, read_graph
from samtrack.io.seed_labels import centroids
from samtrack.io.seed_tables import AXES, RawPoints, read_point_json, read_point_table
from samtrack.io.sources import kind_of, open_source
from samtrack.io.voxels import LabelVoxels
from samtrack.types import Frames, Points, Scale

CSV_SUFFIXES = (".csv", ".tsv", ".txt")
TABLE_SUFFIXES = (*CSV_SUFFIXES, ".parquet", ".pq")
EDGE = 0.5
"""How far outside of the centre of an outermost voxel a point may lie, in voxels: within that voxel."""

SECTION = "segment.seeds"
"""Where the settings of seed files stand, for messages."""


class SeedPoints:
    """Points in the frames of a movie, read when they are asked for; each lies inside of the image."""

    def __init__(self, path: Path, read: Callable[[int], RawPoints], shape: tuple[int, ...], scale: Scale) -> None:
        self.path = path
        self._read, self._shape, self._scale = read, shape, scale

    def points(self, frame: int) -> Points:
        """The points of a frame with their labels."""
        raw, um = self._read(frame), self._scale.voxel_um
        if raw.in_um and not self._scale.is_calibrated:
            raise DataError(
                f"{self.path}: its positions are micrometres, but nobody says how large a voxel of the movie is. Set "
                f"movie.um_per_voxel, or {SECTION}.units: voxels if these are voxels."
            )
        voxel = raw.position / um if raw.in_um else raw.position
        self._require_inside(frame, voxel)
        return Points(raw.label, raw.position if raw.in_um else voxel * um)

    def points_um(self, frame: int) -> npt.NDArray[np.float64]:
        """Where the points of a frame lie, (n, ndim) in micrometres, (z)yx."""
        return self.points(frame).position_um

    def _require_inside(self, frame: int, voxel: npt.NDArray[np.float64]) -> None:
        outside = (voxel < -EDGE) | (voxel > np.array(self._shape) - 1 + EDGE)
        n = int(np.count_nonzero(outside.any(axis=1)))
        if not n:
            return
        axes = AXES[len(self._shape)]
        far = ", ".join(f"{axis} {value:.6g}" for axis, value in zip(axes, voxel.max(axis=0), strict=True))
        low = ", ".join(f"{value:.6g}" for value in voxel.min(axis=0))
        size = " x ".join(map(str, self._shape))
        hint = ""
        if len(axes) == 3 and not outside[:, 1:].any():
            hint = (
                f" They are beyond it along z alone: set {SECTION}.z_divisor if they were found in a stretched volume."
            )
        raise DataError(
            f"{self.path}: {n} of {len(voxel)} points of frame {frame} lie outside of the image, which has {size} voxels "
            f"({', '.join(axes)}); coordinates go up to {far} and down to {low} voxels.{hint} Check the "
            f"order of the axes, the unit ({SECTION}.units) and whether these are points of this movie."
        )


def open_seeds(path: Path, images_path: Path, images: Frames, settings: SeedFileSettings) -> SeedPoints:
    """The points below a path, beside the images, of which shape, scale and number of frames are looked at.

    A folder of CSV files, a CSV or Parquet table of the whole movie, label images (TIFF or OME-Zarr), or a GEFF graph.
    """
    return SeedPoints(path, _reader(path, images_path, images, settings), images.shape, images.scale)


def open_first_cells(path: Path, images_path: Path, images: Frames) -> Points:
    """The cells of the first frame that a file names: a label image, a JSON of {label: position}, or any seeds.

    A table need not have a column of frames; of one that has, of a graph or of a folder, what belongs to frame 0 counts.
    """
    ndim, settings = len(images.shape), SeedFileSettings(missing="empty")
    kind = kind_of(path)
    if kind != "file":
        return open_seeds(path, images_path, images, settings).points(0)
    suffix = path.suffix.lower()
    if suffix in TIFF_SUFFIXES:
        raw = _of_labels(_one_label_image(path, images_path, images), 0)
    elif suffix == ".json":
        raw = read_point_json(path, ndim)
    elif suffix in TABLE_SUFFIXES:
        raw = read_point_table(path, ndim, settings)
        raw = raw if raw.frame is None else raw.take(raw.frame == 0)
    else:
        raise _unknown(path, ".json, ")
    return SeedPoints(path, lambda _: raw, images.shape, images.scale).points(0)


def _one_label_image(path: Path, images_path: Path, images: Frames) -> MovieFrames:
    """A TIFF file that holds the labels of one frame, or those of a movie, of which the first counts."""
    ingest = IngestSettings.model_validate({"axes": "zyx" if len(images.shape) == 3 else "auto"})
    source = open_source(path, ingest)
    if source.shape != images.shape:
        raise DataError(
            f"{path}: is {' x '.join(map(str, source.shape))}, but the images of {images_path} are "
            f"{' x '.join(map(str, images.shape))}. Give the labels of the first frame."
        )
    return MovieFrames(source, [source.numbers[0]], LabelVoxels(), images.scale)


def _reader(path: Path, images_path: Path, images: Frames, settings: SeedFileSettings) -> Callable[[int], RawPoints]:
    ndim, kind = len(images.shape), kind_of(path)
    if kind == "zarr" and is_graph(path):
        return _split(path, read_graph(path, ndim, settings), images.n_frames)
    suffix = path.suffix.lower()
    if kind == "file" and suffix in TABLE_SUFFIXES:
        return _split(path, read_point_table(path, ndim, settings), images.n_frames)
    if kind == "file" and suffix not in TIFF_SUFFIXES:
        raise _unknown(path, "")
    if kind == "folder" and _holds_tables(path):
        return _table_per_frame(path, images_path, images, settings)
    given = GivenSettings(missing=settings.missing)
    frames = open_masks(path, images_path, images, given, SECTION)
    return lambda frame: _of_labels(frames, frame)


def _of_labels(frames: MovieFrames, frame: int) -> RawPoints:
    label, position = centroids(frames, frame)
    return RawPoints(None, label, position, in_um=False)


def _table_per_frame(
    folder: Path, images_path: Path, images: Frames, settings: SeedFileSettings
) -> Callable[[int], RawPoints]:
    """One CSV file per frame, each read when its frame is asked for."""
    ndim, files = len(images.shape), list_numbered(folder, CSV_SUFFIXES)
    numbers = image_numbers(images_path, images)
    order = match_frames(files.numbers, numbers, settings.missing, str(folder), SECTION)

    def read(frame: int) -> RawPoints:
        number = order[frame]
        if number is None:
            return RawPoints(None, np.zeros(0, dtype=np.int64), np.zeros((0, ndim)), in_um=False)
        return read_point_table(files.paths[number], ndim, settings)

    return read


def _split(path: Path, raw: RawPoints, n_frames: int) -> Callable[[int], RawPoints]:
    """The points of a whole movie, frame by frame."""
    if raw.frame is None:
        raise DataError(
            f"{path}: has no column that says in which frame a point lies, expected frame (or t), counted from 0. Add it, "
            "or give a folder with one file per frame."
        )
    beyond = np.unique(raw.frame[(raw.frame < 0) | (raw.frame >= n_frames)])
    if len(beyond):
        raise DataError(
            f"{path}: has points in the frames {compact(beyond.tolist())}, but the movie has the frames 0 to "
            f"{n_frames - 1}. Are they of this movie, and is its first frame 0?"
        )
    rows = np.argsort(raw.frame, kind="stable")
    first = np.searchsorted(raw.frame[rows], np.arange(n_frames + 1))
    return lambda frame: raw.take(rows[first[frame] : first[frame + 1]])


def _holds_tables(folder: Path) -> bool:
    """Whether a folder holds tables; those beside TIFF files are not asked."""
    with reading(folder):
        names = [name.lower() for name in os.listdir(folder) if not name.startswith(".")]
    return any(n.endswith(CSV_SUFFIXES) for n in names) and not any(n.endswith(TIFF_SUFFIXES) for n in names)


def _unknown(path: Path, more: str) -> DataError:
    return DataError(
        f"{path}: is of a kind that holds no points, expected {more}{', '.join(TABLE_SUFFIXES)}, a TIFF of labels, an "
        "OME-Zarr of labels, or a GEFF graph."
    )
