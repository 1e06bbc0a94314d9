"""Points in a GEFF graph: a Zarr group whose nodes have a time and a place each. Edges are not read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr

from samtrack.config.seed_files import SeedFileSettings
from samtrack.errors import DataError
from samtrack.io.damage import reading
from samtrack.io.metadata import to_um
from samtrack.io.seed_tables import AXES, RawPoints

GEFF_KEY = "geff"
"""Attribute of the group that holds the metadata of the graph."""


def is_graph(path: Path) -> bool:
    """Whether a Zarr store is a GEFF graph."""
    with reading(path):
        node = zarr.open(path, mode="r")
    return GEFF_KEY in node.attrs


def read_graph(path: Path, ndim: int, settings: SeedFileSettings) -> RawPoints:
    """The nodes of a graph; their labels are their ids."""
    with reading(path):
        group = zarr.open_group(path, mode="r")
        attributes: dict[str, Any] = group.attrs.asdict()
        axes = _axes(path, attributes[GEFF_KEY], ndim)
        ids = np.asarray(group["nodes/ids"])
        frame, *places = (_values(path, group, str(axis["name"])) for axis in axes)
    if not np.array_equal(frame, np.rint(frame)):
        raise DataError(
            f"{path}: its times are not whole numbers ({frame[frame != np.rint(frame)][0]:g}), expected frames."
        )
    position = np.stack(places, axis=1).reshape(-1, ndim)
    factor = [to_um(1.0, axis.get("unit")) for axis in axes[1:]]
    in_um = settings.units == "um" or (settings.units == "auto" and all(f is not None for f in factor))
    if in_um and settings.units == "auto":
        position = position * np.array(factor, dtype=np.float64)
    if ndim == 3:
        position[:, 0] /= settings.z_divisor
    return RawPoints(frame.astype(np.int64), ids.astype(np.int64), position, in_um)


def _axes(path: Path, meta: Mapping[str, Any], ndim: int) -> list[Mapping[str, Any]]:
    """The axis of time, then those of space in the order (z)yx; by their names where the graph does not describe them."""
    wanted = ("t", *AXES[ndim])
    listed: Sequence[Mapping[str, Any]] = meta.get("axes") or [{"name": name} for name in wanted]
    times = [axis for axis in listed if axis.get("type") == "time"]
    by_name = {str(axis["name"]).lower(): axis for axis in listed}
    if times:
        by_name["t"] = times[0]
    if not set(wanted) <= set(by_name):
        found = ", ".join(str(axis["name"]) for axis in listed)
        raise DataError(
            f"{path}: its axes are {found}, expected {', '.join(wanted)}, for this is a movie in {ndim}D. Write the graph "
            "with axes of these names."
        )
    return [by_name[name] for name in wanted]


def _values(path: Path, group: zarr.Group, name: str) -> npt.NDArray[np.float64]:
    """A property of all nodes, as floats."""
    where = f"nodes/props/{name}"
    if f"{where}/values" not in group:
        raise DataError(f"{path}: its nodes lack the property {name}, expected one for each axis.")
    if f"{where}/missing" in group and (n := int(np.count_nonzero(np.asarray(group[f"{where}/missing"])))):
        raise DataError(f"{path}: {n} nodes have no {name}. Complete them, or remove them.")
    return np.asarray(group[f"{where}/values"], dtype=np.float64)
