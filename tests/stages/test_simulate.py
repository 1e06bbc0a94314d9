from pathlib import Path

import numpy as np
import pytest
import tifffile

from samtrack.config.simulate import SimulateSettings
from samtrack.errors import DataError
from samtrack.simulate import simulate_movie
from samtrack.stages import progress
from samtrack.stages.simulate import run_simulate

SETTINGS = SimulateSettings(frames=3, shape_px=(48, 64), cells={"count": 4}, seed=2)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_files_are_those_of_a_ctc_dataset(tmp_path: Path) -> None:
    run_simulate(SETTINGS, tmp_path, "01")
    expected = ["01/t{}.tif", "01_ERR_SEG/mask{}.tif", "01_GT/SEG/man_seg{}.tif", "01_GT/TRA/man_track{}.tif"]
    numbered = {name.format(f"{t:03d}") for name in expected for t in range(3)}
    assert set(files_of(tmp_path)) == numbered | {"01_GT/TRA/man_track.txt"}
    movie = simulate_movie(SETTINGS)
    table = np.loadtxt(tmp_path / "01_GT" / "TRA" / "man_track.txt", dtype=int, ndmin=2)
    np.testing.assert_array_equal(table, movie.tracks)
    for t in range(3):
        made = movie.frame(t)
        np.testing.assert_array_equal(tifffile.imread(tmp_path / f"01/t00{t}.tif"), made.image)
        np.testing.assert_array_equal(tifffile.imread(tmp_path / f"01_ERR_SEG/mask00{t}.tif"), made.masks)
        np.testing.assert_array_equal(tifffile.imread(tmp_path / f"01_GT/TRA/man_track00{t}.tif"), made.truth)
        np.testing.assert_array_equal(tifffile.imread(tmp_path / f"01_GT/SEG/man_seg00{t}.tif"), made.truth)


def test_a_second_run_writes_the_same_bytes_and_leaves_nothing_old(tmp_path: Path) -> None:
    run_simulate(SETTINGS.model_copy(update={"frames": 5}), tmp_path, "01")
    assert (tmp_path / "01" / "t004.tif").exists()
    run_simulate(SETTINGS, tmp_path, "01", overwrite=True)
    run_simulate(SETTINGS, tmp_path / "other", "01")
    again = files_of(tmp_path / "other")
    assert {k: v for k, v in files_of(tmp_path).items() if not k.startswith("other")} == again


def test_what_is_there_is_kept_unless_told(tmp_path: Path) -> None:
    run_simulate(SETTINGS, tmp_path, "01")
    before = files_of(tmp_path)
    with pytest.raises(DataError, match="01: is there already"):
        run_simulate(SETTINGS, tmp_path, "01")
    assert files_of(tmp_path) == before


def test_a_failed_run_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "samtrack.simulate.movie.SimulatedMovie.frame", lambda self, t: (_ for _ in ()).throw(KeyError(t))
    )
    with pytest.raises(KeyError):
        run_simulate(SETTINGS, tmp_path, "01")
    assert list(tmp_path.iterdir()) == []


def test_progress_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SAID_EVERY_S", -1.0)
    with caplog.at_level("INFO", logger="samtrack"):
        run_simulate(SETTINGS.model_copy(update={"frames": 20}), tmp_path, "01")
    assert len([m for m in caplog.messages if "of 20 frames, " in m]) == 10
    assert "20 frames" in caplog.messages[-1]
