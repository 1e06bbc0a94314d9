"""The resolution levels of a movie or label image that samtrack wrote, as Zarr arrays that are read when they are asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr

from samtrack.errors import DataError
from samtrack.io.damage import reading
from samtrack.io.ome_zarr import open_image


class Pyramid:
    """Levels (t, (z), y, x), the full resolution first; y and x halve from each to the next, z does not."""

    def __init__(self, path: Path) -> None:
        store = open_image(path)
        self.path, self.scale, self.shape, self.n_frames = path, store.scale, store.shape, store.n_frames
        with reading(path):
            group = zarr.open_group(path, mode="r")
            ome: dict[str, Any] = dict(group.attrs)["ome"]  # type: ignore[assignment]
            self.levels = [_array(path, group, str(d["path"])) for d in ome["multiscales"][0]["datasets"]]

    @property
    def n_planes(self) -> int:
        """Planes of a frame; 1 in 2D."""
        return self.shape[0] if len(self.shape) == 3 else 1

    def plane(self, level: int, frame: int, z: int) -> npt.NDArray[Any]:
        """One plane (y, x) of a level."""
        index: Any = (frame, z) if len(self.shape) == 3 else (frame,)
        with reading(self.path, f"frame {frame}"):
            return np.asarray(self.levels[level][index])

    def level_within(self, side_px: int) -> int:
        """The finest level whose planes are at most so large along y and x, or the coarsest there is."""
        for i, level in enumerate(self.levels):
            if max(level.shape[-2:]) <= side_px:
                return i
        return len(self.levels) - 1


def open_tracked(out: Path, sequence: str) -> tuple[Pyramid, Pyramid]:
    """Image and tracks of a sequence of a result."""
    store = out / f"{sequence}.ome.zarr"
    if not (store / "labels" / "tracks" / "zarr.json").is_file():
        raise DataError(f"{store}: holds no tracks (labels/tracks). Let the run finish first.")
    return Pyramid(store), Pyramid(store / "labels" / "tracks")


def sequences_in(out: Path) -> list[str]:
    """The sequences of a result that have an image."""
    return sorted(path.name.removesuffix(".ome.zarr") for path in out.glob("*.ome.zarr") if path.is_dir())


def _array(path: Path, group: zarr.Group, name: str) -> zarr.Array[Any]:
    array = group[name]
    if not isinstance(array, zarr.Array):
        raise DataError(f"{path}/{name}: expected an array, as the multiscales metadata say. Start the run again.")
    return array
