"""The diary of a training run: losses of every step and measures of every look, in two tables that grow line by line."""

from __future__ import annotations

import csv
import logging
import time
from collections.abc import Callable
from pathlib import Path

from samtrack.config.train_loop import LoopSettings
from samtrack.errors import SettingsError
from samtrack.io.checkpoints import read_checkpoint, write_checkpoint
from samtrack.io.link_models import write_text
from samtrack.train.loop import Learner, Report
from samtrack.train.sam2_curves import draw_curves

log = logging.getLogger("samtrack")

CURVES, CHECKS, PICTURE = "curves.csv", "checks.csv", "curves.svg"
CHECKPOINT, SAMPLES = "checkpoint.pt", "samples.png"

FREE_TO_CHANGE = ("device", "workers", "checkpoint_every", "check_every", "compiled")
"""Settings that a run may go on without: they change no weight."""

SAY_EVERY = 20
"""Steps between lines that say how far the run is."""


class Diary:
    """Two tables of a run, written line by line: losses of every step, measures of every look."""

    def __init__(self, out: Path, step: int) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self._folder = out
        self._files = {name: out / name for name in (CURVES, CHECKS)}
        for path in self._files.values():
            _cut_after(path, step)
        self._since = time.perf_counter()
        self._recent: list[Report] = []

    def note(self, report: Report) -> None:
        """One step."""
        row = {"step": report.step, "rate": report.rate, "gradient": report.gradient, "lessons": report.lessons}
        self._append(CURVES, row | report.losses)
        self._recent.append(report)
        if report.step % SAY_EVERY == 0:
            n, seconds = len(self._recent), time.perf_counter() - self._since
            total = sum(sum(r.losses.values()) for r in self._recent) / n
            lessons = sum(r.lessons for r in self._recent)
            log.info(
                "step %d: loss %.3f, %.2f s per step, %.0f cells/s", report.step, total, seconds / n, lessons / seconds
            )
            self._recent, self._since = [], time.perf_counter()

    def checked(self, step: int, measures: dict[str, float]) -> None:
        """One look at held-out clips."""
        self._append(CHECKS, {"step": step, **measures})
        if not self._files[CURVES].exists():
            return  # before the first step
        drawn = draw_curves(*(_columns(self._files[name]) for name in (CURVES, CHECKS)))
        write_text(self._folder / PICTURE, drawn)

    def _append(self, name: str, row: dict[str, float]) -> None:
        path = self._files[name]
        is_new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row))
            if is_new:
                writer.writeheader()
            writer.writerow({k: f"{v:.6g}" for k, v in row.items()})


def after_step(run: Learner, report: Report, diary: Diary, look: Callable[[], None], out: Path) -> None:
    """Curves at every step; now and then a line, a ``look`` at what is held out, a checkpoint in ``out``."""
    diary.note(report)
    is_last = report.step == run.loop.last_step
    if report.step % run.loop.check_every == 0 or is_last:
        look()
    if report.step % run.loop.checkpoint_every == 0 or is_last:
        write_checkpoint(out / CHECKPOINT, run.state())


def resume(run: Learner, settings: LoopSettings, path: Path) -> None:
    """Let a run go on from a checkpoint, which must be of the same recipe."""
    state = read_checkpoint(path)
    now = settings.model_dump(mode="json")
    usual = {name: field.get_default(call_default_factory=True) for name, field in type(settings).model_fields.items()}
    before = usual | state["settings"]  # a checkpoint knows nothing of settings that came later
    changed = [name for name in now if before.get(name) != now[name] and name not in FREE_TO_CHANGE]
    if changed:
        raise SettingsError(
            f"{path} is of a run with other {', '.join(changed)} (there {before.get(changed[0])!r}, here "
            f"{now[changed[0]]!r}). Use the same recipe, or another --out."
        )
    run.load_state(state)


def _columns(path: Path) -> dict[str, list[float]]:
    """A table of numbers by column."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in rows[0]} if rows else {"step": []}


def _cut_after(path: Path, step: int) -> None:
    """Drop the rows of steps that a killed run did after its last checkpoint: they will be done again."""
    if not path.exists():
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = lines[:1] + [line for line in lines[1:] if line.endswith("\n") and int(line.split(",")[0]) <= step]
    path.write_text("".join(kept), encoding="utf-8")
