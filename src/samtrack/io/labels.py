"""Label images of one block: a Zarr v3 array of its frames, written by one job, read by many.

Each block has a store of its own, so no two jobs share a file; `open_labels` shows the stores of many blocks as one movie.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.codecs import BytesCodec, ZstdCodec

from samtrack.errors import DataError
from samtrack.io.atomic import written_folder
from samtrack.types import Box, Origin, Scale, Span

CHUNK_VOXELS = 2**20
"""Voxels of one chunk at most: 4 MiB of labels, which zstd shrinks about 50-fold."""

ZSTD_LEVEL = 1
"""Labels are runs of equal numbers: higher levels gain nothing."""


class LabelBlockWriter:
    """Writes the frames of one block; get it from `written_labels`."""

    def __init__(self, array: zarr.Array[Any], span: Span) -> None:
        self._array = array
        self._span = span

    def write(self, frame: int, labels: npt.NDArray[Any]) -> None:
        """Store the labels of one frame of the block."""
        self._array[frame - self._span.start] = labels


@contextmanager
def written_labels(
    path: Path, span: Span, shape: tuple[int, ...], scale: Scale, origin: Origin
) -> Iterator[LabelBlockWriter]:
    """A writer for the frames ``span``; the store appears under ``path`` when all went well."""
    chunk = _chunk_of(shape)
    with written_folder(path) as part:
        array = zarr.create_array(
            part,
            shape=(len(span), *shape),
            chunks=(1, *chunk),
            shards=(1, *(-(-n // c) * c for n, c in zip(shape, chunk, strict=True))),
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
        yield LabelBlockWriter(array, span)


def _chunk_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The frame itself, halved along its longest axis until it is small enough."""
    chunk = list(shape)
    while np.prod(chunk) > CHUNK_VOXELS:
        longest = int(np.argmax(chunk))
        chunk[longest] = -(-chunk[longest] // 2)
    return tuple(chunk)


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
