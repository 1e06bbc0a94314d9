"""The command as a whole: what it writes, that workers change nothing, and what it refuses."""

import json
import shutil
from pathlib import Path

import pytest

from samtrack.cli.main import main
from samtrack.config import build_config
from samtrack.config.simulate import SimulateSettings
from samtrack.errors import DataError, SettingsError
from samtrack.link.facts import FACTS
from samtrack.stages.link import open_link_model
from samtrack.stages.simulate import run_simulate
from samtrack.stages.train_links import Training, run_train_links

# Cells that jump a radius between frames, in masks that are often torn or lost: nothing that the shipped model expects.
RESTLESS = {
    "seed": 3,
    "frames": 18,
    "shape_px": (176, 176),
    "cells": {"count": 50, "diameter_um": 8.0, "cycle_hours": 4.0},
    "motion": {"speed_um_per_hour": 25.0, "persistence_minutes": 1.0, "jitter_um": 1.5},
    "masks": {"missed": 0.12, "merged": 0.1, "split": 0.05, "spurious": 0.1},
}


@pytest.fixture(scope="module")
def settings():
    return build_config({})


@pytest.fixture(scope="module")
def annotated(tmp_path_factory) -> Path:
    """A folder with ``01``, ``01_GT`` and ``01_ST/SEG``."""
    folder = tmp_path_factory.mktemp("Annotated")
    run_simulate(SimulateSettings.model_validate(RESTLESS), folder, "01")
    (folder / "01_ST").mkdir()
    shutil.move(folder / "01_ERR_SEG", folder / "01_ST" / "SEG")
    return folder


def test_simulated_movies_give_a_model_and_its_card_whatever_the_workers(settings, tmp_path: Path):
    out, again = tmp_path / "one.json", tmp_path / "two.json"
    table = run_train_links(Training(settings, movies=2, out=out, card=tmp_path / "one.md"))
    run_train_links(Training(settings, movies=2, out=again, workers=2))
    assert out.read_bytes() == again.read_bytes()
    plain, model = open_link_model(str(out))
    assert plain["seeds"] == {"train": [1000, 1001], "held_out": [9000, 9000]}
    assert plain["held_out"]["contest"]["proposals"] > 0
    assert {"samtrack", "numpy", "scipy"} == set(plain["versions"])
    assert model.frame.to_plain() == plain["models"]["frame"]
    assert table.count("\n") == 1 + len(FACTS)
    assert "| --- |" in (tmp_path / "one.md").read_text()


def test_an_annotated_movie_gives_a_model_that_links_it(annotated, tmp_path: Path, capsys):
    out = tmp_path / "mine.json"
    assert main(["train", "links", "--data", str(annotated / "01"), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "log_loss shipped" in said
    plain = json.loads(out.read_text())
    assert plain["data"].startswith(f"annotated movies of the user: {annotated.name}/01 (18 frames, ")
    assert str(annotated) not in out.read_text(), "no path of this machine"
    assert plain["held_out"]["contest"]["log_loss"] < plain["held_out_before"]["contest"]["log_loss"]
    assert main(["train", "links", "--check", str(out), "--data", str(annotated / "01")]) == 0
    assert "log_loss checked" in capsys.readouterr().out


def test_the_shipped_model_is_checked_and_its_card_written(settings, tmp_path: Path):
    assert run_train_links(Training(settings, movies=0, check="", card=tmp_path / "card.md")) == ""
    assert "# Card of a link model" in (tmp_path / "card.md").read_text()
    assert "log_loss shipped" in run_train_links(Training(settings, movies=1, check=""))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"masks": (Path("a"),)}, r"--masks names 1 folders, --data 0"),
        ({"seed": 8999, "movies": 2}, r"seeds from 9000 on are held out"),
        ({"seed": 9001}, r"--seed is 9001, expected less than 9000"),
        ({"seed": -1}, r"--seed -1"),
        ({"movies": 0}, r"--movies is 0: there is nothing to learn from"),
        ({"check": "", "out": Path("x")}, r"--out is for a model that is learned"),
    ],
)
def test_options_that_make_no_sense(settings, options, message):
    with pytest.raises(SettingsError, match=message):
        run_train_links(Training(settings, **options))


def copied(annotated: Path, tmp_path: Path) -> Path:
    shutil.copytree(annotated, tmp_path / "copy")
    return tmp_path / "copy"


def test_a_sequence_without_truth_is_refused(annotated, tmp_path: Path, settings):
    folder = copied(annotated, tmp_path)
    with pytest.raises(DataError, match=r"has no truth, expected the folder .*copy_GT.* Did you mean .*copy/01\?"):
        run_train_links(Training(settings, data=(folder,)))
    shutil.rmtree(folder / "01_GT" / "TRA")
    with pytest.raises(DataError, match=r"01_GT: has no TRA"):
        run_train_links(Training(settings, data=(folder / "01",)))


def test_a_truth_of_other_frames_is_refused(annotated, tmp_path: Path, settings):
    folder = copied(annotated, tmp_path)
    (folder / "01_GT" / "TRA" / "man_track017.tif").unlink()
    with pytest.raises(DataError, match=r"TRA: has 17 frames, the images .*01 have 18"):
        run_train_links(Training(settings, data=(folder / "01",)))


def test_without_silver_masks_those_of_the_truth_are_taken(annotated, tmp_path: Path, settings):
    from samtrack.stages.annotated import read_annotated

    folder = copied(annotated, tmp_path)
    shutil.rmtree(folder / "01_ST")
    movie = read_annotated(folder / "01", None, settings)
    assert (movie.track_of == movie.detections.label).all()
