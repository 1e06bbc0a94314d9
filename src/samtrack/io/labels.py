"""Label images of one block: a Zarr v3 array of its frames, written by one job, read by many.

Each block has a store of its own, so no two jobs share a file; `open_labels` shows the stores of many blocks as one movie.
A large frame is written slab by slab: its shards are layers of planes, each written once. While its objects are being found
they are painted, in any order, into a `Canvas`, which lies in memory or beside the store.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.codecs import BytesCodec, ZstdCodec

from samtrack.blocks import Canvas, assembled, layer_planes
from samtrack.errors import DataError
from samtrack.io.atomic import written_folder
from samtrack.types import Box, Origin, Scale, Span

CHUNK_VOXELS = 2**20
"""Voxels of one chunk at most: 4 MiB of labels, which zstd shrinks about 50-fold."""

ZSTD_LEVEL = 1
"""Labels are runs of equal numbers: higher levels gain nothing."""

CANVAS_CHUNK = (16, 128, 128)
"""Chunk of a frame that is painted, in voxels along z, y and x: small, for a tile is written over parts of many."""


class LabelBlockWriter:
    """Writes the frames of one block; get it from `written_labels`."""

    def __init__(self, array: zarr.Array[Any], span: Span, scale: Scale, folder: Path) -> None:
        self._array = array
        self._span = span
        self._folder = folder
        self.scale = scale
        """Physical scale."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one frame, (z)yx."""
        return tuple(self._array.shape[1:])

    def write(self, frame: int, labels: npt.NDArray[Any]) -> None:
        """Store the labels of one frame of the block."""
        self._array[frame - self._span.start] = labels

    def write_boxes(self, frame: int, read: Callable[[Box], npt.NDArray[Any]]) -> None:
        """Store one frame that is made box by box; ``read`` gives the labels of a box."""
        shape = self._array.shape[1:]
        thickness = self._array.shards[1] if self._array.shards else shape[0]
        for start in range(0, shape[0], thickness):
            layer = Box((start, *(0 for _ in shape[1:])), (min(start + thickness, shape[0]), *shape[1:]))
            at: Any = (frame - self._span.start, slice(layer.start[0], layer.stop[0]))
            self._array[at] = assembled(layer, read, np.uint32)

    @contextmanager
    def canvas(self, frame: int, in_memory: bool) -> Iterator[Canvas]:
        """Where the objects of one frame are painted before they are numbered; it is gone afterwards."""
        shape = self._array.shape[1:]
        if in_memory:
            yield Canvas(np.zeros(shape, dtype=np.uint32))
            return
        path = self._folder / f"canvas-{frame}"
        chunk = tuple(min(n, side) for n, side in zip(shape, CANVAS_CHUNK[-len(shape) :], strict=True))
        coarse = ZstdCodec(level=ZSTD_LEVEL)
        try:
            yield Canvas(zarr.create_array(path, shape=shape, chunks=chunk, dtype="uint32", compressors=[coarse]))
        finally:
            shutil.rmtree(path)


@contextmanager
def written_labels(
    path: Path, span: Span, shape: tuple[int, ...], scale: Scale, origin: Origin
) -> Iterator[LabelBlockWriter]:
    """A writer for the frames ``span``; the store appears under ``path`` when all went well."""
    chunk, shard = _cuts_of(shape)
    with written_folder(path) as part:
        array = zarr.create_array(
            part,
            shape=(len(span), *shape),
            chunks=(1, *chunk),
            shards=(1, *shard),
            dtype="uint32",
            compressors=[ZstdCodec(level=ZSTD_LEVEL)],
            serializer=BytesCodec(),
            fill_value=0,
            zarr_format=3,
            attributes={
                "first_frame": span.start,
                "origin": int(origin),
                "um_per_voxel": list(scale.um_per_voxel),
                "minutes_per_frame": scale.minutes_per_frame,
                "is_calibrated": scale.is_calibrated,
            },
        )
        yield LabelBlockWriter(array, span, scale, part)


def _cuts_of(shape: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shape of a chunk and of a shard: layers of planes, and of those a layer is cut along y and x.

    A shard is one layer of a large volume, so that none is written twice; small frames are one shard.
    """
    layer = [layer_planes(shape), *shape[1:]]
    chunk = list(layer)
    while np.prod(chunk) > CHUNK_VOXELS:
        first = 0 if layer[0] == shape[0] else 1  # a layer is cut across, never into thinner ones
        longest = first + int(np.argmax(chunk[first:]))
        chunk[longest] = -(-chunk[longest] // 2)
    return tuple(chunk), tuple(-(-n // c) * c for n, c in zip(layer, chunk, strict=True))


class LabelBlocks:
    """Labels of several blocks as one movie (`Frames`); frames of blocks that were not given cannot be read."""

    def __init__(self, arrays: Sequence[tuple[Span, zarr.Array[Any]]], scale: Scale, origin: Origin) -> None:
        self._arrays = sorted(arrays, key=lambda pair: pair[0])
        self._scale = scale
        self.origin = origin

    @property
    def n_frames(self) -> int:
        """Stop of the last block given."""
        return self._arrays[-1][0].stop

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one frame, (z)yx."""
        return tuple(self._arrays[0][1].shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Always uint32."""
        return np.dtype(np.uint32)

    @property
    def scale(self) -> Scale:
        """Physical scale."""
        return self._scale

    def read(self, frame: int, box: Box | None = None) -> npt.NDArray[Any]:
        """Labels of one frame, whole or inside a box."""
        for span, array in self._arrays:
            if frame in span:
                at: Any = (frame - span.start, *(box.slices if box else ()))
                return np.asarray(array[at])
        raise IndexError(f"frame {frame} lies in none of the blocks {[(s.start, s.stop) for s, _ in self._arrays]}")


def open_labels(paths: Sequence[Path]) -> LabelBlocks:
    """The label stores of the given blocks as one movie."""
    opened = []
    for path in paths:
        try:
            array = zarr.open_array(path, mode="r")
            first = int(array.attrs["first_frame"])  # type: ignore[arg-type]
        except (FileNotFoundError, KeyError, ValueError, OSError) as error:
            raise DataError(
                f"{path}: is not a label store of samtrack ({error}). Delete it and start the run again."
            ) from error
        opened.append((Span(first, first + array.shape[0]), array))
    attrs: dict[str, Any] = opened[0][1].attrs.asdict()
    scale = Scale(tuple(attrs["um_per_voxel"]), attrs["minutes_per_frame"], attrs["is_calibrated"])
    return LabelBlocks(opened, scale, Origin(attrs["origin"]))
