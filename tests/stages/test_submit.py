"""Stage submit: what is packed, and what is refused because it could not be accepted or made again."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from pathlib import Path

import pytest
import yaml

from samtrack.config import build_config
from samtrack.config.layout import Layout
from samtrack.errors import PlanError, SubmissionError
from samtrack.io.corrections import write_pins
from samtrack.stages.address import Address
from samtrack.stages.freshness import rules_left
from samtrack.stages.plan import complete
from samtrack.stages.simulate import run_simulate
from samtrack.stages.submit import Wish, inputs_of, machine_lines, require_finished, run_submit
from samtrack.types import Pin

RECIPE = {"frames": 4, "shape_px": [80, 80], "seed": 5, "cells": {"count": 5, "cycle_hours": 5}}
SETTINGS = {"segment": {"method": "given"}, "fill": {"method": "shape"}, "link": {"sam2": "off"}}


@pytest.fixture(scope="module")
def finished(tmp_path_factory, track):
    """A folder with a finished run of two sequences, as current folder; its configuration is demo.yaml."""
    folder = tmp_path_factory.mktemp("finished")
    recipe = build_config({"sequences": [{"name": "01", "simulate": RECIPE}]}).sequences[0].simulate
    for name in ("01", "02"):
        run_simulate(recipe, folder / "data" / "Demo", name)
    sequences = [
        {"name": name, "images": f"data/Demo/{name}", "masks": f"data/Demo/{name}_ERR_SEG"} for name in ("01", "02")
    ]
    raw = {"dataset": "Demo", "out": "results", **SETTINGS}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for sequence in sequences:
            track(raw | {"sequences": [sequence]})
        (folder / "demo.yaml").write_text(yaml.safe_dump(raw | {"sequences": sequences}))
        yield folder


@pytest.fixture
def config(finished):
    return complete(build_config(yaml.safe_load((finished / "demo.yaml").read_text())))


@pytest.fixture(scope="module")
def archive(finished):
    config = complete(build_config(yaml.safe_load((finished / "demo.yaml").read_text())))
    return run_submit(config, Path("demo.yaml"), finished / "sub", Wish(training="allGT"))


def test_a_finished_run_is_packed(finished, archive, digest):
    with zipfile.ZipFile(archive) as packed:
        names = set(packed.namelist())
        modes = {info.filename: (info.external_attr >> 16) & 0o777 for info in packed.infolist()}
    assert {name.split("/")[0] for name in names} == {"Demo", "SW"}
    for sequence in ("01", "02"):
        assert digest(finished / "sub" / "Demo" / f"{sequence}_RES-allGT", "*") == digest(
            finished / "results" / f"{sequence}_RES", "*"
        )
        assert modes[f"SW/Demo-{sequence}-allGT.sh"] == 0o755
    own = "SW/samtrack-0.1.0"
    for name in (
        "setup.sh",
        "requirements.txt",
        "bin/samtrack",
        "samtrack/cli/main.py",
        "samtrack/_workflow/Snakefile",
    ):
        assert f"{own}/{name}" in names
    for name in ("samtrack/_workflow/workflow/rules/link.smk", "samtrack/models/sam2/tiny/model.safetensors"):
        assert f"{own}/{name}" in names
    assert not [name for name in names if "__pycache__" in name]


def test_settings_sums_and_text_are_those_of_the_run(finished, config, archive):
    software = archive.with_suffix("") / "SW"
    again = build_config(yaml.safe_load((software / "Demo-allGT.yaml").read_text()))
    assert again == config.model_copy(update={"sequences": (), "out": again.out})
    for line in (software / "Demo-allGT.sha256").read_text().splitlines():
        sha256, name = line.split("  ")
        assert hashlib.sha256((software / name).read_bytes()).hexdigest() == sha256
    text = (software / "Demo-allGT.txt").read_text()
    assert "Demo/02_RES-allGT: 4 masks" in text
    assert "no rule broken" in text
    assert "method: shape" in text
    assert str(finished) not in text


def test_a_result_that_is_older_than_what_it_was_made_from_is_stale(finished, config):
    table = finished / "results" / "02_work" / "decided" / "tracks.parquet"
    before = table.stat().st_mtime_ns
    os.utime(table)
    with pytest.raises(SubmissionError, match=r"results are stale.*export_ctc.*snakemake --cores"):
        require_finished(config, Path("demo.yaml"), ("01", "02"))
    os.utime(table, ns=(before, before))


def test_what_snakemake_cannot_read_is_told(finished):
    Path("wrong.yaml").write_text("dataset: [\n")
    with pytest.raises(PlanError, match=r"wrong.yaml: Snakemake cannot say"):
        rules_left(Path("wrong.yaml"), [Path("results/01_RES/res_track.txt")])


def test_a_sequence_that_the_configuration_lacks(config):
    only = config.model_copy(update={"sequences": config.sequences[:1]})
    with pytest.raises(SubmissionError, match=r"has no sequence 02 \(it has 01\).*--sequence 01"):
        require_finished(only, Path("demo.yaml"), ("01", "02"))


def test_a_sequence_without_a_result(config, tmp_path):
    other = config.model_copy(update={"out": str(tmp_path)})
    with pytest.raises(
        SubmissionError, match=r"01_RES/res_track.txt: does not exist: sequence 01 has no finished result"
    ):
        require_finished(other, Path("demo.yaml"), ("01", "02"))


def test_a_run_without_masks_for_the_challenge(config):
    other = config.model_copy(update={"export": config.export.model_copy(update={"ctc": False})})
    with pytest.raises(SubmissionError, match=r"export.ctc is false"):
        require_finished(other, Path("demo.yaml"), ("01",))


def test_files_that_the_organisers_do_not_have(config):
    sequence = config.sequences[0]
    assert inputs_of(config, sequence) == {"images": "../Demo/01", "masks": "../Demo/01_ERR_SEG"}
    mine = sequence.model_copy(update={"masks": "mine/corrected"})
    with pytest.raises(SubmissionError, match=r"masks is mine/corrected, expected a path that ends in 01_ERR_SEG"):
        inputs_of(config, mine)
    movie = sequence.model_copy(update={"images": "data/movie.tif"})
    with pytest.raises(SubmissionError, match=r"images is data/movie.tif, expected a path that ends in 01:"):
        inputs_of(config, movie)
    seeds = {"method": "sam2", "seeds": {"method": "file"}}
    raw = {"dataset": "Demo", "segment": seeds, "sequences": [{"name": "01", "images": "x/01", "seeds": "points"}]}
    pointed = build_config(raw)
    with pytest.raises(SubmissionError, match=r"found by points, which the organisers do not have"):
        inputs_of(pointed, pointed.sequences[0])


def test_corrections_by_hand_are_not_packed(config, tmp_path):
    corrected = config.model_copy(update={"out": str(tmp_path)})
    file = Layout(tmp_path, "01").corrections
    write_pins(file, [])
    assert inputs_of(corrected, config.sequences[0])["images"] == "../Demo/01", (
        "a file without corrections does no harm"
    )
    write_pins(file, [Pin("delete", (0, 1), (), 1, "delete,0,1,,,", places=((3.0, 4.0),))])
    with pytest.raises(SubmissionError, match=r"01_corrections\.csv holds corrections .*Set associate\.pinned: none"):
        inputs_of(corrected, config.sequences[0])
    assert inputs_of(corrected, config.sequences[1])["images"] == "../Demo/02", "the other sequence has none"
    associate = config.associate.model_copy(update={"pinned": "none"})
    assert inputs_of(corrected.model_copy(update={"associate": associate}), config.sequences[0])
    assert file.exists()


def test_a_dataset_of_which_first_lineages_count_must_be_run_so(config):
    other = config.model_copy(update={"dataset": "Fluo-N3DL-DRO"})
    with pytest.raises(SubmissionError, match=r"Fluo-N3DL-DRO 01: lineages is 'all'.*from_first_frame"):
        require_finished(other, Path("demo.yaml"), ("01", "02"))


def test_a_result_that_breaks_a_rule_is_not_packed(finished, config, tmp_path):
    from samtrack.stages.submit_results import place_results

    shutil.copytree(finished / "results" / "01_RES", tmp_path / "01_RES")
    (tmp_path / "01_RES" / "mask001.tif").unlink()
    other = config.model_copy(update={"out": str(tmp_path)})
    with pytest.raises(SubmissionError, match=r"frame-missing: mask001.tif, frame 1"):
        place_results(Address(other, other.sequences[0]), tmp_path / "into", None)
    assert not (tmp_path / "into").exists()


def test_images_of_another_number_of_frames_are_a_fault(finished, config, tmp_path):
    from samtrack.stages.submit_results import place_results

    shutil.copytree(finished / "data" / "Demo" / "01", tmp_path / "01")
    (tmp_path / "01" / "t003.tif").unlink()
    sequence = config.sequences[0].model_copy(update={"images": str(tmp_path / "01")})
    with pytest.raises(SubmissionError, match=r"frame-extra: mask003.tif, frame 3: the raw movie has 3 frames"):
        place_results(Address(config, sequence), tmp_path / "into", None)


def test_the_machine_is_told():
    system, cpu, gpus = machine_lines()
    assert "Python 3." in system
    assert "cores" in cpu
    assert gpus.startswith("GPUs: ")


def test_an_entry_script_puts_results_into_place(finished, config, tmp_path):
    from samtrack.cli.main import main

    assert main(["submit", "--config", "demo.yaml", "--sequence", "02", "--results", str(tmp_path / "Demo")]) == 0
    assert (tmp_path / "Demo" / "02_RES" / "res_track.txt").read_bytes() == (
        finished / "results" / "02_RES" / "res_track.txt"
    ).read_bytes()
