"""What a run tells of its stages, summed over their blocks."""

import json
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import pytest

from samtrack.config import build_config
from samtrack.config.layout import counts_folder, progress_log
from samtrack.io.atomic import written_file
from samtrack.stages import tally
from samtrack.stages.plan import complete
from samtrack.stages.progress import Count, count_file
from samtrack.stages.tally import StageTally, Tally, stages_of


def count(
    out: Path, stage: str, block: str, done: int, kept: int, of: int, since: float = 0.0, at: float = 0.0
) -> None:
    """Leave a count as a job does."""
    with written_file(count_file(counts_folder(out), stage, "01", block)) as part:
        part.write_text(json.dumps(asdict(Count(done, kept, of, since, at))), encoding="utf-8")


@pytest.fixture
def config(tmp_path: Path):
    raw = {
        "dataset": "d",
        "out": str(tmp_path / "out"),
        "blocks": {"frames": 10},
        "sequences": [{"name": "01", "simulate": {"frames": 30}}],
    }
    return complete(build_config(raw))


def workflow_of(*jobs: tuple[str, str]) -> SimpleNamespace:
    """Snakemake's workflow as far as it is asked what it has to do: rules and blocks."""
    made = [
        SimpleNamespace(rule=rule, wildcards=SimpleNamespace(sequence="01", **({"block": block} if block else {})))
        for rule, block in jobs
    ]
    made.append(SimpleNamespace(rule="all", wildcards=SimpleNamespace()))
    return SimpleNamespace(dag=SimpleNamespace(needrun_jobs=lambda: made), local_exec=True)


def test_the_work_of_a_run_by_stage(config):
    (link, report) = stages_of(config, workflow_of(("link", "00000-00010"), ("report", ""), ("link", "00020-00030")))
    assert (link.name, link.jobs, link.is_in_blocks) == ("link 01", {"00000-00010": 10, "00020-00030": 10}, True)
    assert (report.name, report.is_in_blocks) == ("report 01", False)


def test_blocks_are_summed_and_those_of_earlier_runs_are_not_speed(tmp_path: Path):
    stage = StageTally("link", "01", 30, {"00000-00010": 10, "00010-00020": 10})
    lines = []
    for now, (a, b) in enumerate([(0, None), (2, 1), (4, 2), (10, 5), (10, 10), (10, 10)]):
        count(tmp_path, "link", "00000-00010", a, 0, 10, 100.0, 100.0 + 3 * now)
        if b is not None:
            count(tmp_path, "link", "00010-00020", b, 0, 10, 101.0, 100.0 + 3 * now)
        stage.look(counts_folder(tmp_path))
        lines.append(stage.line(3.0 * now))
    assert lines == [
        ("", False),
        ("link 01: 13 of 30 frames (10 from an earlier run), 1 frames/s, 17 s left", False),
        ("link 01: 16 of 30 frames (10 from an earlier run), 1 frames/s, 14 s left", False),
        ("link 01: 25 of 30 frames (10 from an earlier run), 1.67 frames/s, 3 s left", False),
        ("link 01: 30 of 30 frames (10 from an earlier run), 1.67 frames/s, done in 12 s", False),
        ("", False),
    ]


def test_a_tenth_of_the_frames_and_two_seconds_or_a_minute(tmp_path: Path):
    stage = StageTally("fill", "01", 100, {"": 100})
    said = []
    for done, now in [(0, 0.0), (9, 5.0), (10, 5.5), (19, 6.0), (20, 7.0), (21, 7.6), (22, 68.0)]:
        count(tmp_path, "fill", "", done, 0, 100, 0.0, now)
        stage.look(counts_folder(tmp_path))
        if stage.line(now)[0]:
            said.append(done)
    assert said == [10, 21, 22]


def test_a_short_job_of_the_whole_movie_tells_itself_that_it_is_done(tmp_path: Path):
    stage = StageTally("export_ctc", "01", 30, {"": 30})
    count(tmp_path, "export_ctc", "", 30, 0, 30, 10.0, 12.0)
    stage.look(counts_folder(tmp_path))
    assert stage.line(0.0) == ("export_ctc 01: 30 of 30 frames, 15 frames/s, done in 2 s", True)


def test_a_job_that_is_begun_anew_is_counted_anew(tmp_path: Path):
    stage = StageTally("segment", "01", 20, {"00000-00010": 10, "00010-00020": 10})
    count(tmp_path, "segment", "00000-00010", 7, 0, 10)
    stage.look(counts_folder(tmp_path))
    assert stage.sums == (7, 0, 20)
    count(tmp_path, "segment", "00000-00010", 1, 0, 10)
    stage.look(counts_folder(tmp_path))
    assert stage.sums == (1, 0, 20)


def test_terminal_and_log_hear_the_same_and_old_counts_are_forgotten(config):
    out, said = Path(config.out), []
    count(out, "link", "00000-00010", 10, 0, 10)
    tally = Tally(config, said.append)
    tally.start(workflow_of(*(("link", f"000{i}0-000{i + 1}0") for i in range(3)), ("validate", "")))
    tally.look(0.0)
    assert said == [], "what an earlier run counted of a job that is done anew is no progress"
    for i in range(3):
        count(out, "link", f"000{i}0-000{i + 1}0", 10, 0, 10, 50.0, 55.0)
    count(out, "validate", "", 30, 0, 30, 60.0, 61.0)
    tally.close("is done")
    assert said == ["link 01: 30 of 30 frames, 6 frames/s, done in 5 s"]
    lines = [line.split(" ", 2)[2] for line in progress_log(out).read_text(encoding="utf-8").splitlines()]
    assert lines == [
        "a run begins",
        *said,
        "validate 01: 30 of 30 frames, 30 frames/s, done in 1 s",
        "the run is done",
    ]


def test_a_run_that_never_began_says_nothing(config):
    said = []
    Tally(config, said.append).close("stopped")
    assert said == []
    assert not progress_log(Path(config.out)).exists()


def test_of_thousands_of_blocks_only_those_that_are_at_work_are_read(tmp_path: Path, monkeypatch):
    names = [f"{i:05d}-{i + 1:05d}" for i in range(3000)]
    stage = StageTally("link", "01", 3000, dict.fromkeys(names, 1))
    read = []
    monkeypatch.setattr(tally, "_read_count", lambda path: (read.append(path.stem), Count(1, 0, 1, 0.0, 1.0))[1])
    stage.look(counts_folder(tmp_path))
    assert read == [], "nothing has begun"
    for name in names[:2]:
        count(tmp_path, "link", name, 1, 0, 1)
    stage.look(counts_folder(tmp_path))
    stage.look(counts_folder(tmp_path))
    assert read == names[:2], "a block that is done is not read again"
    assert stage.sums == (2, 0, 3000)
