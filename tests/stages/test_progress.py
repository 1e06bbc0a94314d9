"""How far a stage is, told now and then and at the end."""

import io
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from samtrack.config.layout import counts_folder
from samtrack.stages import progress
from samtrack.stages.progress import Count, Progress, count_file, foretell, gather


@pytest.fixture(autouse=True)
def own_environment(monkeypatch):
    """No test hears of a run."""
    for name in (progress.COUNTS, progress.SUMMED):
        monkeypatch.setenv(name, "")  # so that it is put back afterwards, whatever a test sets
        monkeypatch.delenv(name)


def lines_of(caplog, monkeypatch, seconds_per_frame, n, **options):
    now = iter(seconds_per_frame * i for i in range(n + 1))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    caplog.set_level(logging.INFO)
    told = Progress("segment", n, **options)
    for _ in range(n):
        told.step()
    return [record.getMessage() for record in caplog.records]


def test_slow_frames_are_told_by_tenths(caplog, monkeypatch):
    lines = lines_of(caplog, monkeypatch, 4.0, 20)
    assert lines[0] == "segment: 2 of 20 frames, 0.25 frames/s, 72 s left"
    assert len(lines) == 10


def test_fast_frames_are_told_once(caplog, monkeypatch):
    assert lines_of(caplog, monkeypatch, 0.01, 50, frame_mb=2.0) == ["segment: 50 of 50 frames, 200 MB/s, 0 s left"]


def test_short_work_is_not_told(caplog, monkeypatch):
    assert lines_of(caplog, monkeypatch, 0.01, 50) == []


def test_frames_of_an_earlier_run_do_not_count_as_speed(caplog):
    caplog.set_level(logging.INFO)
    told = Progress("ingest", 2, frame_mb=1.0)
    told.step(was_kept=True)
    told.step(was_kept=True)
    assert caplog.records[-1].getMessage() == "ingest: 2 of 2 frames (2 from an earlier run), 0 MB/s, 0 s left"


def test_a_slow_stage_is_told_of_before_a_tenth_is_done(caplog, monkeypatch):
    lines = lines_of(caplog, monkeypatch, 65.0, 100)
    assert lines[0] == "segment: 1 of 100 frames, 0.0154 frames/s, 1 h 47 min left"
    assert lines[59] == "segment: 60 of 100 frames, 0.0154 frames/s, 43 min left"


def test_in_a_terminal_one_line_is_drawn_anew_and_taken_away_at_the_end(caplog, monkeypatch):
    now = iter(0.15 * i for i in range(11))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    caplog.set_level(logging.INFO)
    terminal = io.StringIO()
    told = Progress("measure", 10, terminal=terminal)
    for _ in range(10):
        told.step()
    drawn = terminal.getvalue().split(progress.CLEAR)
    assert drawn[0] == drawn[-1] == ""
    assert drawn[1] == "measure: 2 of 10 frames, 6.67 frames/s, 1 s left"
    assert len(drawn) == 1 + 4 + 1
    assert not any("\n" in line for line in drawn)
    assert caplog.records == [], "the stage says itself that it is done"


def test_threads_count_together(caplog):
    caplog.set_level(logging.INFO)
    told = Progress("export", 400, frame_mb=1.0)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: told.step(), range(400)))
    assert caplog.records[-1].getMessage().startswith("export: 400 of 400 frames")


def in_run(out: Path, nodes: int | None = None, is_main: bool = True) -> Path:
    """Begin as a run does; the folder of counts."""
    gather(str(out), SimpleNamespace(is_main_process=is_main, resource_settings=SimpleNamespace(nodes=nodes)))
    return counts_folder(out)


def test_in_a_run_a_job_leaves_its_count_and_tells_nothing(caplog, monkeypatch, tmp_path: Path):
    counts = in_run(tmp_path)
    seen = []

    def look(*_):
        seen.append(Count(**json.loads(count_file(counts, "segment", "01", "00000-00020").read_text())).done)

    now = iter(0.4 * i for i in range(21))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    caplog.set_level(logging.INFO)
    told = Progress("segment", 20, "01", "00000-00020")
    look()
    for _ in range(20):
        told.step()
        look()
    assert seen == [0, 0, 0, 3, 3, 3, 6, 6, 6, 9, 9, 9, 12, 12, 12, 15, 15, 15, 18, 18, 20]
    assert caplog.records == []


@pytest.mark.parametrize("place", [{"nodes": 4}, {"is_main": False}])
def test_where_the_job_has_no_terminal_its_own_log_is_told_too(caplog, monkeypatch, tmp_path: Path, place):
    in_run(tmp_path)
    counts = in_run(tmp_path, **place)  # a job on a node inherits the environment of the run
    lines = lines_of(caplog, monkeypatch, 4.0, 20, sequence="01", block="00000-00020")
    assert lines[0] == "segment 01 00000-00020: 2 of 20 frames, 0.25 frames/s, 72 s left"
    assert count_file(counts, "segment", "01", "00000-00020").exists()


def test_outside_a_run_no_count_is_left(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Progress("segment", 1, "01").step()
    assert list(tmp_path.iterdir()) == []


def test_what_has_no_sequence_is_not_counted(tmp_path: Path):
    in_run(tmp_path)
    Progress("train", 1).step()
    assert list(tmp_path.iterdir()) == []


def test_a_stage_that_takes_all_cells_at_once_is_foretold_if_it_takes_long(caplog):
    caplog.set_level(logging.INFO)
    foretell("associate", "01", 100_000)
    assert caplog.records == []
    foretell("associate", "01", 6_400_000)
    assert caplog.records[-1].getMessage() == "associate 01: 6400000 cells at once, about 7 min"


def test_a_count_that_cannot_be_left_stops_no_work(caplog, tmp_path: Path):
    counts = in_run(tmp_path)
    counts.parent.mkdir(parents=True)
    counts.write_text("a file where the folder should be")
    told = Progress("segment", 3, "01")
    for _ in range(3):
        told.step()
    (line,) = (record.getMessage() for record in caplog.records)
    assert line.startswith("segment 01: is not counted on: ")
