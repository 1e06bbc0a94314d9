"""Reading OME-Zarr 0.4 (Zarr v2) and 0.5 (Zarr v3), of samtrack and of others: axes, scale, and boxes of frames."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr

from samtrack.errors import DataError
from samtrack.io.damage import reading
from samtrack.io.metadata import FoundScale, to_minutes, to_um
from samtrack.types import Box


class ZarrImage:
    """The full-resolution image of an OME-Zarr as a movie of ``n_frames`` frames of ``shape`` (z)yx."""

    def __init__(self, path: Path, channel: int | None = None) -> None:
        self.path = path
        with reading(path):
            group = _open_group(path)
            attrs: dict[str, Any] = group.attrs.asdict()
            self.attributes: Mapping[str, Any] = attrs
            ome = attrs.get("ome", attrs)
            multiscale = _multiscale(path, group, ome)
            self._axes = _axes(path, multiscale)
            self._array = _full_resolution(path, group, multiscale, len(self._axes))
            self._steps = _scale_of(multiscale, len(self._axes))
        self._names = [axis["name"] for axis in self._axes]
        self._channel = self._chosen(channel, ome)
        self.dtype: np.dtype[Any] = np.dtype(self._array.dtype).newbyteorder("=")

    @property
    def n_frames(self) -> int:
        """Number of time points."""
        return self._length("t")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one frame, (z)yx."""
        return tuple(self._length(name) for name in ("z", "y", "x") if name in self._names)

    @property
    def native_thickness(self) -> int:
        """Planes (2D: rows) of one chunk."""
        chunk = dict(zip(self._names, self._array.chunks, strict=True))
        return min(int(chunk["z" if "z" in chunk else "y"]), self.shape[0])

    @property
    def found_scale(self) -> FoundScale:
        """Scale and units of the multiscales metadata; lengths without a unit do not count."""
        um, minutes = {}, None
        for axis, step in zip(self._axes, self._steps, strict=True):
            if axis["name"] == "t":
                minutes = to_minutes(step, axis.get("unit"))
            elif (value := to_um(step, axis.get("unit"))) is not None:
                um[axis["name"]] = value
        return FoundScale("OME-Zarr metadata", um, minutes)

    def read(self, frame: int, box: Box) -> npt.NDArray[Any]:
        """The voxels of a box of one frame, (z)yx."""
        at = dict(zip([n for n in ("z", "y", "x") if n in self._names], box.slices, strict=True))
        places: dict[str, int | slice] = {"t": frame, "c": self._channel, **at}
        index: Any = tuple(places[name] for name in self._names)
        with reading(self.path, f"frame {frame}"):
            voxels = np.asarray(self._array[index])
        kept = [name for name in self._names if name in at]
        return voxels.transpose([kept.index(name) for name in at]).astype(self.dtype, copy=False)

    def _length(self, name: str) -> int:
        return int(self._array.shape[self._names.index(name)]) if name in self._names else 1

    def _chosen(self, channel: int | None, ome: Mapping[str, Any]) -> int:
        n = self._length("c")
        names = [str(c.get("label", "")) for c in (ome.get("omero") or {}).get("channels", [])]
        listed = ", ".join(f"{i}: {names[i]}" if len(names) == n else str(i) for i in range(n))
        if n > 1 and channel is None:
            raise DataError(f"{self.path}: holds {n} channels ({listed}), expected one. Choose it with ingest.channel.")
        if n > 1 and channel is not None and channel >= n:
            raise DataError(f"{self.path}: ingest.channel is {channel}, but the store holds {n} channels ({listed}).")
        return channel or 0 if n > 1 else 0


def _open_group(path: Path) -> zarr.Group:
    node = zarr.open(path, mode="r")
    if not isinstance(node, zarr.Group):
        raise DataError(
            f"{path}: is a bare Zarr array, expected an OME-Zarr image (0.4 or 0.5), which tells axes and scale. "
            "Convert it, for instance with ngff-zarr, or give TIFF files."
        )
    return node


def _multiscale(path: Path, group: zarr.Group, ome: Mapping[str, Any]) -> Mapping[str, Any]:
    found = ome.get("multiscales")
    if not found:
        inside = sorted(name for name, _ in group.groups())
        hint = f" It holds the groups {', '.join(inside[:5])}: give the path of one image." if inside else ""
        raise DataError(f"{path}: is a Zarr store without the multiscales metadata of an OME-Zarr image.{hint}")
    multiscale: Mapping[str, Any] = found[0]
    version = str(ome.get("version") or multiscale.get("version") or "0.4")
    if version.split("-")[0] not in ("0.4", "0.5"):
        raise DataError(f"{path}: is OME-Zarr {version}, expected 0.4 or 0.5. Convert it.")
    return multiscale


def _axes(path: Path, multiscale: Mapping[str, Any]) -> list[dict[str, Any]]:
    axes: list[dict[str, Any]] = list(multiscale.get("axes", ()))
    names = [axis["name"] for axis in axes]
    if len(set(names)) != len(names) or not {"y", "x"} <= set(names) <= set("tczyx"):
        raise DataError(f"{path}: has the axes {names}, expected some of t, c, z, y, x, among them y and x.")
    return axes


def _full_resolution(path: Path, group: zarr.Group, multiscale: Mapping[str, Any], ndim: int) -> zarr.Array[Any]:
    name = multiscale["datasets"][0]["path"]
    array = group[name]
    if not isinstance(array, zarr.Array) or array.ndim != ndim:
        raise DataError(f"{path}/{name}: expected an array of {ndim} axes, as the multiscales metadata say.")
    return array


def _scale_of(multiscale: Mapping[str, Any], ndim: int) -> list[float]:
    """Steps of the full resolution along each axis: its own scale times that of the whole pyramid."""
    steps = np.ones(ndim)
    for transforms in (multiscale["datasets"][0], multiscale):
        for transform in transforms.get("coordinateTransformations", ()):
            if transform["type"] == "scale":
                steps = steps * np.asarray(transform["scale"], dtype=np.float64)
    return [float(step) for step in steps]
