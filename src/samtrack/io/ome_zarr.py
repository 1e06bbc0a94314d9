"""Storing movies and label images as OME-Zarr 0.5 (Zarr v3, sharded), and opening them again.

A store is written into a folder that has not its final name yet; `StoreWriter.finish` writes the root's ``zarr.json``
last, and whoever owns the folder renames it. Lower resolutions come from the data in memory: means of 2 x 2 pixels for
images, every second pixel for labels; z is never reduced.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.config.ingest import IngestSettings
from samtrack.errors import DataError
from samtrack.io.atomic import written_file, written_folder
from samtrack.io.names import FACTS_KEY, METADATA_FILE, OME_VERSION
from samtrack.io.ome_zarr_read import ZarrImage
from samtrack.io.shards import ShardWriter, codec_metadata
from samtrack.io.store_layout import Level, plan_levels
from samtrack.types import Box, Frames, Scale

FrameRecord = list[tuple[int, int]]
"""Bytes and checksum of a frame's shards, level by level."""


@dataclass(frozen=True)
class ImageFacts:
    """What a store holds: ``n_frames`` frames of ``shape`` (z)yx, and where they come from."""

    n_frames: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: Scale
    name: str
    source: str = ""
    first_number: int = 0
    is_labels: bool = False

    def as_attributes(self) -> dict[str, Any]:
        """The facts as JSON, for the root's attributes."""
        scale = asdict(self.scale)
        plain = {"n_frames": self.n_frames, "shape": list(self.shape), "dtype": str(self.dtype)}
        return {**plain, **scale, "source": self.source, "first_number": self.first_number}


class StoreWriter:
    """Writes the frames of one store, each once, in any order; threads may write different frames at once."""

    def __init__(self, folder: Path, facts: ImageFacts, settings: IngestSettings) -> None:
        self.folder = folder
        self.levels = plan_levels(facts.shape, settings)
        self._facts = facts
        self._settings = settings

    @property
    def thickness(self) -> int:
        """Planes (2D: rows) of one layer of chunks: the least that can be compressed without the rest of the frame."""
        return self.levels[0].chunk[0]

    def write(self, frame: int, voxels: npt.NDArray[Any]) -> None:
        """Store one whole frame, (z)yx."""
        self.write_parts(frame, [voxels])

    def write_parts(self, frame: int, parts: Iterable[npt.NDArray[Any]]) -> FrameRecord:
        """Store one frame that comes in slabs along its first axis, in order."""
        dtype, zstd_level = self._facts.dtype, self._settings.compression_level
        with ExitStack() as stack:
            shards = [
                stack.enter_context(ShardWriter(self.frame_folder(i, frame), level, dtype, zstd_level))
                for i, level in enumerate(self.levels)
            ]
            streams = [_LevelStream(shard, level) for shard, level in zip(shards, self.levels, strict=True)]
            n = 0
            for part in parts:
                _feed(streams, part, self._facts.is_labels)
                n += len(part)
                del part  # else it would live on while the next one is read
            if n != self._facts.shape[0]:
                raise ValueError(f"frame {frame} came with {n} of {self._facts.shape[0]} planes")
            for i, stream in enumerate(streams):
                if len(stream.rest):
                    _flush(streams[i:], stream.rest, self._facts.is_labels)
        return [(shard.size, shard.checksum) for shard in shards]

    def frame_folder(self, level: int, frame: int) -> Path:
        """Folder of the shards of one frame."""
        return self.folder / str(level) / "c" / str(frame)

    def finish(self, labels: Mapping[str, Any] | None = None) -> None:
        """Write the metadata, the root's last: the store is complete. ``labels``: what is known of single labels."""
        for i, level in enumerate(self.levels):
            _write_json(self.folder / str(i), self._array_metadata(level))
        ome: dict[str, Any] = {"version": OME_VERSION, "multiscales": [self._multiscale()]}
        if self._facts.is_labels:
            ome["image-label"] = {"version": OME_VERSION, **(labels or {}), "source": {"image": "../../"}}
        _write_json(self.folder, _group({"ome": ome, FACTS_KEY: self._facts.as_attributes()}))

    def _array_metadata(self, level: Level) -> dict[str, Any]:
        facts = self._facts
        return {
            "zarr_format": 3,
            "node_type": "array",
            "shape": [facts.n_frames, *level.shape],
            "data_type": str(facts.dtype),
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1, *level.shard]}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": 0.0 if facts.dtype.kind == "f" else 0,
            "codecs": codec_metadata(facts.dtype, self._settings.compression_level, (1, *level.chunk)),
            "attributes": {},
            "dimension_names": list("tzyx" if len(level.shape) == 3 else "tyx"),
            "storage_transformers": [],
        }

    def _multiscale(self) -> dict[str, Any]:
        """Metadata of the pyramid; a mean of 2 x 2 pixels lies half a pixel further, which the translation says."""
        space = ("z", "y", "x")[-self._facts.scale.ndim :]
        axes = [{"name": "t", "type": "time", "unit": "minute"}]
        axes += [{"name": name, "type": "space", "unit": "micrometer"} for name in space]
        datasets = []
        for i in range(len(self.levels)):
            factor = np.array([2.0**i if name != "z" else 1.0 for name in space])
            um = self._facts.scale.voxel_um
            transforms: list[dict[str, Any]] = [
                {"type": "scale", "scale": [self._facts.scale.minutes_per_frame, *(um * factor).tolist()]}
            ]
            if i and not self._facts.is_labels:
                transforms.append({"type": "translation", "translation": [0.0, *(um * (factor - 1) / 2).tolist()]})
            datasets.append({"path": str(i), "coordinateTransformations": transforms})
        kind = "every second pixel" if self._facts.is_labels else "mean"
        return {"name": self._facts.name, "axes": axes, "datasets": datasets, "type": kind}


class ImageStore:
    """Frames of a complete store (`Frames`); threads may read at once."""

    def __init__(self, path: Path) -> None:
        self._image = ZarrImage(path)
        if FACTS_KEY not in self._image.attributes:
            raise DataError(
                f"{path}: is an OME-Zarr that samtrack did not write. Give it as images, for ingest to read."
            )
        self._facts: Mapping[str, Any] = self._image.attributes[FACTS_KEY]

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return self._image.n_frames

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one frame, (z)yx."""
        return self._image.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a voxel."""
        return self._image.dtype

    @property
    def scale(self) -> Scale:
        """Physical scale."""
        return Scale(tuple(self._facts["um_per_voxel"]), self._facts["minutes_per_frame"], self._facts["is_calibrated"])

    @property
    def first_number(self) -> int:
        """Number of the first frame in the names of the user's files."""
        return int(self._facts["first_number"])

    def read(self, frame: int, box: Box | None = None) -> npt.NDArray[Any]:
        """The voxels of one frame, whole or inside a box."""
        if not 0 <= frame < self.n_frames:
            raise IndexError(f"frame {frame} of a movie of {self.n_frames} frames")
        return self._image.read(frame, box or Box((0,) * len(self.shape), self.shape))


def create_image(folder: Path, facts: ImageFacts, settings: IngestSettings) -> StoreWriter:
    """A writer for the frames of an image; ``folder`` is renamed by its owner when the writer is finished."""
    return StoreWriter(folder, facts, settings)


def open_image(path: Path) -> ImageStore:
    """A complete image or label image that samtrack wrote."""
    if not (path / METADATA_FILE).is_file():
        raise DataError(f"{path}: is no complete OME-Zarr of samtrack ({METADATA_FILE} is missing). Run ingest first.")
    return ImageStore(path)


@contextmanager
def written_label_image(
    path: Path, images: Frames, settings: IngestSettings, labels: Mapping[str, Any] | None = None
) -> Iterator[StoreWriter]:
    """A writer for labels (uint32) of all frames of ``images``, at ``STORE/labels/NAME``; listed there at the end.

    ``labels`` is what the metadata say of single labels, as `label_metadata` gives it.
    """
    facts = ImageFacts(images.n_frames, images.shape, np.dtype(np.uint32), images.scale, name=path.name, is_labels=True)
    with written_folder(path) as part:
        writer = StoreWriter(part, facts, settings)
        yield writer
        writer.finish(labels)
    _register_labels(path)


def _register_labels(path: Path) -> None:
    """Add a label image to the list that the ``labels`` group keeps."""
    group = path.parent / METADATA_FILE
    names: list[str] = []
    if group.exists():
        names = json.loads(group.read_text(encoding="utf-8"))["attributes"]["ome"]["labels"]
    ome = {"version": OME_VERSION, "labels": sorted({*names, path.name})}
    with written_file(group) as part:
        part.write_text(_json(_group({"ome": ome})), encoding="utf-8")


class _LevelStream:
    """Collects the slabs of one level into layers of the thickness of its chunks."""

    def __init__(self, shard: ShardWriter, level: Level) -> None:
        self.shard = shard
        self.thickness = level.chunk[0]
        self.rest: npt.NDArray[Any] = np.empty((0, *level.shape[1:]))


def _feed(streams: list[_LevelStream], part: npt.NDArray[Any], is_labels: bool) -> None:
    """Hand a slab to the first level; whole layers go on to the next."""
    head = streams[0]
    part = np.concatenate([head.rest, part]) if len(head.rest) else part
    whole = len(part) - len(part) % head.thickness
    for start in range(0, whole, head.thickness):
        _flush(streams, part[start : start + head.thickness], is_labels)
    head.rest = part[whole:].copy() if whole else part[whole:]


def _flush(streams: list[_LevelStream], layer: npt.NDArray[Any], is_labels: bool) -> None:
    """Write a layer of the first level and hand its half-size picture to the next."""
    streams[0].shard.write(layer)
    streams[0].rest = streams[0].rest[:0]
    if len(streams) > 1:
        _feed(streams[1:], layer[..., ::2, ::2] if is_labels else halved(layer), is_labels)


def halved(voxels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Means of 2 x 2 pixels along the last two axes, integers rounded half up; an odd edge counts twice."""
    odd = [(0, 0)] * (voxels.ndim - 2) + [(0, n % 2) for n in voxels.shape[-2:]]
    even = np.pad(voxels, odd, mode="edge") if any(b for _, b in odd) else voxels
    is_float = voxels.dtype.kind == "f"
    wide = np.float64 if is_float else np.uint64 if voxels.itemsize == 4 else np.uint32
    total: npt.NDArray[Any] = even[..., ::2, ::2].astype(wide)
    for y, x in ((0, 1), (1, 0), (1, 1)):
        total += even[..., y::2, x::2]
    if is_float:
        total /= 4
    else:
        total += 2
        total //= 4
    return total.astype(voxels.dtype)


def _group(attributes: dict[str, Any]) -> dict[str, Any]:
    return {"zarr_format": 3, "node_type": "group", "attributes": attributes}


def _write_json(folder: Path, metadata: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / METADATA_FILE).write_text(_json(metadata), encoding="utf-8")


def _json(metadata: dict[str, Any]) -> str:
    return json.dumps(metadata, indent=2, ensure_ascii=False) + "\n"
