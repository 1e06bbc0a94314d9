"""Runs of the workflow on the tests' cluster: a movie so small that jobs take seconds, what was done when, what it cost.

A finished local run is the measure of all others. A test takes a copy of it without what some stage made, has that made
again on the cluster, breaks something on the way, and compares.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import content_of
from tests.slurm.cluster import Cluster, wait_until

ROOT = Path(__file__).parents[2]
INSTRUMENT = Path(__file__).parent / "instrument"
SNAKEMAKE = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]

MOVIE = "out: .\nsequences: [{name: '01', simulate: {frames: 6, shape_px: [96, 96], seed: 5, cells: {count: 5}}}]\n"
CONFIG = """\
dataset: chaos
out: out
sequences: [{name: '01', images: %s/01, masks: %s/01_ERR_SEG}]
movie: {minutes_per_frame: 15, um_per_voxel: [0.5, 0.5]}
segment: {method: given}
blocks: {frames: 3}
link: {sam2: 'off'}
fill: {method: shape}
export: {ctc: false, files: []}
resources: {memory_gb: 2}
"""
"""Two blocks, no network, no truth: 13 commands from images to page."""

RUN_LIMIT_S = 400
"""Seconds after which a run on the cluster counts as hanging; they take 20 to 120 on two busy cores."""

HELD_LIMIT_S = 400
"""Seconds for a job to be sent, to begin, and to come to where it is held."""

MADE_BY = {
    "link": ["01_work/links", "01_work/divisions", "01_work/merges"],
    "associate": ["01_work/decided"],
    "fill": ["01_work/filled"],
    "export": ["01.ome.zarr/labels", "01_tracks.csv", "01_tracks.parquet"],
    "report": ["01_report.html"],
}
"""What each stage makes below the output folder, in the order of the stages."""

STAGES = ("ingest", "segment", "measure", "link", "associate", "fill", "export", "report")
"""The commands of the movie's run, in the order of their work."""

RESULT = ("01_work/**/*", "01.ome.zarr/**/*", "01_tracks.*", "01_report.html", "run_config.yaml")


@dataclass(frozen=True)
class Execution:
    """One command of samtrack that a job ran, by the diary, without its number of workers; a killed one has no end."""

    command: str
    job: int
    node: str
    gpus: str
    started: float
    ended: float
    ended_well: bool
    held: float

    @property
    def stage(self) -> str:
        return self.command.split()[0]

    @property
    def seconds(self) -> float:
        """How long it worked; the time for which a test held it does not count."""
        return self.ended - self.started - self.held


@dataclass
class Run:
    """One Snakemake process and what it says."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def finish(self, seconds: float = RUN_LIMIT_S) -> int:
        """Its exit status. A run that hangs is killed and fails the test."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the run hangs\n{self.text}") from None

    def kill(self) -> None:
        """SIGKILL: it can tidy nothing."""
        self.process.kill()
        self.process.wait()


@dataclass(frozen=True)
class Work:
    """A working folder, in which runs of one configuration are started."""

    folder: Path
    environment: dict[str, str]
    out: str = "out"

    @property
    def holds(self) -> Path:
        return self.folder / "holds"

    def start(self, *options: str, profile: str = "slurm", cwd: Path | None = None) -> Run:
        """Snakemake on this folder, in a session of its own, so that a signal reaches it alone."""
        self.holds.mkdir(exist_ok=True)
        log = self.folder / f"run{len(list(self.folder.glob('run*.log')))}.log"
        paths = os.pathsep.join(str(path) for path in (INSTRUMENT, ROOT / "src"))
        variables = {
            "PYTHONPATH": paths,
            "SAMTRACK_DIARY": str(self.folder / "diary"),
            "SAMTRACK_HOLDS": str(self.holds),
        }
        variables |= {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
        how = ["--cores", "2"] if profile == "" else ["--profile", str(ROOT / "profiles" / profile)]
        config = [] if "--configfile" in options else ["--configfile", "config.yaml"]
        quick = ["--slurm-init-seconds-before-status-checks", "2"] if profile == "slurm" else []
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [*SNAKEMAKE, *options, *how, *quick, *config],  # options that take many words must not take targets
                cwd=cwd or self.folder,
                env=self.environment | variables,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        return Run(process, log)

    def hold(self, name: str, how: str = "named") -> None:
        """From now on commands wait that write paths which fit ``*name*``; ``how`` is told in the instrument."""
        self.holds.mkdir(exist_ok=True)
        part = self.folder / "hold"
        part.write_text(how)
        part.rename(self.holds / name)  # all of it at once

    def release(self) -> None:
        """Let all that are held go on."""
        for path in self.holds.iterdir():
            path.unlink()

    def diary(self) -> list[dict[str, Any]]:
        """What the instrument wrote."""
        path = self.folder / "diary"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def wait_held(self, count: int, run: Run, since: float = 0.0) -> list[dict[str, Any]]:
        """The last entries of ``count`` commands that are being held since a time, once there are as many."""

        def now() -> list[dict[str, Any]]:
            last: dict[tuple[str, int], dict[str, Any]] = {}
            for entry in self.diary():
                last[(entry["SLURM_JOB_ID"], entry["pid"])] = entry
            return [entry for entry in last.values() if entry["event"] == "held" and entry["time"] > since]

        def enough() -> bool:
            assert run.process.poll() is None, f"the run ended before anything was held\n{run.text}"
            return len(now()) >= count

        wait_until(enough, f"{count} held commands", HELD_LIMIT_S)
        return now()

    def executions(self) -> list[Execution]:
        """All commands that were started, oldest first."""
        return list(_executions(self.diary()))

    def digest(self) -> dict[str, str]:
        """Content of all files of the result and of everything between, by path."""
        out = self.folder / self.out
        files = {path for pattern in RESULT for path in out.glob(pattern) if path.is_file()}
        return {str(path.relative_to(out)): hashlib.sha256(content_of(path)).hexdigest() for path in sorted(files)}


def _executions(diary: Sequence[dict[str, Any]]) -> Iterator[Execution]:
    open_ones: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for entry in diary:
        key = (entry["SLURM_JOB_ID"], entry["pid"])
        if entry["event"] == "started" and key in open_ones:  # the number of a process was used again
            yield _execution(open_ones.pop(key))
        open_ones.setdefault(key, []).append(entry)
    yield from (_execution(entries) for entries in open_ones.values())


def _execution(entries: Sequence[dict[str, Any]]) -> Execution:
    first, last = entries[0], entries[-1]
    times = {event: [e["time"] for e in entries if e["event"] == event] for event in ("held", "released")}
    held = sum(after - before for before, after in zip(times["held"], times["released"], strict=False))
    return Execution(
        command=re.sub(r" --workers \d+", "", " ".join(first["command"])),
        job=int(first["SLURM_JOB_ID"] or 0),
        node=first["SLURMD_NODENAME"],
        gpus=first["CUDA_VISIBLE_DEVICES"],
        started=first["time"],
        ended=last["time"],
        ended_well=last["event"] == "ended" and last.get("status") in (0, None),
        held=held,
    )


@dataclass(frozen=True)
class Lab:
    """Cluster, movie and the finished run that all others are compared with."""

    cluster: Cluster
    folder: Path

    def build(self) -> Lab:
        """Simulate the movie, and track it on this machine without the cluster."""
        movie = self.folder / "movie"
        movie.mkdir(parents=True)
        (movie / "simulate.yaml").write_text(MOVIE)
        command = [sys.executable, "-m", "samtrack.cli", "simulate", "--config", "simulate.yaml", "--sequence", "01"]
        environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
        subprocess.run(command, cwd=movie, check=True, env=environment, capture_output=True, timeout=120)
        self.finished.folder.mkdir()
        images = movie / "simulated"
        (self.finished.folder / "config.yaml").write_text(CONFIG % (images, images))
        run = self.finished.start(profile="")
        assert run.finish() == 0, run.text
        return self

    @property
    def finished(self) -> Work:
        return Work(self.folder / "finished", self.cluster.environment)

    def work(self, name: str, stage: str) -> Work:
        """A copy of the finished run in which what one stage and all after it make has to be made again."""
        folder = self.folder / name
        shutil.copytree(self.finished.folder, folder, symlinks=True)
        for path in [folder / "diary", *folder.glob("run*.log")]:
            path.unlink()
        later = list(MADE_BY)[
            list(MADE_BY).index(stage) :
        ]  # Snakemake makes nothing again that lies before what is there
        for path in (folder / "out" / part for one in later for part in MADE_BY[one]):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        return Work(folder, self.cluster.environment)

    def empty(self, name: str) -> Work:
        """A folder in which nothing has been made."""
        folder = self.folder / name
        folder.mkdir()
        shutil.copy(self.finished.folder / "config.yaml", folder)
        return Work(folder, self.cluster.environment)

    def made_by(self, stage: str) -> list[str]:
        """The files that a stage makes, as Snakemake knows them."""
        files = [name for part in MADE_BY[stage] for name in self.finished.digest() if name.startswith(part)]
        return [f"out/{name}" for name in files if not name.startswith("01.ome.zarr")]

    def commands(self, *stages: str) -> list[str]:
        """The commands of some stages, as the finished run started them."""
        return sorted(done.command for done in self.finished.executions() if done.stage in stages)


@dataclass(frozen=True)
class Cost:
    """What one fault cost: commands that ran again and how long they take, and when work went on after the fault."""

    fault: str
    what_happened: str
    commands_again: int
    seconds_again: float
    seconds_until_work: float


def cost_of(work: Work, fault: str, what_happened: str, at: float) -> Cost:
    """The repeated work in a folder after a fault at a time (seconds since 1970)."""
    runs: dict[str, list[Execution]] = {}
    for execution in work.executions():
        runs.setdefault(execution.command, []).append(execution)
    again = [executions for executions in runs.values() if len(executions) > 1]
    first = min((e.started for executions in again for e in executions[1:] if e.started > at), default=time.time())
    return Cost(
        fault=fault,
        what_happened=what_happened,
        commands_again=sum(len(executions) - 1 for executions in again),
        seconds_again=round(sum((len(e) - 1) * e[-1].seconds for e in again), 1),
        seconds_until_work=round(first - at, 1) if again else 0.0,
    )
