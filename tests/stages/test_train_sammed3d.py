"""The stage: from annotated files to weights, going on after a stop, coarse masks that help, clear errors."""

import csv
from shutil import copytree

import numpy as np
import pytest
import tifffile
import torch

from samtrack.config import load_config
from samtrack.config.load import check_recipe, merge
from samtrack.config.simulate import SimulateSettings
from samtrack.config.train_sammed3d import TrainSamMed3DSettings
from samtrack.errors import DataError, SettingsError
from samtrack.evaluate import match_frame
from samtrack.io.weights import read_weights
from samtrack.models.sammed3d.build import build_model
from samtrack.simulate import simulate_movie
from samtrack.stages import train_sammed3d
from samtrack.stages.train_sammed3d import SamMed3DTraining, run_train_sammed3d, training_of
from samtrack.testing.networks import SMALL_SAM3D

RECIPE = {
    "start": "scratch",
    "architecture": SMALL_SAM3D,
    "cell_px": 13,
    "steps": 3,
    "prompts": 3,
    "pool": 3,
    "workers": 0,
    "checkpoint_every": 1,
    "check_every": 2,
    "held_out": 3,
    "simulated": 0.3,
}


@pytest.fixture(scope="module")
def movie(tmp_path_factory):
    """Three small volumes with masks that are wrong here and there, and without a mask of the second."""
    folder = tmp_path_factory.mktemp("movie")
    masks = {"missed": 0.1, "merged": 0.2, "split": 0.1, "spurious": 0.1, "boundary_um": 0.8}
    cells = {"count": 30, "diameter_um": 8.0}
    recipe = {"frames": 3, "shape_px": (16, 40, 40), "um_per_voxel": (2.0, 1.0, 1.0), "cells": cells, "masks": masks}
    simulated = simulate_movie(SimulateSettings.model_validate(recipe))
    for name in ("images", "masks"):
        (folder / name).mkdir()
    for t in range(3):
        frame = simulated.frame(t)
        tifffile.imwrite(folder / "images" / f"t{t:03d}.tif", frame.image)
        if t != 1:
            tifffile.imwrite(folder / "masks" / f"t{t:03d}.tif", frame.masks)
    return folder


def config_of(out="out", **sections):
    return load_config(None, base=merge({"out": str(out), "movie": {"um_per_voxel": [2, 1, 1]}}, sections))


def train(out, **changes):
    settings = check_recipe({**RECIPE, **changes}, "test", TrainSamMed3DSettings)
    run_train_sammed3d(SamMed3DTraining(settings, out, config_of()))
    return read_weights(out)


def of_movie(movie, **changes):
    return {"data": [str(movie / "images")], "masks": [str(movie / "masks")], **changes}


def test_a_folder_of_weights_curves_and_samples(tmp_path):
    weights = train(tmp_path / "net")
    assert weights.config["samtrack"] == {"cell_px": 13.0}
    assert build_model(weights.config, weights.state).sizes.ball_px == 13
    rows = list(csv.DictReader((tmp_path / "net" / "curves.csv").open()))
    assert [int(r["step"]) for r in rows] == [1, 2, 3]
    assert [int(r["step"]) for r in csv.DictReader((tmp_path / "net" / "checks.csv").open())] == [2, 3]
    assert (tmp_path / "net" / "samples.png").stat().st_size > 1000


def test_a_killed_run_on_annotated_frames_goes_on_to_the_same_weights(tmp_path, movie, monkeypatch):
    whole = train(tmp_path / "whole", **of_movie(movie))
    real = train_sammed3d.after_step

    def killed(run, report, *rest):
        real(run, report, *rest)
        if report.step == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(train_sammed3d, "after_step", killed)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts", **of_movie(movie))
    monkeypatch.setattr(train_sammed3d, "after_step", real)
    parts = train(tmp_path / "parts", **of_movie(movie))
    assert all(torch.equal(parts.state[k], v) for k, v in whole.state.items())
    assert (tmp_path / "parts/curves.csv").read_text() == (tmp_path / "whole/curves.csv").read_text()


def test_it_ends_when_looks_get_no_better_and_keeps_the_best(tmp_path, movie):
    train(tmp_path / "first")
    changes = {"start": str(tmp_path / "first"), "check_every": 1, "steps": 9, "patience": 2, "rate": 1e-12}
    tuned = train(tmp_path / "second", **of_movie(movie, **changes))
    assert len((tmp_path / "second" / "curves.csv").read_text().splitlines()) == 3, "two steps that gained nothing"
    first = read_weights(tmp_path / "first")
    assert all(torch.equal(tuned.state[k], v) for k, v in first.state.items())


SPOILED = {"missed": 0.15, "merged": 0.08, "split": 0.08, "spurious": 0.1, "boundary_um": 1.0}


def dark_volume(seed):
    """Dark nuclei in a bright field, as no recipe makes them; with true and with spoiled masks."""
    recipe = {"frames": 1, "seed": seed, "shape_px": (20, 60, 60), "um_per_voxel": (2.0, 1.0, 1.0), "masks": SPOILED}
    recipe |= {"cells": {"density": 0.2, "diameter_um": 14.0, "clustered": 0.8}}
    frame = simulate_movie(SimulateSettings.model_validate(recipe)).frame(0)
    return frame.image.max() - frame.image, frame.truth, frame.masks


def test_coarse_masks_help(tmp_path):
    """Learnt from spoiled masks of three volumes, judged by the true ones of two others."""
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    fits = []
    for t in range(5):
        image, truth, spoiled = dark_volume(t)
        tifffile.imwrite(tmp_path / "images" / f"t{t}.tif", image)
        tifffile.imwrite(tmp_path / "masks" / f"t{t}.tif", spoiled if t < 3 else truth)
        match = match_frame(truth, spoiled)
        fits.append(match.iou.sum() / len(match.truth))
    assert np.mean(fits[:3]) < 0.6, "the masks are bad"
    recipe = {"start": "samtrack-tiny-3d", "steps": 20, "rate": 2e-3, "warmup": 3, "average": 0.8, "pool": 9}
    recipe |= {"held_out_share": 0.4, "held_out": 6, "simulated": 0, "workers": 0, "prompts": 4, "rounds": [1]}
    recipe["check_every"] = 20
    settings = check_recipe({**recipe, **of_movie(tmp_path)}, "test", TrainSamMed3DSettings)
    run_train_sammed3d(SamMed3DTraining(settings, tmp_path / "net", config_of()))
    before, after = (float(r["iou"]) for r in csv.DictReader((tmp_path / "net" / "checks.csv").open()))
    assert after > before + 0.2
    assert after > 0.4


def test_other_masks_begin_anew_in_a_run_that_is_asked_again(tmp_path, movie):
    """The workflow asks again when masks or settings changed; the checkpoint of those before says nothing then."""
    network = {**{k: v for k, v in RECIPE.items() if k != "simulated"}, "simulated": 0, "steps": 1, "name": "mine"}
    folder = copytree(movie, tmp_path / "movie")
    sequences = [{"name": "01", "images": str(folder / "images"), "masks": str(folder / "masks")}]

    def asked(**changes):
        run_train_sammed3d(training_of(config_of(tmp_path, sequences=sequences, train3d={**network, **changes})))
        return read_weights(tmp_path / "weights" / "mine").state

    first = asked()
    tifffile.imwrite(folder / "masks" / "t000.tif", tifffile.imread(folder / "masks" / "t002.tif"))
    second = asked()
    assert any(not torch.equal(second[k], v) for k, v in first.items())
    third = asked(rate=0.01)
    assert any(not torch.equal(third[k], v) for k, v in second.items())


def test_a_run_trains_on_the_masks_of_its_sequences(tmp_path, movie):
    sequences = [
        {"name": "01", "images": str(movie / "images"), "masks": str(movie / "masks")},
        {"name": "02", "images": str(movie / "images")},
    ]
    training = training_of(config_of(tmp_path, sequences=sequences, train3d={"name": "mine"}))
    assert training.out == tmp_path / "weights" / "mine"
    assert training.settings.masks == (str(movie / "masks"),)
    with pytest.raises(SettingsError, match="no sequence has masks"):
        training_of(config_of(tmp_path, sequences=sequences[1:]))


def test_other_settings_do_not_go_on_with_a_checkpoint(tmp_path):
    train(tmp_path / "net")
    with pytest.raises(SettingsError, match=r"other rate .there 8e-05, here 0\.01"):
        train(tmp_path / "net", rate=0.01)


def test_what_is_missing_is_said(tmp_path, movie):
    with pytest.raises(SettingsError, match="architecture: missing"):
        train(tmp_path / "net", architecture=None)
    with pytest.raises(DataError, match="has no masks beside it"):
        train(tmp_path / "net", data=[str(movie / "images")])
    with pytest.raises(SettingsError, match="1 folders for 2 movies"):
        train(tmp_path / "net", data=["a", "b"], masks=["c"])
