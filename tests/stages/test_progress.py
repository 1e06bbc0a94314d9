"""How far a stage is, told now and then and at the end."""

import logging

from samtrack.stages import progress
from samtrack.stages.progress import Progress


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
    told = Progress("ingest", 2, 1.0)
    told.step(was_kept=True)
    told.step(was_kept=True)
    assert caplog.records[-1].getMessage() == "ingest: 2 of 2 frames (2 from an earlier run), 0 MB/s, 0 s left"
