"""TrackMate files: what its reader insists on, in pieces, empty, with names that XML has to escape, and the image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.io.trackmate_reader import read_trackmate

from samtrack.io import trackmate
from samtrack.io.trackmate import write_trackmate
from samtrack.io.trackmate_form import image_of
from samtrack.submit.graph import track_graph
from samtrack.testing.lineages import random_lineages
from samtrack.types import Filmed, Scale, TrackGraph


def write(path: Path, name: str = "a 01", scale: Scale | None = None) -> TrackGraph:
    lineages = random_lineages(2, 2)
    table = lineages.table
    graph = track_graph(*(table[name] for name in ("track_id", "t", "parent_track_id", "label")), [])
    filmed = Filmed(name, lineages.n_frames, lineages.shape, scale or lineages.scale)
    write_trackmate(path, graph, table.__getitem__, filmed, Path("images"))
    return graph


def test_pieces_make_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write(tmp_path / "a.xml")
    monkeypatch.setattr(trackmate, "PIECE_ROWS", 3)
    write(tmp_path / "b.xml")
    text = (tmp_path / "a.xml").read_text()
    assert (tmp_path / "b.xml").read_text().replace("b.tif", "a.tif") == text
    read_trackmate(tmp_path / "a.xml")


def test_no_cells_at_all(tmp_path: Path):
    none = np.zeros(0, dtype=np.int64)
    columns = dict.fromkeys(("t", "y_um", "x_um", "size_um", "track_id", "origin"), none)
    graph = TrackGraph(none, np.zeros(0), none, none)
    write_trackmate(tmp_path / "a.xml", graph, columns.__getitem__, Filmed("a", 1, (8, 8), Scale((1.0, 1.0))), tmp_path)
    model = read_trackmate(tmp_path / "a.xml")
    assert (model.spots, model.tracks, model.visible) == ({}, {}, set())


def test_what_trackmate_counts_of_a_track(tmp_path: Path):
    graph = write(tmp_path / "a.xml")
    model = read_trackmate(tmp_path / "a.xml")
    assert model.tracks
    for key, edges in model.tracks.items():
        members = {spot for a, b, _ in edges for spot in (a, b)}
        frames = [model.spots[spot]["FRAME"] for spot in members]
        skipped = [model.spots[b]["FRAME"] - model.spots[a]["FRAME"] - 1 for a, b, _ in edges]
        sources = [a for a, _, _ in edges]
        expected = {
            "NUMBER_SPOTS": len(members),
            "NUMBER_GAPS": sum(s > 0 for s in skipped),
            "LONGEST_GAP": max(skipped),
            "NUMBER_SPLITS": len(sources) - len(set(sources)),
            "TRACK_START": min(frames) * 3.0,
            "TRACK_STOP": max(frames) * 3.0,
            "TRACK_DURATION": (max(frames) - min(frames)) * 3.0,
        }
        assert expected.items() <= model.features[key].items()
    assert sorted(f["TRACK_INDEX"] for f in model.features.values()) == list(range(len(model.tracks)))
    alone = set(np.flatnonzero((graph.before < 0) & ~np.isin(np.arange(len(graph)), graph.before)).tolist())
    assert alone == set(model.spots) - {s for edges in model.tracks.values() for a, b, _ in edges for s in (a, b)}


def test_names_are_escaped_and_units_are_those_of_the_movie(tmp_path: Path):
    write(tmp_path / "a & <b>.xml", name="a & <b>", scale=Scale((1.0, 1.0), 7.0, is_calibrated=False))
    model = read_trackmate(tmp_path / "a & <b>.xml")
    assert model.units == ("pixel", "frame")
    assert model.image["filename"] == "a & <b>.tif"
    assert {spot["POSITION_T"] - spot["FRAME"] for spot in model.spots.values()} == {0.0}


def test_the_image_is_the_users_file_or_one_to_be_saved_beside(tmp_path: Path):
    (tmp_path / "movie.TIF").touch()
    (tmp_path / "01").mkdir()
    xml = tmp_path / "out" / "01_trackmate.xml"
    assert image_of(xml, tmp_path / "movie.TIF") == ("movie.TIF", str(tmp_path))
    assert image_of(xml, tmp_path / "01") == ("01_trackmate.tif", "")
    assert image_of(xml, tmp_path / "lost.tif") == ("01_trackmate.tif", "")
