"""The same graph through every format, read by the format's own library: nodes, edges, divisions, gaps, probabilities."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile
from geff.convert import from_ctc_to_geff, from_trackmate_xml_to_geff
from geff.core_io import read_to_memory
from geff.validate.data import ValidationConfig, validate_data
from geff.validate.segmentation import has_seg_ids_at_coords, has_seg_ids_at_time_points
from geff.validate.structure import validate_structure
from ome_zarr_models.v05 import Image, ImageLabel
from tests.io.trackmate_reader import read_trackmate

from samtrack.config import build_config
from samtrack.io.geff import write_geff
from samtrack.io.ome_zarr import open_image
from samtrack.io.tables import write_table
from samtrack.io.trackmate import write_trackmate
from samtrack.stages.address import Address
from samtrack.stages.export import write_ctc
from samtrack.stages.export_files import read_graph, run_export_files
from samtrack.submit.graph import Said, track_graph
from samtrack.testing.lineages import Lineages, random_lineages
from samtrack.types import ArrayFrames, Filmed, TrackGraph

ALL_CHECKS = ValidationConfig(graph=True, sphere=True, lineage=True, tracklet=True)

Edges = dict[tuple[tuple[int, ...], tuple[int, ...]], float | None]


def graph_of(lineages: Lineages) -> TrackGraph:
    said = [Said(*(np.array(c) for c in zip(*lineages.links, strict=True)))] if lineages.links else []
    columns = [lineages.table[name] for name in ("track_id", "t", "parent_track_id", "label")]
    return track_graph(*columns, said)


def keyed(t: Any, places: list[Any]) -> list[tuple[int, ...]]:
    """Frame and place in thousandths of voxels."""
    columns = [np.asarray(t), *(np.rint(np.asarray(p) * 1000) for p in places)]
    return [tuple(int(v) for v in row) for row in zip(*columns, strict=True)]


def read_geff(path: Path, um: tuple[float, ...], names: tuple[str, ...] = ("t", "z", "y", "x")):
    """Nodes, edges, and all that the library found."""
    found = read_to_memory(path)
    time, *axes = (names[0], *names[1:][-len(um) :])
    places = [found["node_props"][a]["values"] / step for a, step in zip(axes, um, strict=True)]
    nodes = dict(zip(found["node_ids"].tolist(), keyed(found["node_props"][time]["values"], places), strict=True))
    said = found["edge_props"].get("probability")
    scores: list[float | None] = [None] * len(found["edge_ids"])
    if said is not None:
        missing = np.zeros(len(scores), bool) if said["missing"] is None else said["missing"]
        scores = [None if lost else float(p) for p, lost in zip(said["values"], missing, strict=True)]
    edges = {(nodes[a], nodes[b]): p for (a, b), p in zip(found["edge_ids"].tolist(), scores, strict=True)}
    return set(nodes.values()), edges, found


def read_xml(path: Path, um: tuple[float, ...]):
    """The same from TrackMate's XML, and the model."""
    model = read_trackmate(path)
    names = ("POSITION_Z", "POSITION_Y", "POSITION_X")[-len(um) :]
    ids, spots = list(model.spots), list(model.spots.values())
    places = [np.array([s[a] for s in spots]) / step for a, step in zip(names, um, strict=True)]
    nodes = dict(zip(ids, keyed([s["FRAME"] for s in spots], places), strict=True))
    found = [edge for edges in model.tracks.values() for edge in edges]
    return set(nodes.values()), {(nodes[a], nodes[b]): s.get("LINK_PROBABILITY") for a, b, s in found}, model


def napari_tracks(path: Path, ndim: int) -> tuple[pd.DataFrame, dict[int, list[int]]]:
    """Data and graph of napari's tracks layer, as docs/files.md makes them."""
    table = pd.read_csv(path)
    data = table[["track_id", "t", "z", "y", "x"] if ndim == 3 else ["track_id", "t", "y", "x"]]
    born = table[table.parent_track_id > 0].groupby("track_id").parent_track_id.first()
    return data, {int(child): [int(parent)] for child, parent in born.items()}


def read_csv(path: Path, ndim: int):
    """The same from the CSV table, by the rules of napari's tracks layer."""
    data, graph = napari_tracks(path, ndim)
    keys = keyed(data.t, [data[a] for a in ("z", "y", "x")[-ndim:]])
    assert data.equals(data.sort_values(["track_id", "t"])), "napari wants them in this order"
    of_track = {int(i): [keys[row] for row in rows] for i, rows in data.groupby("track_id").indices.items()}
    assert set(graph) | {p for parents in graph.values() for p in parents} <= set(of_track)
    edges = {pair for path in of_track.values() for pair in pairwise(path)}
    edges |= {(of_track[p][-1], of_track[child][0]) for child, parents in graph.items() for p in parents}
    return set(keys), edges


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_every_format_holds_the_same_graph(tmp_path: Path, seed: int, ndim: int):
    lineages = random_lineages(seed, ndim, founders=4 + seed)
    graph, um = graph_of(lineages), lineages.scale.um_per_voxel
    filmed = Filmed("random 01", lineages.n_frames, lineages.shape, lineages.scale)
    assert len(lineages.nodes) == len(graph) == len(lineages.table["t"])

    write_geff(tmp_path / "a.geff", graph, lineages.table.__getitem__, filmed, {"labels": "l", "image": "i"})
    validate_structure(tmp_path / "a.geff")
    nodes, edges, found = read_geff(tmp_path / "a.geff", um)
    validate_data(found, ALL_CHECKS)
    assert (nodes, edges) == (lineages.nodes, lineages.edges)

    write_trackmate(tmp_path / "a.xml", graph, lineages.table.__getitem__, filmed, tmp_path)
    nodes, edges, model = read_xml(tmp_path / "a.xml", um)
    assert (nodes, edges) == (lineages.nodes, lineages.edges)
    assert model.visible == set(model.tracks)

    write_table(tmp_path / "a.csv", lineages.table, csv=True)
    assert read_csv(tmp_path / "a.csv", ndim) == (lineages.nodes, set(lineages.edges))

    sequence = {"name": "01", "images": str(tmp_path), "frames": lineages.n_frames}
    config = build_config({"out": str(tmp_path), "sequences": [sequence], "blocks": {"frames": 5}})
    frames = ArrayFrames([lineages.labels(t) for t in range(lineages.n_frames)], lineages.scale)
    parents = dict(zip(lineages.table["track_id"].tolist(), lineages.table["parent_track_id"].tolist(), strict=True))
    parent_of = np.array([0, *(parents[track] for track in sorted(parents))])
    write_ctc(Address(config, config.sequences[0]), tmp_path / "RES", lineages.table, parent_of, frames)
    from_ctc_to_geff(tmp_path / "RES", tmp_path / "ctc.geff")
    nodes, edges, _ = read_geff(tmp_path / "ctc.geff", (1.0,) * ndim)
    assert (nodes, set(edges)) == (lineages.nodes, set(lineages.edges))


def test_the_random_graphs_hold_what_they_are_for():
    """Divisions, gaps that are filled and such that are not, single frames, divisions after a gap, unknown links."""
    edges = [edge for seed in range(5) for edge in random_lineages(seed, 2, founders=4 + seed).edges.items()]
    tables = [random_lineages(seed, 2, founders=4 + seed).table for seed in range(5)]
    mothers = [source for (source, _), _ in edges]
    assert len(mothers) - len(set(mothers)) > 10
    assert sum(b[0] - a[0] > 1 for (a, b), _ in edges) > 5
    assert sum(p is None for _, p in edges) > 5
    assert sum((table["label"] == 0).sum() for table in tables) > 5
    assert sum((np.bincount(table["track_id"]) == 1).sum() for table in tables) > 5


@pytest.mark.filterwarnings("ignore:No image folder found")
def test_the_library_of_geff_reads_the_trackmate_file_too(tmp_path: Path):
    lineages = random_lineages(3, 3)
    filmed = Filmed("random 01", lineages.n_frames, lineages.shape, lineages.scale)
    write_trackmate(tmp_path / "a.xml", graph_of(lineages), lineages.table.__getitem__, filmed, tmp_path)
    from_trackmate_xml_to_geff(tmp_path / "a.xml", tmp_path / "b.geff")
    names = ("FRAME", "POSITION_Z", "POSITION_Y", "POSITION_X")
    nodes, edges, _ = read_geff(tmp_path / "b.geff", lineages.scale.um_per_voxel, names)
    assert (nodes, set(edges)) == (lineages.nodes, set(lineages.edges))


def drawn(shape: tuple[int, ...]) -> list[np.ndarray]:
    """A cell that divides, one that is missed in frame 3, one that is there for a single frame at the border."""
    masks = []
    for t in range(7):
        mask = np.zeros(shape, np.uint32)
        boxes = {1: (20, 20)} if t < 3 else {1: (20 - 3 - t, 20), 2: (20 + 3 + t, 20)}
        boxes |= {} if t == 3 else {5: (40, 60 - 2 * t)}
        boxes |= {7: (0, 74)} if t == 2 else {}
        for label, (y, x) in boxes.items():
            mask[..., y : y + 8, x : x + 8] = label
        if mask.ndim == 3:
            mask[[0, -1]] = 0
        masks.append(mask)
    return masks


@pytest.fixture(params=[(64, 80), (5, 64, 80)], ids=["2D", "3D"])
def tracked(request: pytest.FixtureRequest, tmp_path: Path, track: Callable[[dict[str, Any]], Address]) -> Address:
    """A small movie tracked by given masks, with all files."""
    for name, dtype in (("01", np.uint16), ("masks", np.uint32)):
        (tmp_path / name).mkdir()
        for t, mask in enumerate(drawn(request.param)):
            picture = mask if name == "masks" else 100 + 500 * (mask > 0)
            tifffile.imwrite(tmp_path / name / f"t{t:04d}.tif", picture.astype(dtype))
    sequence = {"name": "01", "images": str(tmp_path / "01"), "masks": str(tmp_path / "masks")}
    um = [2.0, 0.5, 0.5][-len(request.param) :]
    return track(
        {"out": str(tmp_path / "out"), "sequences": [sequence], "segment": {"method": "given"}}
        | {"export": {"files": ["geff", "trackmate"]}, "fill": {"method": "shape"}}
        | {"movie": {"um_per_voxel": um, "minutes_per_frame": 5}, "link": {"max_gap_frames": 2}}
    )


def test_a_run_ends_in_files_that_agree_with_each_other_and_with_the_labels(tracked: Address):
    layout, um = tracked.layout, tuple(open_image(tracked.layout.tracked).scale.um_per_voxel)
    nodes, edges, found = read_geff(layout.geff, um)
    validate_structure(layout.geff)
    validate_data(found, ALL_CHECKS)
    assert read_xml(layout.trackmate, um)[:2] == (nodes, edges)
    assert read_csv(layout.table_csv, len(um)) == (nodes, set(edges))
    assert len(edges) > 15
    assert all(p is not None and 0 < p <= 1 for p in edges.values())
    sources = [a for a, _ in edges]
    assert len(sources) - len(set(sources)) == 1, "one division"

    meta, props = found["metadata"], {name: prop["values"] for name, prop in found["node_props"].items()}
    assert (meta.axes[0].name, meta.axes[0].type, meta.axes[0].unit) == ("t", "time", "frame")
    assert (meta.axes[0].scale, meta.axes[0].scaled_unit) == (5.0, "minute")
    assert {(a.type, a.unit) for a in meta.axes[1:]} == {("space", "micrometer")}
    assert set(np.unique(props["origin"])) == {0, 8}, "given, and one filled"
    filled = props["origin"] == 8
    assert (props["t"][filled].tolist(), props["detection"][filled].tolist()) == ([3], [0])

    related = {one.type: one for one in meta.related_objects}
    labels = open_image((layout.geff / related["labels"].path).resolve())
    assert (layout.geff / related["image"].path).resolve() == layout.movie.resolve()
    segmentation = np.stack([labels.read(t) for t in range(labels.n_frames)])
    seg_ids = props[related["labels"].node_prop]
    assert has_seg_ids_at_time_points(segmentation, props["t"], seg_ids, meta) == (True, [])
    axes = [a.name for a in meta.axes]
    coords = np.stack([props[a] for a in axes], axis=1).tolist()
    assert has_seg_ids_at_coords(segmentation, coords, seg_ids, [1.0, *(1 / v for v in um)]) == (True, [])


def test_images_and_labels_are_valid_with_a_colour_and_the_parent_of_every_track(tracked: Address):
    import zarr

    image, labels = (zarr.open_group(path, mode="r") for path in (tracked.layout.movie, tracked.layout.tracked))
    assert Image.from_zarr(image).ome_attributes.multiscales
    said = ImageLabel.from_zarr(labels).ome_attributes.image_label
    table = pd.read_csv(tracked.layout.table_csv)
    parents = table.groupby("track_id").parent_track_id.first().to_dict()
    assert [colour.label_value for colour in said.colors] == sorted(parents)
    assert len({colour.rgba for colour in said.colors}) == len(parents)
    plain = json.loads((tracked.layout.tracked / "zarr.json").read_text())["attributes"]["ome"]["image-label"]
    assert {row["label-value"]: row["parent"] for row in plain["properties"]} == parents
    assert (tracked.layout.tracked / plain["source"]["image"]).resolve() == tracked.layout.movie.resolve()


def test_equal_runs_give_equal_files_and_none_are_written_unless_asked_for(tracked: Address, digest):
    layout = tracked.layout
    patterns = ("01_tracks.geff/**/*", "01_tracks.geff/**/.*", "01_trackmate.xml")
    before = digest(layout.out, *patterns)
    assert len(before) > 20
    run_export_files(tracked)
    assert digest(layout.out, *patterns) == before
    export = tracked.config.export.model_copy(update={"files": ()})
    none = Address(tracked.config.model_copy(update={"export": export}), tracked.sequence)
    os.rename(layout.geff, layout.out / "away")
    run_export_files(none)
    assert not layout.geff.exists()


def test_followed_lineages_alone_are_in_the_files(tracked: Address, track, tmp_path: Path):
    """The movie again, of the cell that divides alone."""
    first = np.zeros_like(drawn(open_image(tracked.layout.movie).shape)[0])
    first[..., 22:26, 22:26] = 1
    tifffile.imwrite(tmp_path / "first.tif", first)
    raw = tracked.config.model_dump(mode="json", exclude_unset=True)
    raw["sequences"][0]["first_frame"] = str(tmp_path / "first.tif")
    some = track(raw | {"out": str(tmp_path / "some"), "lineages": "from_first_frame"})
    um = tuple(open_image(some.layout.tracked).scale.um_per_voxel)
    nodes, edges, found = read_geff(some.layout.geff, um)
    every = read_geff(tracked.layout.geff, um)
    assert nodes < every[0]
    assert edges.items() == {(pair, p) for pair, p in every[1].items() if set(pair) <= nodes}
    assert set(found["node_props"]["lineage_id"]["values"]) == {1}
    assert set(found["node_props"]["tracklet_id"]["values"]) == {1, 2, 3}
    assert read_xml(some.layout.trackmate, um)[:2] == (nodes, edges)
    assert len(read_graph(some.layout.table, some.layout.decided)) == len(nodes)
