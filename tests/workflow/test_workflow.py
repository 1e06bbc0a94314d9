"""The real workflow: what it makes, what a change re-runs, what a killed run leaves, what two runs do."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from samtrack.config import load_config
from samtrack.stages.facts import facts_of
from samtrack.stages.forecast import forecast
from samtrack.stages.like import read_likeness, read_measured
from samtrack.stages.plan import complete

pytestmark = pytest.mark.workflow

ROOT = Path(__file__).parents[2]
SAMTRACK = [sys.executable, "-m", "samtrack.cli"]

RECIPE = "{frames: 9, shape_px: [128, 128], seed: 5, cells: {count: 8, cycle_hours: 5}}"
RESULT = (
    "01_RES/*",
    "01_tracks.*",
    "01_scores.*",
    "01_report.html",
    "01.ome.zarr/**/*",
    "run_config.yaml",
    "01_tracks.geff/**/*",
)

ALL = {"segment", "measure", "summarise", "link", "associate", "fill", "export_tracks", "export_ctc", "export_files"}
LAST = {"validate", "evaluate", "report"}
BEFORE_FILL = {"segment", "measure", "summarise", "link", "associate"}


def run(*arguments: str, cwd: Path, timeout: int = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SAMTRACK, *arguments], cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False
    )


def arguments(movie: Path, out: str, *more: str) -> list[str]:
    """`samtrack run` on the movie, without networks: loading one takes longer than all that is tested here."""
    parts = ["run", "--images", f"{movie}/01", "--truth", f"{movie}/01_GT", "--masks", f"{movie}/01_ERR_SEG"]
    settings = ["blocks.frames=4", "link.sam2=off", "fill.method=shape"]
    return [*parts, "--out", out, "--cores", "2", *(word for s in settings for word in ("--set", s)), *more]


def dry_run(out: Path, *overrides: str) -> set[str]:
    """Names of the rules that Snakemake would run after a change of the configuration of a finished run."""
    import yaml

    from samtrack.config.load import merge, parse_override

    raw = yaml.safe_load((out / "run_config.yaml").read_text())
    for text in overrides:
        raw = merge(raw, parse_override(text))
    (out / "changed.yaml").write_text(yaml.safe_dump(raw))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--dry-run", "--cores", "1"]
    command += ["--configfile", "changed.yaml", "--workflow-profile", "none"]
    done = subprocess.run(command, cwd=out, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return set(re.findall(r"^(?:local)?rule (\w+):", done.stdout + done.stderr, flags=re.MULTILINE)) - {"all"}


@pytest.fixture(scope="module")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("movie")
    (folder / "simulate.yaml").write_text(f"out: .\nsequences: [{{name: '01', simulate: {RECIPE}}}]\n")
    done = run("simulate", "--config", "simulate.yaml", "--sequence", "01", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "simulated"


@pytest.fixture(scope="module")
def finished(movie: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    done = run(*arguments(movie, "out"), cwd=folder)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "TRA" in done.stderr, "the run ends with its scores"
    return folder / "out"


def test_a_run_makes_everything_it_promises(finished: Path):
    assert len(list((finished / "01_RES").glob("mask*.tif"))) == 9
    for name in ("01_RES/res_track.txt", "01_tracks.csv", "01_tracks.parquet", "01_scores.json", "01_scores.csv"):
        assert (finished / name).stat().st_size > 0, name
    assert (finished / "01_tracks.geff" / ".zattrs").stat().st_size > 0
    assert "<html" in (finished / "01_report.html").read_text()
    assert (finished / "01_validation.txt").exists()
    assert not list(finished.rglob("*.part-*")), "nothing half-written is left"
    done = run("validate", "01_RES", cwd=finished)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_the_run_cost_is_what_was_forecast_within_a_factor_of_five(finished: Path):
    """CPU seconds, so that it does not depend on who else works on the machine."""
    config = complete(load_config(finished / "run_config.yaml"), finished)
    sequence = config.sequences[0]
    costs = {cost.rule: cost for cost in forecast(config, sequence, facts_of(config, sequence), cores=1)}
    measured = read_measured(finished / "benchmarks" / "01")
    assert set(measured) == set(costs)
    assert {rule: one.jobs for rule, one in measured.items()} == {rule: one.jobs for rule, one in costs.items()}
    took = sum(one.cpu_s or one.wall_s for one in measured.values())
    assert took / 5 < sum(cost.cpu_s for cost in costs.values()) < took * 5
    most = max(one.memory_mb for one in measured.values())
    assert most / 5 < max(cost.memory_mb for cost in costs.values()) < most * 5
    files = [path for path in finished.rglob("*") if path.is_file()]
    said = sum(cost.files for cost in costs.values())
    assert len(files) / 2 < said < len(files) * 2
    disk = sum(path.stat().st_size for path in files) / 1e6
    assert disk / 5 < sum(cost.disk_mb for cost in costs.values()) < disk * 5


def test_the_plan_like_a_finished_run_takes_its_times(finished: Path):
    done = run("plan", "--config", "run_config.yaml", "--like", ".", "--json", "-", cwd=finished)
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    like = read_likeness(finished)
    per_rule = {rule: one.seconds for rule, one in read_measured(finished / "benchmarks" / "01").items()}
    for cost in plan["rules"]:
        if cost["rule"] in like.seconds:
            assert cost["cpu_s"] == pytest.approx(per_rule[cost["rule"]], rel=0.01)
    assert plan["sequences"]["01"]["cells"] * 9 == pytest.approx(
        len((finished / "01_tracks.csv").read_text().split()) - 1
    )


def test_a_second_run_has_nothing_to_do(finished: Path):
    assert dry_run(finished) == set()


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("movie.minutes_per_frame=7", {"ingest"} | ALL | LAST),
        ("ingest.compression_level=5", {"ingest"} | ALL | LAST),
        ("segment.missing=empty", ALL | LAST),
        ("link.candidates=4", ALL - {"segment", "measure", "summarise"} | LAST),
        ("associate.cost_appear=1.5", {"associate", "fill", "export_tracks", "export_ctc", "export_files"} | LAST),
        ("lineages=from_first_frame", {"lineages", "fill", "export_tracks", "export_ctc", "export_files"} | LAST),
        ("fill.min_size_fraction=0.4", {"fill", "export_tracks", "export_ctc", "export_files"} | LAST),
        ("export.field_of_interest_px=5", {"export_tracks", "export_ctc", "export_files"} | LAST),
        ("export.files=[geff, trackmate]", {"export_files"}),
        ("export.files=[]", set()),
        ("evaluate.division_tolerance_frames=[1]", {"evaluate", "report"}),
        ("report.tail_frames=3", {"report"}),
        ("blocks.frames=auto", set()),  # the folder keeps its own number
        ("resources.memory_gb=4", set()),
        ("sam2.cell_px=40", set()),  # no stage asks it (one that does: tests/config/test_revisions.py)
        ("sam2.device=cpu", set()),
    ],
)
def test_a_changed_section_re_runs_its_stage_and_what_follows(finished: Path, override: str, expected: set[str]):
    assert dry_run(finished, override) == expected


@pytest.mark.parametrize(("stage", "expected"), [("segment", {"diameter"} | ALL), ("fill", ALL - BEFORE_FILL)])
def test_a_stage_that_asks_a_network_runs_after_its_weights_are_fetched(finished: Path, stage: str, expected: set[str]):
    overrides = [f"{stage}.method=sam2", "sam2.weights=edgetam"]
    assert dry_run(finished, *overrides) == {"fetch_weights"} | expected | LAST


def test_a_link_model_re_runs_the_links_when_its_content_changes(finished: Path):
    from samtrack.link.calibrate import default_plain

    model = finished / "model.json"
    model.write_text(json.dumps(default_plain()))
    expected = ALL - {"segment", "measure", "summarise"} | LAST
    assert dry_run(finished, "link.model=model.json") == expected


@pytest.mark.parametrize(("asked", "n_jobs"), [("off", 0), ("on", 3), ("auto", 3)])
def test_sam2_is_asked_block_by_block_before_the_links(tmp_path: Path, sam2_folder: Path, asked: str, n_jobs: int):
    recipe = f"out: out\nsequences: [{{name: '01', simulate: {RECIPE}}}]\nblocks: {{frames: 4}}\n"
    recipe += "fill: {method: shape}\n"
    (tmp_path / "c.yaml").write_text(f"{recipe}link: {{sam2: {asked}}}\nsam2: {{weights: {sam2_folder}}}\n")
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--dry-run", "--cores", "1"]
    command += ["--configfile", "c.yaml", "--workflow-profile", "none"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    counts = {name: int(n) for name, n in re.findall(r"^(\w+) +(\d+)$", done.stdout + done.stderr, re.MULTILINE)}
    assert counts["link"] == 3
    assert counts.get("propagate", 0) == n_jobs
    assert counts.get("fetch_weights", 0) == (n_jobs > 0)
    link_inputs = re.findall(r"rule link:\n    input: (.*)", done.stdout + done.stderr)
    assert sorted(text.count("evidence") for text in link_inputs) == ([1, 2, 2] if n_jobs else [0, 0, 0])


def test_a_changed_image_is_noticed(finished: Path, movie: Path):
    image = movie / "01" / "t003.tif"
    before = image.stat()
    try:
        os.utime(image, (time.time(), time.time() + 5))
        assert "ingest" in dry_run(finished)
    finally:
        os.utime(image, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert dry_run(finished) == set()


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    """Return as soon as a path is there, which tells how far a run is whatever the machine's speed."""
    deadline = time.time() + 120
    while not path.exists():
        assert process.poll() is None, f"the run ended before it made {path}"
        assert time.time() < deadline, f"{path} did not appear"
        time.sleep(0.02)


@pytest.mark.parametrize("moment", ["logs/01/ingest.log", "logs/01/link", "logs/01/export_tracks.log"])
def test_killed_and_started_again_ends_in_the_same_bytes(
    movie: Path, finished: Path, tmp_path: Path, digest: Callable[..., dict[str, str]], moment: str
):
    """SIGKILL to every process of the run at once, as a lost machine would; then the same command again."""
    process = subprocess.Popen(
        [*SAMTRACK, *arguments(movie, "out")],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_for(tmp_path / "out" / moment, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "out" / "01_report.html").exists(), "killed too late to show anything"
    done = run(*arguments(movie, "out"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert digest(tmp_path / "out", *RESULT) == digest(finished, *RESULT)
    assert not list((tmp_path / "out").rglob("*.part-*"))


def test_only_the_main_process_killed(
    movie: Path, finished: Path, tmp_path: Path, digest: Callable[..., dict[str, str]]
):
    """Jobs of the killed run go on for a while beside the new run; they must not harm it."""
    process = subprocess.Popen(
        [*SAMTRACK, *arguments(movie, "out")], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for(tmp_path / "out" / "logs/01/measure", process)
    process.kill()
    process.wait()
    done = run(*arguments(movie, "out"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert digest(tmp_path / "out", *RESULT) == digest(finished, *RESULT)


def test_two_runs_at_once_in_one_folder(movie: Path, tmp_path: Path):
    first = subprocess.Popen(
        [*SAMTRACK, *arguments(movie, "out")], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.time() + 30
        while not (tmp_path / "out" / "run_config.yaml").exists() and time.time() < deadline:
            time.sleep(0.1)
        second = run(*arguments(movie, "out"), cwd=tmp_path)
        assert second.returncode == 2
        assert "another run is working here" in second.stderr
        assert str(first.pid) in second.stderr
    finally:
        assert first.wait(timeout=200) == 0, "the first run is not disturbed"


def test_a_failing_stage_says_why_and_loses_nothing(movie: Path, tmp_path: Path):
    broken = tmp_path / "movie"
    shutil.copytree(movie, broken)
    image = broken / "01" / "t004.tif"
    image.write_bytes(image.read_bytes()[:500])
    done = run(*arguments(broken, "out"), cwd=tmp_path)
    assert done.returncode != 0
    assert "t004.tif" in done.stderr
    assert "the same command goes on from here" in done.stderr
    assert not (tmp_path / "out" / "01.ome.zarr" / "zarr.json").exists()
    shutil.copy(movie / "01" / "t004.tif", image)
    assert run(*arguments(broken, "out"), cwd=tmp_path).returncode == 0


def test_the_snakemake_command_of_the_readme(tmp_path: Path):
    """A dataset file, a simulated sequence, plain snakemake started in the project's folder."""
    (tmp_path / "d.yaml").write_text(
        f"dataset: d\nout: {tmp_path}/out\nblocks: {{frames: 5}}\n"
        f"sequences: [{{name: 'a', simulate: {RECIPE}}}, {{name: 'b', simulate: {RECIPE.replace('seed: 5', 'seed: 6')}}}]\n"
    )
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", str(tmp_path / "d.yaml")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    for name in ("a", "b"):
        assert (tmp_path / "out" / f"{name}_scores.json").exists()
        assert str(tmp_path / "out" / f"{name}_report.html") in done.stderr


def tracks_of(out: Path) -> dict[tuple[int, int], int]:
    """The track of each cell that was seen, by frame and label."""
    with (out / "01_tracks.csv").open() as file:
        rows = [{name: int(row[name]) for name in ("t", "label", "track_id")} for row in csv.DictReader(file)]
    return {(row["t"], row["label"]): row["track_id"] for row in rows if row["label"]}


def test_a_correction_is_kept_and_nothing_before_the_decision_is_redone(movie: Path, finished: Path, tmp_path: Path):
    out = tmp_path / "out"
    shutil.copytree(finished, out, symlinks=True)
    before = tracks_of(out)
    cell, after = next((a, b) for a in before for b in before if a[0] == 3 and b[0] == 4 and before[a] == before[b])
    track = before[cell]
    (tmp_path / "edits.csv").write_text(
        f"action,frame,track,other_frame,other_track,note\nunlink,3,{track},4,{track},two\n"
    )
    made = {path: path.stat().st_mtime_ns for path in sorted((out / "01_work" / "links").iterdir())}
    done = run("correct", "out", "--edits", "edits.csv", "--cores", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 edits added (1 unlink)" in done.stderr
    assert "kept as corrected" in done.stdout
    assert not re.search(r"^(ingest|segment|measure|link) ", done.stdout, flags=re.MULTILINE)
    corrected = tracks_of(out)
    assert corrected[cell] != corrected[after]
    assert {path: path.stat().st_mtime_ns for path in made} == made
    assert dry_run(out) == set(), "the next run keeps it and has nothing to do"
    assert dry_run(out, "associate.pinned=none") >= {"associate", "fill", "export_tracks"}


def test_snakemakes_own_report_holds_the_page(finished: Path, tmp_path: Path):
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--workflow-profile", "none"]
    command += ["--configfile", "run_config.yaml", "--cores", "1", "--report", str(tmp_path / "all.zip")]
    done = subprocess.run(command, cwd=finished, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(tmp_path / "all.zip") as made:
        names = {Path(name).name: name for name in made.namelist()}
        assert made.read(names["01_report.html"]) == (finished / "01_report.html").read_bytes()
        assert "movie player, doubtful decisions" in made.read(names["report.html"]).decode()


def test_the_page_of_a_run_says_what_it_took(finished: Path):
    page = (finished / "01_report.html").read_text()
    run_section = page[page.index('<section id="run">') :]
    assert "<td>associate</td>" in run_section
    assert "<dt>Processor</dt>" in run_section
    assert "Errors against the truth" in page
