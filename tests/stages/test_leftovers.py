"""What a run does about jobs of an earlier one; with a real queue, tests/slurm/test_chaos.py does it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from samtrack.config import build_config
from samtrack.config.layout import SLURM_FILE, Layout
from samtrack.errors import PlanError
from samtrack.stages.leftovers import adopt_outputs, clear_leftovers, forget, name_of_jobs, noted, sweep_lost_nodes


def queue(folder: Path, monkeypatch: pytest.MonkeyPatch, jobs: str, fails: bool = False) -> None:
    """Commands that answer as Slurm's do: squeue lists jobs until scancel was called, and both note how."""
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "jobs").write_text(jobs)
    squeue = 'echo "down" >&2; exit 1' if fails else f"cat {folder}/jobs"
    programs = {"squeue": squeue, "scancel": f": > {folder}/jobs"}
    for name, does in programs.items():
        path = folder / "bin" / name
        path.write_text(f'#!/bin/sh\necho {name} "$@" >> {folder}/asked\n{does}\n')
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}/bin:/usr/bin:/bin")


def asked(folder: Path) -> list[str]:
    path = folder / "asked"
    return path.read_text().splitlines() if path.exists() else []


def test_without_slurm_nothing_is_asked_or_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    queue(tmp_path, monkeypatch, "7\n")
    assert clear_leftovers(tmp_path, "") == ""
    assert not asked(tmp_path)
    assert not (tmp_path / SLURM_FILE).exists()


def test_a_run_notes_its_name_and_the_next_one_cancels_what_it_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    queue(tmp_path, monkeypatch, "12\n9\n9\n")  # tasks of an array have one number
    assert clear_leftovers(tmp_path, "first") == ""
    assert not asked(tmp_path), "there was no earlier run"
    assert "2 Slurm jobs of an earlier run" in (said := clear_leftovers(tmp_path, "second"))
    assert "(9, 12)" in said
    look = "squeue --noheader --name=first --format=%A"
    assert asked(tmp_path) == [look, "scancel 9 12", look]
    assert (tmp_path / SLURM_FILE).read_text() == "second\n"


def test_a_run_without_slurm_clears_the_queue_and_the_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    queue(tmp_path, monkeypatch, "")
    clear_leftovers(tmp_path, "first")
    assert clear_leftovers(tmp_path, "") == "", "nothing was left"
    assert not (tmp_path / SLURM_FILE).exists()


@pytest.mark.parametrize("is_there", [True, False])
def test_a_queue_that_does_not_answer_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool):
    queue(tmp_path, monkeypatch, "", fails=True)
    if not is_there:
        monkeypatch.setenv("PATH", str(tmp_path))
    clear_leftovers(tmp_path, "first")
    said = clear_leftovers(tmp_path, "second")
    assert ("down" if is_there else "squeue is not on PATH") in said
    assert "squeue --name=first" in said, "what the user can do"
    assert (tmp_path / SLURM_FILE).read_text() == "first\nsecond\n", "the next run asks for both"


def test_jobs_that_do_not_end_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    queue(tmp_path, monkeypatch, "4\n")
    (tmp_path / "bin" / "scancel").write_text("#!/bin/sh\n")
    monkeypatch.setattr("samtrack.stages.leftovers.WAIT_S", 0.0)
    clear_leftovers(tmp_path, "first")
    assert clear_leftovers(tmp_path, "second").endswith("still ending: 4")


def test_the_name_of_a_run_is_that_of_the_executor_that_sends_jobs_away():
    here, sent = SimpleNamespace(is_local=True), SimpleNamespace(is_local=False)

    def workflow(executor: object, *jobs: object) -> SimpleNamespace:
        scheduler = SimpleNamespace(get_executor=lambda job: executor if job is sent else object())
        return SimpleNamespace(scheduler=scheduler, dag=SimpleNamespace(jobs=jobs))

    of_slurm = SimpleNamespace(run_uuid="abc")
    assert name_of_jobs(workflow(of_slurm, here, sent)) == "abc"
    assert name_of_jobs(workflow(of_slurm, here)) == "", "no job is sent away"
    assert name_of_jobs(workflow(object(), sent)) == "", "Snakemake's own executor"


def test_a_run_that_ended_well_leaves_no_note(tmp_path: Path):
    clear_leftovers(tmp_path, "first")
    assert noted(tmp_path) == ["first"]
    forget(tmp_path)
    assert noted(tmp_path) == []


class Job(SimpleNamespace):
    """A job as far as `adopt_outputs` looks at it: told apart by identity."""

    __hash__ = object.__hash__


def test_outputs_without_a_record_get_one_or_stop_the_run(tmp_path: Path):
    rules = {"measure": "recorded", "link": "unrecorded", "fill": "to be done"}
    jobs = [Job(rule=rule, output=["file"], state=state) for rule, state in rules.items()]
    recorded: list[str] = []
    workflow = SimpleNamespace(
        dag=SimpleNamespace(jobs=[*jobs, Job(rule="all", output=[])], needrun=lambda job: job.state == "to be done"),
        persistence=SimpleNamespace(
            has_metadata=lambda job: job.state == "recorded", finished=lambda job: recorded.append(job.rule)
        ),
        async_run=lambda done: done,
    )
    with pytest.raises(PlanError, match=r"1 jobs \(rules link\) ended after .* --forcerun link"):
        adopt_outputs(workflow, tmp_path, same_settings=False)
    assert recorded == []
    adopt_outputs(workflow, tmp_path, same_settings=True)
    assert recorded == ["link"]


def test_what_lost_nodes_left_is_removed_wherever_jobs_write(tmp_path: Path):
    config = build_config({"out": str(tmp_path), "sequences": [{"name": "01", "images": "somewhere"}]})
    layout = Layout(tmp_path, "01")
    finals = [
        layout.labels("0-1"),
        layout.links("0-1"),
        layout.decided / "tracks.parquet",
        layout.typical,
        layout.tracked,
    ]
    finals += [layout.page, layout.result, layout.movie]
    for final in finals:
        final.parent.mkdir(parents=True, exist_ok=True)
        final.with_name(f"{final.name}.part-lost-7").touch()
    layout.page.touch()
    sweep_lost_nodes(config)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [layout.page]
