"""Stage correct: a person's edits of a result become pins that the next decision keeps."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from samtrack.associate.contradictions import require_consistent
from samtrack.associate.seen import Seen
from samtrack.associate.translate import pins_of
from samtrack.config import Config, build_config
from samtrack.config.layout import RUN_CONFIG, Layout, pinned_path
from samtrack.config.load import read_yaml
from samtrack.errors import DataError, SettingsError
from samtrack.io.corrections import read_edits, read_pins, write_pins
from samtrack.io.tables import read_detections, read_table
from samtrack.stages.pins import rows_of_pins
from samtrack.types import Detections, Edit, Pin

log = logging.getLogger("samtrack")


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run that has a result: its output folder, its configuration, and the folder in which it was started."""

    out: Path
    config: Config
    start: Path

    def sequence(self, name: str | None) -> str:
        """The sequence of a name; without one the only one."""
        names = [sequence.name for sequence in self.config.sequences]
        if name is None and len(names) == 1:
            return names[0]
        if name not in names:
            raise SettingsError(
                f"{self.out}: holds the sequences {', '.join(names)}, found --sequence {name or '(none)'}. Name one of them."
            )
        return str(name)


def open_run(out: Path) -> FinishedRun:
    """The run whose results lie in a folder."""
    path = out / RUN_CONFIG
    if not path.is_file():
        raise DataError(
            f"{out}: holds no {RUN_CONFIG}, so it is not the output folder of a run. Give the folder that `samtrack run "
            "--out` named, or 'out' of a configuration."
        )
    config = build_config(read_yaml(path), str(path))
    return FinishedRun(out.resolve(), config, start_folder(out, config))


def start_folder(out: Path, config: Config) -> Path:
    """The folder in which a run was started, from which its paths count."""
    named, here = Path(config.out), Path.cwd()
    if (here / named).resolve() == out.resolve():
        return here
    folder = out.resolve()
    parts = [part for part in named.parts if part != "."]
    if named.is_absolute() or ".." in parts or folder.parts[len(folder.parts) - len(parts) :] != tuple(parts):
        raise DataError(
            f"{out}: its {RUN_CONFIG} calls this folder {config.out}, so it was moved since. Start this command in the "
            "folder in which the run was started, or move the results back."
        )
    return folder.parents[len(parts) - 1] if parts else folder


def add_corrections(run: FinishedRun, sequence: str, edits_from: Sequence[Path]) -> Path:
    """Translate edits once, and add them to the corrections of a sequence; returns that file.

    Edits that were added before, told by their six fields, are left out: by now their tracks may have other numbers.
    """
    layout, path = Layout(run.out, sequence), _file_of(run, sequence)
    known = read_pins(path) if path.exists() else []
    edits = [edit for source in edits_from for edit in read_edits(source)]
    new = _not_known(edits, known)
    n_before = len(edits) - len(new)
    if n_before:
        log.info("%s: %d of %d edits were added before and are left out", path, n_before, len(edits))
    if not new:
        return path
    if not layout.table.is_file():
        raise DataError(f"{layout.table}: is missing, and edits speak of its tracks. Let the run finish first.")
    table = read_table(layout.table)
    seen = Seen(*(table[name] for name in ("track_id", "t", "label", "parent_track_id")))
    link = run.config.link
    reach = link.max_gap_frames + link.long_gap_frames + 1
    made = pins_of(new, seen, reach, first=max((pin.edit for pin in known), default=0) + 1)
    detections = _detections_of(run, layout)
    placed = [_with_places(pin, detections) for pin in made]
    require_consistent([*known, *placed])
    rows_of_pins(known, detections)
    write_pins(path, [*known, *placed])
    counts = Counter(edit.action for edit in new)
    told = ", ".join(f"{n} {action}" for action, n in sorted(counts.items()))
    log.info("%s: %d edits added (%s)", path, len(new), told)
    return path


def _file_of(run: FinishedRun, sequence: str) -> Path:
    named = pinned_path(run.config, sequence)
    if named is None:
        raise SettingsError(
            f"{run.out / RUN_CONFIG}: associate.pinned is none, so corrections would not be kept. Run again with "
            "associate.pinned: auto."
        )
    return run.start / named


def _not_known(edits: Sequence[Edit], known: Sequence[Pin]) -> list[Edit]:
    """The edits that were not added before; one that is written twice is new if it was added once."""
    before = Counter(text for _, text in {(pin.edit, pin.text) for pin in known})
    new = []
    for edit in edits:
        if before[edit.text] > 0:
            before[edit.text] -= 1
        else:
            new.append(edit)
    return new


def _detections_of(run: FinishedRun, layout: Layout) -> Detections:
    files = sorted(layout.detections("*").parent.glob("*.parquet"))
    if not files:
        raise DataError(
            f"{layout.work}: holds no detections, so nothing can be decided anew. The work folder was deleted: start the "
            "run again first."
        )
    return read_detections(files)


def _with_places(pin: Pin, detections: Detections) -> Pin:
    """The pin with the centroids of its detections, by which other masks are told from these."""
    frames, labels = zip(*pin.cells, strict=True)
    rows = detections.rows_of(list(frames), list(labels))
    if (rows < 0).any():
        raise DataError(
            f"{pin.where}: the result shows label {labels[0]} in frame {frames[0]}, which the detections do not hold: "
            "the run was changed since and has not finished. Start it again first."
        )
    return replace(pin, places=tuple(tuple(float(v) for v in detections.centroid_um[row]) for row in rows))
