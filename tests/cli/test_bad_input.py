"""What a user can get wrong: each case one clear message, exit status 2, nothing under a final name.

Cases of damaged files and of what stages find on the way are in ``tests/io`` and ``tests/stages``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from samtrack.cli.main import main

Change = Callable[[Path], None]


@pytest.fixture
def movie(tmp_path: Path) -> Path:
    """A tiny movie of three frames with masks and a truth folder."""
    for folder in ("01", "masks", "01_GT/TRA"):
        (tmp_path / folder).mkdir(parents=True)
    for t in range(3):
        image = np.full((20, 30), 100, np.uint16)
        image[5:9, 5 + t : 9 + t] = 900
        tifffile.imwrite(tmp_path / "01" / f"t{t:03d}.tif", image)
        tifffile.imwrite(tmp_path / "masks" / f"mask{t:03d}.tif", (image > 500).astype(np.uint16))
    return tmp_path


def refuse(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    status = main(list(arguments))
    said = capsys.readouterr().err
    assert status == 2
    assert "Traceback" not in said
    return said


def run(movie: Path, capsys: pytest.CaptureFixture[str], *more: str, images: str = "01", out: str = "out") -> str:
    said = refuse(capsys, "run", "--images", str(movie / images), "--out", str(movie / out), *more)
    assert said.startswith("samtrack run: error: ")
    assert not (movie / out / "01_RES").exists()
    return said


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["--preset", "Fluo-N2DL-Hela"], "Did you mean 'Fluo-N2DL-HeLa'?"),
        (["--preset", "nothing-like-it"], "Known: BF-C2DL-HSC"),
        (["--set", "link.max_gap_frame=3"], "link.max_gap_frame: unknown key. Did you mean 'max_gap_frames'?"),
        (["--set", "lnk.max_gap_frames=3"], "lnk: unknown key. Did you mean 'link'?"),
        (["--set", "link.max_gap_frames=many"], "link.max_gap_frames: Input should be a valid integer"),
        (["--set", "link.max_gap_frames=-1"], "greater than or equal to 0, found -1"),
        (["--set", "link.max_gap_frames"], "expected key=value"),
        (["--set", "segment.method=magic"], "magic"),
        (["--set", "associate.cost_appear=.nan"], "associate.cost_appear"),
        (["--set", "movie.um_per_voxel=[0.5,-0.5]"], "movie.um_per_voxel"),
        (["--set", "segment.method=given"], "names no masks"),
        (["--set", "a: b: c=1: 2: 3"], "--set a: b: c"),
        (["--cores", "0"], "--cores is 0, expected 1 or more"),
        (["--masks", "nowhere"], "does not exist"),
        (["--truth", "nowhere"], "does not exist"),
        (["--config", "nowhere.yaml"], "nowhere.yaml: cannot be read"),
        (["--set", "link.model=nowhere.json"], "nowhere.json does not exist. Relative paths count from"),
    ],
)
def test_settings_and_paths(movie: Path, capsys: pytest.CaptureFixture[str], more: list[str], expected: str):
    assert expected in run(movie, capsys, *more)
    assert not (movie / "out").exists(), "nothing is written before everything is checked"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("link: [1, 2", "is not valid YAML"),
        ("- a\n- b\n", "holds a list, expected keys with values"),
        ("sequences: [{name: '01', images: x}]", "it is a dataset's file. Run it with `snakemake"),
        ("preset: 7", "preset must be a name, found 7"),
        ("link: 3", "link: Input should be a valid"),
    ],
)
def test_configuration_files(movie: Path, capsys: pytest.CaptureFixture[str], text: str, expected: str):
    (movie / "mine.yaml").write_text(text)
    assert expected in run(movie, capsys, "--config", str(movie / "mine.yaml"))


def test_a_binary_file_as_configuration(movie: Path, capsys: pytest.CaptureFixture[str]):
    (movie / "mine.yaml").write_bytes(b"\xff\xfe\x00\x01")
    assert "cannot be read" in run(movie, capsys, "--config", str(movie / "mine.yaml"))


def test_no_images_there(movie: Path, capsys: pytest.CaptureFixture[str]):
    assert "does not exist" in run(movie, capsys, images="02")


def test_an_empty_folder(movie: Path, capsys: pytest.CaptureFixture[str]):
    (movie / "empty").mkdir()
    assert "empty" in run(movie, capsys, images="empty")


def test_frames_missing_in_the_numbering(movie: Path, capsys: pytest.CaptureFixture[str]):
    (movie / "01" / "t001.tif").unlink()
    said = run(movie, capsys)
    assert "1" in said
    assert "missing_frames" in said


def test_the_output_is_a_file(movie: Path, capsys: pytest.CaptureFixture[str]):
    (movie / "out").write_text("mine")
    said = run(movie, capsys)
    assert "cannot be written" in said
    assert (movie / "out").read_text() == "mine"


def test_the_output_cannot_be_made(movie: Path, capsys: pytest.CaptureFixture[str]):
    said = refuse(capsys, "run", "--images", str(movie / "01"), "--out", "/proc/nobody/may/write/here")
    assert "cannot be written" in said
    assert "another output folder" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_read_only_output(movie: Path, capsys: pytest.CaptureFixture[str]):
    (movie / "out").mkdir(mode=0o500)
    assert "cannot be written" in run(movie, capsys)


def test_the_folder_of_another_movie(movie: Path, capsys: pytest.CaptureFixture[str]):
    (movie / "out").mkdir()
    (movie / "out" / "run_config.yaml").write_text("sequences: [{name: '01', images: /data/other/01, frames: 3}]\n")
    said = run(movie, capsys)
    assert "holds sequence 01 of /data/other/01" in said
    assert "Choose another output folder" in said


def test_an_unknown_sequence_of_a_configuration(movie: Path, capsys: pytest.CaptureFixture[str]):
    (movie / "d.yaml").write_text(f"out: out\nsequences: [{{name: '01', images: {movie}/01}}]\n")
    said = refuse(capsys, "ingest", "--config", str(movie / "d.yaml"), "--sequence", "03")
    assert "sequence '03' is not in this configuration, which has: 01" in said


def test_a_block_that_is_not_in_the_plan(movie: Path, capsys: pytest.CaptureFixture[str]):
    (movie / "d.yaml").write_text(f"out: {movie}/out\nsequences: [{{name: '01', images: {movie}/01}}]\n")
    arguments = ("--config", str(movie / "d.yaml"), "--sequence", "01")
    said = refuse(capsys, "segment", *arguments, "--block", "00000-00007")
    assert "block '00000-00007' is not in the plan" in said
    assert "00000-00003" in said
    assert "--block is missing" in refuse(capsys, "segment", *arguments)


def test_more_frames_promised_than_there_are(movie: Path, capsys: pytest.CaptureFixture[str]):
    (movie / "d.yaml").write_text(f"out: {movie}/out\nsequences: [{{name: '01', images: {movie}/01, frames: 5}}]\n")
    said = refuse(capsys, "ingest", "--config", str(movie / "d.yaml"), "--sequence", "01")
    assert "5" in said
    assert "3" in said
    assert not (movie / "out" / "01.ome.zarr").exists()


def test_a_preset_of_another_dataset(movie: Path, capsys: pytest.CaptureFixture[str]):
    """The voxel size of a 3D dataset on 2D images."""
    text = f"preset: Fluo-N3DH-CE\nout: {movie}/out\nsequences: [{{name: '01', images: {movie}/01}}]\n"
    (movie / "d.yaml").write_text(text)
    said = refuse(capsys, "ingest", "--config", str(movie / "d.yaml"), "--sequence", "01")
    assert "um_per_voxel" in said


def test_a_stage_whose_input_is_not_there_yet(movie: Path, capsys: pytest.CaptureFixture[str]):
    (movie / "d.yaml").write_text(f"out: {movie}/out\nsequences: [{{name: '01', images: {movie}/01}}]\n")
    said = refuse(capsys, "associate", "--config", str(movie / "d.yaml"), "--sequence", "01")
    assert "00000-00003.parquet" in said


def test_a_simulation_without_a_recipe(movie: Path, capsys: pytest.CaptureFixture[str]):
    (movie / "d.yaml").write_text(f"out: {movie}/out\nsequences: [{{name: '01', images: {movie}/01}}]\n")
    assert "not a recipe" in refuse(capsys, "simulate", "--config", str(movie / "d.yaml"), "--sequence", "01")


def test_nothing_to_validate(movie: Path, capsys: pytest.CaptureFixture[str]):
    status = main(["validate", str(movie / "nowhere")])
    said = capsys.readouterr()
    assert status in (1, 2)
    assert "nowhere" in said.out + said.err


def test_an_invalid_result_is_listed_and_exits_with_1(movie: Path, capsys: pytest.CaptureFixture[str]):
    (movie / "masks" / "res_track.txt").write_text("1 0 1 0\n7 0 2 0\n")
    assert main(["validate", str(movie / "masks"), "--out", str(movie / "problems.txt")]) == 1
    said = capsys.readouterr().out
    assert "frame 2" in said
    assert "label 7" in said
    assert not (movie / "problems.txt").exists()


def test_a_truth_that_holds_nothing(movie: Path, capsys: pytest.CaptureFixture[str]):
    said = refuse(capsys, "evaluate", str(movie / "masks"), "--truth", str(movie / "01_GT"))
    assert "nothing to compare with" in said
