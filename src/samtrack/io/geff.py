"""The tracks as a GEFF graph (graph exchange file format 1.x): a Zarr v2 group of columns of nodes and of edges.

Zarr v2, because that is what readers in Java know, Mastodon's among them. Columns are read, written and forgotten one
after the other. Positions are micrometres, as the axes of the OME-Zarr beside it; the time is the frame.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import numpy.typing as npt
import zarr

from samtrack import __version__
from samtrack.config.layout import GEFF_METADATA
from samtrack.io.atomic import written_folder
from samtrack.io.seed_graphs import GEFF_KEY
from samtrack.types import Column, Filmed, Origin, Scale, TrackGraph

GEFF_VERSION = "1.3"
"""Version of the format: `node_prop` of related objects is of 1.3."""

CHUNK_ROWS = 2**20
"""Rows of a chunk at most, 8 MiB of 8 bytes each: what the format's own library takes."""

ZSTD_LEVEL = 3
"""Compression of a column; higher levels take longer and save next to nothing on positions."""

ORIGINS = ", ".join(f"{int(origin)} {origin.name.lower()}" for origin in Origin)
"""The numbers of `Origin` in words."""


@dataclass(frozen=True, slots=True)
class Property:
    """What the metadata say of a column."""

    identifier: str
    dtype: str
    name: str
    description: str = ""
    unit: str | None = None

    def plain(self) -> dict[str, Any]:
        """As the metadata hold it."""
        return asdict(self) | {"varlength": False}


def write_geff(path: Path, graph: TrackGraph, column: Column, filmed: Filmed, related: Mapping[str, str]) -> None:
    """Write a graph whose nodes are the rows of a table; ``related`` holds the paths of ``labels`` and ``image``.

    Paths are relative to the graph. The graph appears under its name when it is complete.
    """
    with written_folder(path) as part:
        root = zarr.open_group(part, mode="w", zarr_format=2)
        _write_array(root, "nodes/ids", np.arange(len(graph), dtype=np.uint64))
        said, ranges = [], {}
        for prop, values in _node_columns(graph, column, filmed.scale):
            _write_array(root, f"nodes/props/{prop.identifier}/values", values.astype(prop.dtype))
            said.append(prop)
            if len(values) and prop.identifier in _axis_names(filmed.scale):
                ranges[prop.identifier] = (float(values.min()), float(values.max()))
        targets = graph.targets
        ids = np.empty((len(targets), 2), dtype=np.uint64)
        ids[:, 0], ids[:, 1] = graph.before[targets], targets
        _write_array(root, "edges/ids", ids)
        edge = _write_probability(root, graph.probability[targets])
        metadata = _metadata(filmed, said, edge, ranges)
        metadata["related_objects"] = [
            {"type": "labels", "path": related["labels"], "node_prop": "seg_id"},
            {"type": "image", "path": related["image"]},
        ]
        (part / GEFF_METADATA).write_text(json.dumps({GEFF_KEY: metadata}, indent=2) + "\n", encoding="utf-8")


def _axis_names(scale: Scale) -> tuple[str, ...]:
    return ("t", *("z", "y", "x")[-scale.ndim :])


def _node_columns(graph: TrackGraph, column: Column, scale: Scale) -> Iterator[tuple[Property, npt.NDArray[Any]]]:
    """The columns of the nodes, each made when it is asked for."""
    length = space_unit(scale)
    yield Property("t", "int64", "Frame", "Number of the frame, from 0.", "frame"), column("t")
    for axis in _axis_names(scale)[1:]:
        prop = Property(axis, "float64", axis.upper(), "Centre of the cell's mask.", length)
        yield prop, column(f"{axis}_um")
    size = column("size_um")
    power, what = (2, "Area") if scale.ndim == 2 else (3, "Volume")
    yield Property("size", "float64", what, f"{what} of the cell's mask.", f"{length}^{power}"), size
    said = "Radius of the disc or ball of the cell's size."
    yield Property("radius", "float64", "Radius", said, length), scale.radius_um(size)
    said = "Value in the related label image; also the number of the track in the CSV and Parquet tables."
    yield Property("seg_id", "int64", "Track", said), column("track_id")
    said = "Path between divisions, by the number of the first track in it."
    yield Property("tracklet_id", "int64", "Tracklet", said), graph.tracklet
    said = "Cell with all its descendants, by the number of the first track."
    yield Property("lineage_id", "int64", "Lineage", said), graph.lineage
    said = (
        f"Where the mask comes from: {ORIGINS}. filled: drawn where a tracked cell was missed; split: part of a mask "
    )
    said += "that two cells shared; given: of the user's masks; the others: found in the image by that method."
    yield Property("origin", "uint8", "Origin", said), column("origin")
    said = "Value in the segmentation before tracking; 0 for drawn masks."
    yield Property("detection", "int64", "Detection", said), column("label")


def space_unit(scale: Scale) -> str:
    """The unit of lengths; where nobody said what a voxel measures, they are in voxels."""
    return "micrometer" if scale.is_calibrated else "pixel"


def _write_probability(root: zarr.Group, values: npt.NDArray[np.float64]) -> Property:
    missing = np.isnan(values)
    _write_array(root, "edges/props/probability/values", np.where(missing, 0.0, values))
    if missing.any():
        _write_array(root, "edges/props/probability/missing", missing)
    said = "Probability of the link, or of the division. Edges to and from drawn masks: that of the link across them."
    return Property("probability", "float64", "Probability", said)


def _write_array(root: zarr.Group, name: str, values: npt.NDArray[Any]) -> None:
    """A column of nodes or edges; long ones in several chunks."""
    chunks = (min(max(len(values), 1), CHUNK_ROWS), *values.shape[1:])
    codec = numcodecs.Zstd(level=ZSTD_LEVEL)
    root.create_array(name, shape=values.shape, dtype=values.dtype, chunks=chunks, compressors=codec)[...] = values


def _metadata(
    filmed: Filmed, nodes: list[Property], edge: Property, ranges: Mapping[str, tuple[float, float]]
) -> dict[str, Any]:
    """All but the related objects."""
    scale = filmed.scale
    time: dict[str, Any] = {"name": "t", "type": "time", "unit": "frame"}
    if scale.is_calibrated:
        time |= {"scale": scale.minutes_per_frame, "scaled_unit": "minute"}
    axes = [time, *({"name": a, "type": "space", "unit": space_unit(scale)} for a in _axis_names(scale)[1:])]
    for axis in axes:
        if axis["name"] in ranges:
            axis["min"], axis["max"] = ranges[axis["name"]]
    shown = {"display_horizontal": "x", "display_vertical": "y", "display_time": "t"}
    return {
        "geff_version": GEFF_VERSION,
        "directed": True,
        "axes": axes,
        "node_props_metadata": {prop.identifier: prop.plain() for prop in nodes},
        "edge_props_metadata": {edge.identifier: edge.plain()},
        "sphere": "radius",
        "track_node_props": {"tracklet": "tracklet_id", "lineage": "lineage_id"},
        "display_hints": shown | ({"display_depth": "z"} if scale.ndim == 3 else {}),
        "extra": {
            "samtrack": {
                "version": __version__,
                "movie": filmed.name,
                "n_frames": filmed.n_frames,
                "shape": list(filmed.shape),
                "um_per_voxel": list(scale.um_per_voxel),
                "minutes_per_frame": scale.minutes_per_frame,
                "origin": {str(int(origin)): origin.name.lower() for origin in Origin},
            }
        },
    }
