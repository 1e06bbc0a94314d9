"""GEFF graphs: empty, uncalibrated, in chunks; read as points by samtrack itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from geff.core_io import read_to_memory
from geff.validate.structure import validate_structure

from samtrack.config.seed_files import SeedFileSettings
from samtrack.io import geff as ours
from samtrack.io.geff import GEFF_VERSION, write_geff
from samtrack.io.seed_graphs import is_graph, read_graph
from samtrack.submit.graph import track_graph
from samtrack.testing.lineages import random_lineages
from samtrack.types import Filmed, Origin, Scale, TrackGraph

RELATED = {"labels": "../m/labels/tracks", "image": "../m"}


def write(path: Path, scale: Scale | None = None, seed: int = 1) -> dict[str, np.ndarray]:
    lineages = random_lineages(seed, 3)
    table = lineages.table
    graph = track_graph(*(table[name] for name in ("track_id", "t", "parent_track_id", "label")), [])
    filmed = Filmed("a 01", lineages.n_frames, lineages.shape, scale or lineages.scale)
    write_geff(path, graph, table.__getitem__, filmed, RELATED)
    return table


def test_no_cells_at_all(tmp_path: Path):
    none = np.zeros(0, dtype=np.int64)
    columns = dict.fromkeys(("y_um", "x_um", "size_um"), np.zeros(0)) | dict.fromkeys(
        ("t", "track_id", "origin", "label"), none
    )
    filmed = Filmed("a 01", 3, (8, 8), Scale((1.0, 1.0)))
    write_geff(tmp_path / "a.geff", TrackGraph(none, np.zeros(0), none, none), columns.__getitem__, filmed, RELATED)
    validate_structure(tmp_path / "a.geff")
    found = read_to_memory(tmp_path / "a.geff")
    assert (len(found["node_ids"]), found["edge_ids"].shape) == (0, (0, 2))


def test_lengths_of_an_uncalibrated_movie_are_called_pixels(tmp_path: Path):
    write(tmp_path / "a.geff", Scale((1.0, 1.0, 1.0), is_calibrated=False))
    found = read_to_memory(tmp_path / "a.geff")["metadata"]
    assert [(axis.unit, axis.scaled_unit) for axis in found.axes] == [("frame", None)] + [("pixel", None)] * 3
    assert found.node_props_metadata["size"].unit == "pixel^3"


def test_what_the_metadata_tell(tmp_path: Path):
    table = write(tmp_path / "a.geff")
    found = read_to_memory(tmp_path / "a.geff")["metadata"]
    assert found.geff_version == GEFF_VERSION
    assert found.directed
    assert found.track_node_props == {"tracklet": "tracklet_id", "lineage": "lineage_id"}
    assert [(one.type, one.path, one.node_prop) for one in found.related_objects] == [
        ("labels", "../m/labels/tracks", "seg_id"),
        ("image", "../m", None),
    ]
    assert (found.axes[1].name, found.axes[1].min, found.axes[1].max) == ("z", table["z_um"].min(), table["z_um"].max())
    assert found.extra["samtrack"]["origin"][str(int(Origin.FILLED))] == "filled"
    assert all(prop.name and prop.description for prop in found.node_props_metadata.values())


def test_long_columns_lie_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ours, "CHUNK_ROWS", 7)
    table = write(tmp_path / "a.geff")
    assert json.loads((tmp_path / "a.geff/edges/ids/.zarray").read_text())["chunks"] == [7, 2]
    values = read_to_memory(tmp_path / "a.geff")["node_props"]["x"]["values"]
    assert np.array_equal(values, table["x_um"])


def test_samtrack_reads_them_as_points(tmp_path: Path):
    table = write(tmp_path / "a.geff")
    assert is_graph(tmp_path / "a.geff")
    points = read_graph(tmp_path / "a.geff", 3, SeedFileSettings())
    assert np.array_equal(points.frame, table["t"])
    assert np.array_equal(points.position[:, 2], table["x_um"])
    assert points.in_um
