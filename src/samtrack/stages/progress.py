"""How far a stage is: a line now and then in a log, one line that is drawn anew in a terminal, a count for the whole run.

A run works on many blocks at once, so how far one of them is says little. Its jobs therefore leave their counts in a folder
(`gather`), and the run's main process tells sums (`tally`). What it tells on the same terminal jobs don't tell again.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from samtrack.config.layout import counts_folder
from samtrack.config.rates import RATES
from samtrack.errors import DataError
from samtrack.io.atomic import written_file

log = logging.getLogger("samtrack")

SAID_EVERY_S = 2.0
SAID_EVERY_SHARE = 0.1
"""A line of a log comes after this many seconds or this share of the frames, whichever is later."""

QUIET_S = 60.0
"""Seconds after which a line comes whatever the share: who looks at the log of a slow stage sees that it goes on."""

DRAWN_EVERY_S = 0.2
"""A terminal's line is drawn anew after this many seconds: fast enough to look alive."""

COUNTED_EVERY_S = 1.0
"""Seconds between two counts left for the run: what a person notices, and no burden to a shared file system."""

FORETOLD_FROM_S = 20.0
"""Seconds that a stage that doesn't go frame by frame must be going to take to be foretold: shorter ones just report."""

CLEAR = "\r\x1b[K"
"""Back to the line's beginning, and nothing left of what stood there."""

COUNTS = "SAMTRACK_COUNTS"
"""Variable of the environment that names the folder in which jobs of a run leave their counts."""

SUMMED = "SAMTRACK_SUMMED"
"""Variable of the environment that is set where the run tells sums on the terminal that its jobs write to."""

WHOLE_MOVIE = "movie"
"""What the count of a job that has no block is called."""


@dataclass(frozen=True, slots=True)
class Count:
    """A job has done ``done`` of ``of`` frames, an earlier run ``kept`` of them; times in seconds of the clock."""

    done: int
    kept: int
    of: int
    since: float
    at: float


def gather(out: str, workflow: Any) -> None:
    """Have the stages that a process of a Snakemake workflow starts leave their counts below the run's folder.

    Where they write to the terminal on which the run's main process tells sums, they are to tell them to nobody else.
    """
    summed = workflow.is_main_process and workflow.resource_settings.nodes is None
    os.environ[COUNTS] = str(counts_folder(Path(out)))
    if summed:
        os.environ[SUMMED] = "1"
    else:
        os.environ.pop(SUMMED, None)


def count_file(counts: Path, stage: str, sequence: str, block: str = "") -> Path:
    """Where the count of a job lies."""
    return counts / sequence / stage / f"{block or WHOLE_MOVIE}.json"


def is_due(now: float, said_at: float, share: float) -> bool:
    """Whether a line of a log is due, the last one being of ``said_at``, with this share of the frames done since."""
    waited = now - said_at
    return (waited >= SAID_EVERY_S and share >= SAID_EVERY_SHARE) or waited >= QUIET_S


class Progress:
    """Counts the ``n`` frames of a stage; threads may count together.

    ``frame_mb`` says how large one is, where reading it is what takes time; then the last frame is told even if all went
    fast. ``terminal`` is where a line may be drawn anew (None: standard error if it is a terminal).
    """

    def __init__(
        self,
        stage: str,
        n: int,
        sequence: str = "",
        block: str = "",
        frame_mb: float | None = None,
        terminal: TextIO | None = None,
    ) -> None:
        self._name = " ".join(word for word in (stage, sequence, block) if word)
        self._n, self._mb = n, frame_mb
        self._start = self._said_at = self._drawn_at = self._counted_at = time.monotonic()
        self._since = time.time()
        self._done = self._kept = self._said = 0
        self._lock = threading.Lock()
        self._terminal = terminal or (sys.stderr if sys.stderr.isatty() else None)
        self._is_summed = SUMMED in os.environ
        counts = os.environ.get(COUNTS)
        self._count_file = count_file(Path(counts), stage, sequence, block) if counts and sequence else None
        self._count()

    def step(self, was_kept: bool = False) -> None:
        """Count one frame; ``was_kept`` if an earlier run had finished it. The last one ends what was begun."""
        with self._lock:
            self._done += 1
            self._kept += was_kept
            now = time.monotonic()
            if self._done == self._n or now - self._counted_at >= COUNTED_EVERY_S:
                self._counted_at = now
                self._count()
            if self._terminal is not None:
                self._draw(now, self._terminal)
            else:
                self._say(now)

    def _count(self) -> None:
        """Leave the count for the run. Where that fails it is said and done without: no work is lost for want of a line."""
        if self._count_file is None:
            return
        count = Count(self._done, self._kept, self._n, self._since, time.time())
        try:
            with written_file(self._count_file) as part:
                part.write_text(json.dumps(asdict(count)), encoding="utf-8")
        except DataError as error:
            log.warning("%s: is not counted on: %s", self._name, error)
            self._count_file = None

    def _draw(self, now: float, terminal: TextIO) -> None:
        """The line in a terminal: drawn over itself, and taken away by the last frame, after which the stage reports."""
        if self._done == self._n:
            terminal.write(CLEAR)
            terminal.flush()
            if self._mb is not None:
                log.info("%s", self._line(now))
        elif now - self._drawn_at >= DRAWN_EVERY_S:
            terminal.write(CLEAR + self._line(now))
            terminal.flush()
            self._drawn_at = now

    def _say(self, now: float) -> None:
        """A line in a log, where one is due."""
        due = not self._is_summed and is_due(now, self._said_at, (self._done - self._said) / self._n)
        is_last = self._done == self._n and (self._mb is not None or self._said > 0)
        if due or is_last:
            log.info("%s", self._line(now))
            self._said_at, self._said = now, self._done

    def _line(self, now: float) -> str:
        """Frames, speed, and the time that is left if it goes on like this."""
        seconds = now - self._start
        speed = None if self._mb is None else f"{self._mb * rate_of(self._done - self._kept, seconds):.0f} MB/s"
        return tell(self._name, (self._done, self._kept, self._n), seconds, speed)


def rate_of(frames: int, seconds: float) -> float:
    """Frames per second."""
    return max(frames, 0) / max(seconds, 1e-9)


def tell(name: str, counts: tuple[int, int, int], seconds: float, speed: str | None = None) -> str:
    """One line: frames done, speed (if it isn't given, in frames), and the time that is left if it goes on like this.

    ``counts`` are frames done, those of them that an earlier run did, and all; ``seconds`` went by for the others.
    """
    done, kept, of = counts
    rate = rate_of(done - kept, seconds)
    earlier = f" ({kept} from an earlier run)" if kept else ""
    left = f"{told_time((of - done) / rate if rate else 0.0)} left"
    return f"{name}: {done} of {of} frames{earlier}, {speed or f'{rate:.3g} frames/s'}, {left}"


def foretell(rule: str, sequence: str, n_cells: int) -> None:
    """Say that a stage begins that works on all cells of a movie at once, and about how long it takes, if that is long."""
    rate = RATES[rule]
    seconds = rate.start_s + rate.cells_s * n_cells / 1000
    if seconds >= FORETOLD_FROM_S:
        log.info("%s %s: %d cells at once, about %s", rule, sequence, n_cells, told_time(seconds))


def told_time(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
