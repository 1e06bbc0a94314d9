"""Corrections of a real, small result: kept by the next decision, added once, refused where they cannot be."""

import os
import shutil

import numpy as np
import pytest

from samtrack.config.simulate import SimulateSettings
from samtrack.errors import DataError, SettingsError
from samtrack.io.corrections import append_edits, read_pins
from samtrack.io.names import LINKS_TABLE
from samtrack.io.tables import read_table
from samtrack.stages.associate import run_associate
from samtrack.stages.correct import add_corrections, open_run, start_folder
from samtrack.stages.export import run_export_tracks
from samtrack.stages.fill import run_fill
from samtrack.stages.plan import save_run_config
from samtrack.stages.simulate import run_simulate

RECIPE = {"frames": 7, "shape_px": (128, 128), "seed": 5, "cells": {"count": 8, "cycle_hours": 5}}


@pytest.fixture(scope="module")
def finished(track, tmp_path_factory):
    """The address of a finished run, to be copied."""
    folder = tmp_path_factory.mktemp("run")
    run_simulate(SimulateSettings.model_validate(RECIPE), folder, "01", overwrite=True)
    address = track(
        {
            "out": str(folder / "out"),
            "sequences": [{"name": "01", "images": str(folder / "01"), "masks": str(folder / "01_ERR_SEG")}],
            "segment": {"method": "given"},
            "fill": {"method": "shape"},
            "export": {"ctc": False},
        }
    )
    save_run_config(address.config)
    return address


@pytest.fixture
def address(finished):
    """The same, with its decision as it was at first."""
    kept = finished.layout.out.parent / "kept"
    if not kept.exists():
        shutil.copytree(finished.layout.out, kept)
    shutil.rmtree(finished.layout.out)
    shutil.copytree(kept, finished.layout.out)
    return finished


def again(address):
    """What follows from the decision on."""
    run_associate(address)
    for name in address.names:
        run_fill(address, name)
    run_export_tracks(address)
    return read_table(address.layout.table)


def correct(address, *rows, name="edits.csv"):
    path = address.layout.out / name
    append_edits(path, [[*map(str, row), *[""] * (6 - len(row))] for row in rows])
    return add_corrections(open_run(address.layout.out), "01", [path])


def track_at(table, frame, label):
    return int(table["track_id"][(table["t"] == frame) & (table["label"] == label)][0])


def a_step(table, frame=2):
    """A track that is seen in a frame and in the next, and its labels there."""
    for track in np.unique(table["track_id"]):
        here = [table["label"][(table["track_id"] == track) & (table["t"] == t)].tolist() for t in (frame, frame + 1)]
        if all(len(one) == 1 and one[0] for one in here):
            return int(track), here[0][0], here[1][0]
    raise AssertionError("no such track")


def test_an_unlinked_pair_is_apart_in_the_next_result_and_in_all_later_ones(address):
    table = read_table(address.layout.table)
    track, one, other = a_step(table)
    path = correct(address, ("unlink", 2, track, 3, track, "two cells"))
    for _ in range(2):
        table = again(address)
        assert track_at(table, 2, one) != track_at(table, 3, other)
    assert read_pins(path)[0].text == f"unlink,2,{track},3,{track},two cells"
    links = read_table(address.layout.decided / LINKS_TABLE)
    assert not links["pinned"].any()


def test_a_swap_is_kept_with_certainty(address):
    table = read_table(address.layout.table)
    track, one, other = a_step(table)
    second = table["track_id"] != track
    rows = np.flatnonzero(second & (table["t"] == 2) & (table["label"] > 0))
    partner = next(
        int(table["track_id"][r])
        for r in rows
        if np.any((table["track_id"] == table["track_id"][r]) & (table["t"] == 3) & (table["label"] > 0))
    )
    theirs = [int(table["label"][(table["track_id"] == partner) & (table["t"] == t)][0]) for t in (2, 3)]
    correct(address, ("link", 2, track, 3, partner), ("link", 2, partner, 3, track))
    table = again(address)
    assert track_at(table, 2, one) == track_at(table, 3, theirs[1])
    assert track_at(table, 2, theirs[0]) == track_at(table, 3, other)
    links = read_table(address.layout.decided / LINKS_TABLE)
    pinned = links["pinned"].astype(bool)
    assert np.count_nonzero(pinned) == 2
    assert links["chosen"][pinned].all()
    assert (links["score"][pinned] == 1).all()


def test_a_deleted_track_is_gone(address):
    table = read_table(address.layout.table)
    track = a_step(table)[0]
    its = {(int(t), int(v)) for t, v in zip(table["t"], table["label"], strict=True) if v} & {
        (int(t), int(v)) for i, t, v in zip(table["track_id"], table["t"], table["label"], strict=True) if i == track
    }
    correct(address, ("delete", "", track))
    table = again(address)
    left = {(int(t), int(v)) for t, v in zip(table["t"], table["label"], strict=True)}
    assert its
    assert not its & left


def test_the_same_file_is_added_once_and_only_its_new_rows_later(address, caplog):
    caplog.set_level("INFO")
    track = a_step(read_table(address.layout.table))[0]
    path = correct(address, ("unlink", 2, track, 3, track))
    first = path.read_bytes()
    again(address)
    add_corrections(open_run(address.layout.out), "01", [address.layout.out / "edits.csv"])
    assert path.read_bytes() == first
    assert "1 of 1 edits were added before" in caplog.text
    other = a_step(read_table(address.layout.table), frame=4)[0]
    correct(address, ("delete", 4, other))
    pins = read_pins(path)
    assert path.read_bytes().startswith(first)
    assert [(pin.edit, pin.action) for pin in pins[-1:]] == [(2, "delete")]


def test_edits_against_earlier_ones_are_refused_and_nothing_is_written(address):
    track = a_step(read_table(address.layout.table))[0]
    path = correct(address, ("link", 2, track, 3, track))
    before = path.read_bytes()
    with pytest.raises(DataError, match=r"contradict.*01_corrections\.csv, line 2.*later\.csv, line 2"):
        correct(address, ("unlink", 2, track, 3, track), name="later.csv")
    assert path.read_bytes() == before


def test_a_run_without_corrections_writes_what_it_always_wrote(address, digest):
    before = digest(address.layout.out, "01_work/decided/*", "01_tracks.*")
    again(address)
    assert digest(address.layout.out, "01_work/decided/*", "01_tracks.*") == before


def test_where_a_run_was_started(tmp_path, monkeypatch, address):
    config, folder = address.config, tmp_path / "results" / "demo"
    folder.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert start_folder(folder, config.model_copy(update={"out": "results/demo"})) == tmp_path
    monkeypatch.chdir(folder)
    assert start_folder(folder, config.model_copy(update={"out": "results/demo"})) == tmp_path
    monkeypatch.chdir("/")
    assert start_folder(folder, config.model_copy(update={"out": "."})) == folder
    assert start_folder(folder, config.model_copy(update={"out": str(folder)})) == type(folder)(os.sep)
    with pytest.raises(DataError, match="was moved"):
        start_folder(folder, config.model_copy(update={"out": "results/other"}))


def test_what_is_no_result_is_named(tmp_path, address):
    with pytest.raises(DataError, match="holds no run_config"):
        open_run(tmp_path)
    with pytest.raises(SettingsError, match="sequences 01"):
        open_run(address.layout.out).sequence("02")
    assert open_run(address.layout.out).sequence(None) == "01"
    address.layout.table.unlink()
    with pytest.raises(DataError, match="Let the run finish first"):
        correct(address, ("delete", 4, 1))
