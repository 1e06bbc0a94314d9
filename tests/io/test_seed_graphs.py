"""Points in graphs, as the geff package writes them."""

import numpy as np
import pytest
import zarr

from samtrack.config.seed_files import SeedFileSettings
from samtrack.errors import DataError
from samtrack.io.seed_graphs import is_graph, read_graph

PLAIN = SeedFileSettings()


def write(path, zarr_format, unit="micrometer", names=("t", "z", "y", "x"), **more):
    """A graph of three nodes and an edge by the layout of the format."""
    group = zarr.open_group(path, mode="w", zarr_format=zarr_format)
    kinds = ["time"] + ["space"] * (len(names) - 1)
    axes = [{"name": n, "type": k, "unit": None if k == "time" else unit} for n, k in zip(names, kinds, strict=True)]
    group.attrs["geff"] = {"geff_version": "1.1", "directed": True, "axes": axes}
    group["nodes/ids"] = np.array([5, 6, 9], dtype=np.uint64)
    group["edges/ids"] = np.array([[5, 6]], dtype=np.uint64)
    values = {"t": [0, 1, 1], "z": [2.0, 4.0, 6.0], "y": [10.0, 11.0, 12.0], "x": [20.0, 21.0, 22.0]} | more
    for name, column in values.items():
        group[f"nodes/props/{name}/values"] = np.array(column)
    return path


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_nodes_are_points_in_frames(tmp_path, zarr_format):
    path = write(tmp_path / "a.geff", zarr_format)
    assert is_graph(path)
    found = read_graph(path, 3, PLAIN)
    assert found.frame.tolist() == [0, 1, 1]
    assert found.label.tolist() == [5, 6, 9]
    np.testing.assert_array_equal(found.position, [[2, 10, 20], [4, 11, 21], [6, 12, 22]])
    assert found.in_um


@pytest.mark.parametrize(
    ("unit", "in_um", "factor"), [("nanometer", True, 1e-3), ("pixel", False, 1), (None, False, 1)]
)
def test_units_are_those_of_the_axes(tmp_path, unit, in_um, factor):
    found = read_graph(write(tmp_path / "a.geff", 2, unit), 3, PLAIN)
    assert found.in_um == in_um
    np.testing.assert_allclose(found.position[0], np.array([2, 10, 20]) * factor)


def test_units_may_be_set_and_z_divided(tmp_path):
    found = read_graph(write(tmp_path / "a.geff", 2), 3, SeedFileSettings(units="voxels", z_divisor=4))
    assert not found.in_um
    np.testing.assert_array_equal(found.position[0], [0.5, 10, 20])


def test_what_the_package_writes_is_read(tmp_path):
    geff = pytest.importorskip("geff")
    networkx = pytest.importorskip("networkx")
    graph = networkx.DiGraph()
    for node, (t, y, x) in {1: (0, 3.0, 4.0), 2: (1, 5.0, 6.0)}.items():
        graph.add_node(node, t=t, y=y, x=x)
    graph.add_edge(1, 2)
    geff.write(
        graph,
        tmp_path / "b.geff",
        axis_names=["t", "y", "x"],
        axis_types=["time", "space", "space"],
        axis_units=["second", "micrometer", "micrometer"],
    )
    found = read_graph(tmp_path / "b.geff", 2, PLAIN)
    assert found.frame.tolist() == [0, 1]
    np.testing.assert_array_equal(found.position, [[3, 4], [5, 6]])


def test_what_is_wrong_with_a_graph_is_said(tmp_path):
    flat = write(tmp_path / "a.geff", 2, names=("t", "y", "x"))
    with pytest.raises(DataError, match=r"its axes are t, y, x, expected t, z, y, x"):
        read_graph(flat, 3, PLAIN)
    with pytest.raises(DataError, match=r"not whole numbers \(0\.5\)"):
        read_graph(write(tmp_path / "b.geff", 2, t=[0.5, 1, 1]), 3, PLAIN)
    partly = write(tmp_path / "c.geff", 2)
    zarr.open_group(partly)["nodes/props/z/missing"] = np.array([False, True, False])
    with pytest.raises(DataError, match="1 nodes have no z"):
        read_graph(partly, 3, PLAIN)
    assert not is_graph(zarr.open_group(tmp_path / "d.zarr", mode="w").store.root)
