"""``samtrack correct`` on a real run: what is redone, what is kept, what is refused."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from samtrack.cli import main

SAMTRACK = [sys.executable, "-m", "samtrack.cli"]

RECIPE = "{frames: 5, shape_px: [96, 96], seed: 5, cells: {count: 5, cycle_hours: 5}}"

BEFORE = (
    "01.ome.zarr/0/**/*",
    "01_work/labels/**/*",
    "01_work/detections/*",
    "01_work/links/*",
    "01_work/typical.json",
)
"""What is made before the decision."""


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SAMTRACK, *arguments], cwd=cwd, capture_output=True, text=True, timeout=300, check=False)


def tracks_of(out: Path) -> dict[tuple[int, int], int]:
    """The track of each cell, by frame and label."""
    with (out / "01_tracks.csv").open() as file:
        return {(int(row["t"]), int(row["label"])): int(row["track_id"]) for row in csv.DictReader(file)}


def times(out: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for pattern in BEFORE for path in out.glob(pattern) if path.is_file()}


@pytest.mark.workflow
def test_a_correction_is_kept_and_nothing_before_the_decision_is_redone(tmp_path: Path):
    (tmp_path / "simulate.yaml").write_text(f"out: .\nsequences: [{{name: '01', simulate: {RECIPE}}}]\n")
    assert run("simulate", "--config", "simulate.yaml", "--sequence", "01", cwd=tmp_path).returncode == 0
    movie, out = tmp_path / "simulated", tmp_path / "out"
    settings = ["--set", "link.sam2=off", "--set", "fill.method=shape", "--cores", "1"]
    command = ["run", "--images", f"{movie}/01", "--masks", f"{movie}/01_ERR_SEG", "--out", "out", *settings]
    done = run(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    before, made = tracks_of(out), times(out)
    cell = next((t, label) for (t, label), track in before.items() if t == 1 and label and track in before.values())
    track = before[cell]
    after = next(key for key, value in before.items() if value == track and key[0] == 2 and key[1])
    (tmp_path / "edits.csv").write_text(
        f"action,frame,track,other_frame,other_track,note\nunlink,1,{track},2,{track},seen to be two\n"
    )
    done = run("correct", "out", "--edits", "edits.csv", "--cores", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 edits added (1 unlink)" in done.stderr
    assert "associate 01" in done.stdout
    assert "1 pairs apart" not in done.stdout, "the pieces are kept apart, not that pair alone"
    assert "kept as corrected: 0 links" in done.stdout
    assert "segment" not in done.stdout
    corrected = tracks_of(out)
    assert corrected[cell] != corrected[after]
    assert made
    assert times(out) == made
    decided = (out / "01_work" / "decided" / "tracks.parquet").stat().st_mtime_ns
    for again in (["correct", "out", "--edits", "edits.csv", "--cores", "1"], command):
        done = run(*again, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert (out / "01_work" / "decided" / "tracks.parquet").stat().st_mtime_ns == decided
    assert tracks_of(out) == corrected


def test_what_cannot_be_done_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["correct", str(tmp_path), "--edits", "x.csv"]) == 2
    assert "holds no run_config.yaml" in capsys.readouterr().err
    assert main(["correct", str(tmp_path), "--only-write"]) == 2
    assert "nothing to write" in capsys.readouterr().err
    assert main(["correct", str(tmp_path), "--cores", "0"]) == 2
    assert "expected 1 or more" in capsys.readouterr().err
