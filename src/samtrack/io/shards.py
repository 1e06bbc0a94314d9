"""Writing shards of Zarr v3: compressed chunks one after the other, then an index of where each lies.

This is the ``sharding_indexed`` codec of the Zarr specification, written directly: a shard grows layer by layer, so no
frame needs to be whole in memory, compression runs without Python's lock, and equal voxels give equal bytes.
zarr-python reads the result; the tests compare with it.
"""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import google_crc32c
import imagecodecs
import numpy as np
import numpy.typing as npt

from samtrack.io.store_layout import Level

NO_CHUNK = 2**64 - 1
"""Offset and size that the specification gives to a chunk that is all fill value."""

SHUFFLE = "bitshuffle"
"""How Blosc orders the bits before zstd. Against byte shuffle (none for uint8) files are 3 to 5 % larger (uint8: 10 to
20 %), but noisy images are read about twice as fast, and a movie is read by every later stage."""

BLOSC_BLOCK = 2**20
"""Bytes that Blosc compresses as one block. On noisy images 1 MiB is 1.4 times as fast as its own choice of 128 KiB and
2 % smaller; whole chunks are read anyway."""


def blosc_level(zstd_level: int) -> int:
    """Blosc's level for a level of zstd: Blosc calls zstd with 2 x level - 1 (its own 9 is zstd's 22)."""
    return min((zstd_level + 1) // 2, 9)


def codec_metadata(dtype: np.dtype[Any], zstd_level: int, chunk: tuple[int, ...]) -> list[dict[str, Any]]:
    """The ``codecs`` entry of a Zarr v3 array whose shards this module writes; ``chunk`` has all axes, t first."""
    endian: dict[str, Any] = {"name": "bytes"}
    if dtype.itemsize > 1:
        endian["configuration"] = {"endian": "little"}
    blosc = {
        "typesize": dtype.itemsize,
        "cname": "zstd",
        "clevel": blosc_level(zstd_level),
        "shuffle": SHUFFLE,
        "blocksize": BLOSC_BLOCK,
    }
    sharding = {
        "chunk_shape": list(chunk),
        "codecs": [endian, {"name": "blosc", "configuration": blosc}],
        "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
        "index_location": "end",
    }
    return [{"name": "sharding_indexed", "configuration": sharding}]


class ShardWriter:
    """Writes the shards of one frame of one level, layer by layer from the first; ``folder`` is the frame's, c/T."""

    def __init__(self, folder: Path, level: Level, dtype: np.dtype[Any], zstd_level: int) -> None:
        self._folder = folder
        self._level = level
        self._dtype = dtype.newbyteorder("<")
        self._zstd_level = zstd_level
        self._layer = 0
        self._file: BinaryIO | None = None
        self._index: list[tuple[int, int]] = []
        self._offset = 0
        self.checksum = 0
        """CRC-32C of all bytes written, over all shards."""
        self.size = 0
        """Bytes written, over all shards."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._finish_shard()
        elif self._file is not None:
            self._file.close()

    def write(self, layer: npt.NDArray[Any]) -> None:
        """Append one layer: one chunk thick along the first axis (the last layer may be thinner), whole otherwise."""
        if self._layer % self._level.layers_per_shard == 0:
            self._finish_shard()
            self._start_shard(self._layer // self._level.layers_per_shard)
        self._layer += 1
        chunk = self._level.chunk
        inner = [range(0, n, c) for n, c in zip(self._level.shape[1:], chunk[1:], strict=True)]
        for corner in product(*inner):
            place = tuple(slice(a, a + c) for a, c in zip(corner, chunk[1:], strict=True))
            self._append(_filled(layer[(slice(None), *place)], chunk, self._dtype))

    def _append(self, chunk: npt.NDArray[Any]) -> None:
        if not chunk.any():
            self._index.append((NO_CHUNK, NO_CHUNK))
            return
        encode: Any = imagecodecs.blosc_encode  # its annotation knows only bytes
        data = encode(
            chunk,
            level=blosc_level(self._zstd_level),
            compressor="zstd",
            shuffle=SHUFFLE,
            typesize=self._dtype.itemsize,
            blocksize=BLOSC_BLOCK,
            numthreads=1,
        )
        self._index.append((self._offset, len(data)))
        self._write(data)

    def _write(self, data: bytes) -> None:
        if self._file is None:
            raise ValueError("no shard is open")
        self._file.write(data)
        self._offset += len(data)
        self.size += len(data)
        self.checksum = google_crc32c.extend(self.checksum, data)

    def _start_shard(self, number: int) -> None:
        path = self._folder / "/".join([str(number)] + ["0"] * (len(self._level.shape) - 1))
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(path, "wb")  # noqa: SIM115 - closed when the shard is finished
        self._offset = 0
        self._index = []

    def _finish_shard(self) -> None:
        if self._file is None:
            return
        n = self._level.layers_per_shard * self._level.chunks_per_layer
        index = np.full((n, 2), NO_CHUNK, dtype="<u8")
        index[: len(self._index)] = self._index
        data = index.tobytes()
        self._write(data + google_crc32c.value(data).to_bytes(4, "little"))
        self._file.close()
        self._file = None


def checksum_of(folder: Path) -> tuple[int, int]:
    """Bytes and CRC-32C of all shards of one frame of one level, in the order in which they were written."""
    size, checksum = 0, 0
    for shard in sorted(os.listdir(folder), key=int):
        path = folder / shard
        while path.is_dir():
            path /= "0"
        with open(path, "rb") as file:
            while data := file.read(2**22):
                size += len(data)
                checksum = google_crc32c.extend(checksum, data)
    return size, checksum


def _filled(part: npt.NDArray[Any], chunk: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """A chunk as one contiguous piece, padded with 0 at the far edges of the frame."""
    if part.shape == chunk:
        return np.ascontiguousarray(part, dtype=dtype)
    whole = np.zeros(chunk, dtype)
    whole[tuple(slice(n) for n in part.shape)] = part
    return whole
