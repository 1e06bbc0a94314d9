"""How far a run is, stage by stage: the counts of its jobs, summed over blocks, on the terminal and in `logs/progress.log`.

Told by the run's main process, wherever its jobs work: they leave their counts in files (`progress.gather`).
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samtrack.config import Config
from samtrack.config.layout import counts_folder, progress_log
from samtrack.stages.address import Address
from samtrack.stages.progress import WHOLE_MOVIE, Count, count_file, is_due, told_time
from samtrack.stages.progress import tell as tell_progress

LOOK_EVERY_S = 1.0
"""Seconds between two looks at the counts: jobs on this machine leave them so often."""

LOOK_AWAY_EVERY_S = 10.0
"""The same where jobs run on other machines: folders of shared file systems are not to be read all the time."""

CLOCK = "%Y-%m-%d %H:%M:%S"
"""How the log begins its lines."""


@dataclass(slots=True)
class StageTally:
    """The jobs of one stage of one sequence that a run has to do."""

    stage: str
    sequence: str
    n_frames: int
    jobs: dict[str, int] = field(default_factory=dict)
    """Block (empty: the whole movie) → its frames."""
    counts: dict[str, Count] = field(default_factory=dict)
    said_at: float = 0.0
    said: int = -1

    @property
    def name(self) -> str:
        """What the lines begin with."""
        return f"{self.stage} {self.sequence}"

    @property
    def is_in_blocks(self) -> bool:
        """Whether the stage is done block by block."""
        return "" not in self.jobs

    def look(self, counts: Path) -> None:
        """Read the counts that can still have changed; a job that has not begun has none."""
        for block in self._begun(counts):
            known = self.counts.get(block)
            if known is None or known.done < known.of:
                found = _read_count(count_file(counts, self.stage, self.sequence, block))
                if found is not None:
                    self.counts[block] = found

    def forget(self, counts: Path) -> None:
        """Remove what earlier runs counted of the jobs."""
        for block in self._begun(counts):
            count_file(counts, self.stage, self.sequence, block).unlink(missing_ok=True)

    def _begun(self, counts: Path) -> list[str]:
        """The blocks of which there is a count: of thousands that wait, no file is asked for."""
        try:
            names = sorted(os.listdir(count_file(counts, self.stage, self.sequence).parent))
        except OSError:
            return []
        blocks = (name.removesuffix(".json").replace(WHOLE_MOVIE, "") for name in names)
        return [block for block in blocks if block in self.jobs]

    @property
    def sums(self) -> tuple[int, int, int]:
        """Frames done, those of them that were done before the run, and all; 0 of 0 if nothing has begun."""
        counts = self.counts.values()
        done, kept, of = (sum(getattr(count, name) for count in counts) for name in ("done", "kept", "of"))
        if not counts or not self.is_in_blocks:
            return done, kept, of
        before = self.n_frames - sum(self.jobs.values())
        return done + before, kept + before, self.n_frames

    @property
    def seconds(self) -> float:
        """From the first job's begin to the last count."""
        counts = self.counts.values()
        return max(count.at for count in counts) - min(count.since for count in counts) if counts else 0.0

    def line(self, now: float) -> tuple[str, bool]:
        """The line to be told now (empty: none), and whether it is for the log alone."""
        done, kept, of = self.sums
        if of == 0 or done == self.said:
            return "", False
        is_end, is_first = done == of, self.said < 0
        if is_first:
            self.said, self.said_at = kept, now
        if not is_end and not (done > kept and is_due(now, self.said_at, (done - self.said) / of)):
            return "", False
        alone = is_end and not self.is_in_blocks and self.said <= kept  # the stage itself has told that it is done
        self.said, self.said_at = done, now
        text = tell_progress(self.name, (done, kept, of), self.seconds)
        return (f"{text.rpartition(', ')[0]}, done in {told_time(self.seconds)}" if is_end else text), alone


class Tally:
    """Tells of all stages of a run, from a thread of its own, from `start` to `close`. ``say`` writes to the terminal."""

    def __init__(self, config: Config, say: Callable[[str], None]) -> None:
        self._config, self._say = config, say
        self._counts, self._log = counts_folder(Path(config.out)), progress_log(Path(config.out))
        self._stages: list[StageTally] = []
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, workflow: Any) -> None:
        """Forget what earlier runs counted of the jobs that a Snakemake workflow has to do, and begin."""
        self._stages = stages_of(self._config, workflow)
        for stage in self._stages:
            stage.forget(self._counts)
        self._note("a run begins")
        every_s = LOOK_EVERY_S if workflow.local_exec else LOOK_AWAY_EVERY_S
        self._thread = threading.Thread(target=self._watch, args=(every_s,), name="progress", daemon=True)
        self._thread.start()

    def close(self, how: str) -> None:
        """Tell what is left to be told, and how the run ended; nothing where it had not begun."""
        if self._thread is not None:
            self._is_over.set()
            self._thread.join()
            self.look(time.monotonic())
            self._note(f"the run {how}")

    def _watch(self, every_s: float) -> None:
        while not self._is_over.wait(every_s):
            self.look(time.monotonic())

    def look(self, now: float) -> None:
        """Read the counts once, and tell what is due."""
        for stage in self._stages:
            stage.look(self._counts)
            text, for_log = stage.line(now)
            if text:
                self._note(text)
                if not for_log:
                    self._say(text)

    def _note(self, text: str) -> None:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("a", encoding="utf-8", newline="\n") as log:
            log.write(f"{time.strftime(CLOCK)} {text}\n")


def stages_of(config: Config, workflow: Any) -> list[StageTally]:
    """What a Snakemake workflow has to do, by stage and sequence."""
    addresses = {sequence.name: Address(config, sequence) for sequence in config.sequences}
    stages: dict[tuple[str, str], StageTally] = {}
    for job in workflow.dag.needrun_jobs():
        sequence, block = (getattr(job.wildcards, name, "") for name in ("sequence", "block"))
        if sequence in addresses:
            address, stage = addresses[sequence], str(job.rule)
            tally = stages.setdefault((stage, sequence), StageTally(stage, sequence, address.n_frames))
            tally.jobs[block] = len(address.block(block).core) if block else address.n_frames
    return list(stages.values())


def _read_count(path: Path) -> Count | None:
    """A job's count, if it can be read."""
    try:
        return Count(**json.loads(path.read_text(encoding="utf-8")))
    except OSError:
        return None
