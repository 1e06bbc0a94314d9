from pathlib import Path

import pytest

from samtrack.cli.main import build_parser
from samtrack.cli.movie import cache_folder, configuration_of, sequence_name, snakemake_command
from samtrack.errors import SettingsError
from samtrack.stages.workflow import workflow_folder


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("data/Fluo-N2DL-HeLa/01", "01"),
        ("data/01/", "01"),
        ("movie.tif", "movie"),
        ("movie.ome.tiff", "movie"),
        ("my movie (2).tif", "my_movie__2_"),
        ("plate.ome.zarr", "plate"),
        ("-x.tif", "x"),
        ("été.tif", "t_"),
    ],
)
def test_a_movie_gets_its_name_from_its_path(path: str, name: str):
    assert sequence_name(Path(path)) == name


def options(*arguments: str):
    return build_parser().parse_args(["run", "--images", "here/01", "--out", "there", *arguments])


def test_masks_given_are_linked_and_paths_become_absolute():
    config = configuration_of(options("--masks", "masks", "--truth", "01_GT"))
    (sequence,) = config.sequences
    assert config.segment.method == "given"
    assert sequence.images == str(Path("here/01").resolve())
    assert sequence.truth == str(Path("01_GT").resolve())
    assert (config.out, config.dataset) == (".", "here")
    assert configuration_of(options()).segment.method == "seeds"


def test_a_link_model_is_found_from_inside_the_output_folder():
    assert configuration_of(options("--set", "link.model=mine.json")).link.model == str(Path("mine.json").resolve())
    assert configuration_of(options()).link.model is None


def test_later_settings_win(tmp_path: Path):
    (tmp_path / "mine.yaml").write_text("link: {candidates: 7, gate_radii: 4}\nmovie: {minutes_per_frame: 2}\n")
    arguments = ["--preset", "Fluo-N2DL-HeLa", "--config", str(tmp_path / "mine.yaml"), "--set", "link.candidates=9"]
    config = configuration_of(options(*arguments))
    assert config.link.candidates == 9, "--set over the file"
    assert config.link.gate_radii == 4, "the file over the default"
    assert config.movie.minutes_per_frame == 2, "the file over the preset"
    assert config.movie.um_per_voxel == (0.645, 0.645), "the preset over the default"


def test_the_workflow_is_found_beside_the_package():
    assert (workflow_folder() / "workflow" / "rules" / "common.smk").is_file()
    command = snakemake_command(Path("run_config.yaml"), 3)
    assert command[command.index("--cores") + 1] == "3"


@pytest.mark.parametrize("variable", ["HOME", "XDG_CACHE_HOME"])
def test_an_unwritable_cache_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str
):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder(tmp_path / "out") == tmp_path / ".cache"
    assert capsys.readouterr().err == ""
    monkeypatch.setenv(variable, "/proc/nobody/writes/here")
    assert cache_folder(tmp_path / "out") == tmp_path / "out" / ".cache"
    assert "/proc/nobody/writes/here" in capsys.readouterr().err


def test_a_mode_is_a_word_and_points_and_cells_are_files():
    config = configuration_of(options("--mode", "track", "--seeds", "points.csv"), lambda _: 2)
    assert (config.mode, config.segment.method, config.reads_seeds) == ("track", "sam2", True)
    assert config.sequences[0].seeds == str(Path("points.csv").resolve())
    assert config.lineages == "all"
    config = configuration_of(options("--mode", "link", "--masks", "masks", "--first-frame", "cells.json"))
    assert (config.segment.method, config.fill.method, config.lineages) == ("given", "none", "from_first_frame")
    assert config.sequences[0].first_frame == str(Path("cells.json").resolve())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--seeds", "points"), "no method reads it, since segment.method is 'seeds'. Add --mode track"),
        (("--mode", "track", "--masks", "m"), "mode 'track' finds the cells itself"),
        (("--mode", "link"), "names no masks; add masks"),
        (("--mode", "follow"), "'link', 'link_and_generate' or 'track', found 'follow'"),
    ],
)
def test_files_that_nobody_reads_and_modes_that_lack_files_are_told(given, said):
    with pytest.raises(SettingsError, match=said):
        configuration_of(options(*given), lambda _: 2)
