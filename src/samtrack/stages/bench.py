"""Stage bench: our linkers and those of others on the detections of a finished run, as one table.

Each linker runs in a fresh process (``bench_row``), one after the other; one that fails has the reason in its row. Writes
below the run's folder only: ``bench/NAME/SEQUENCE_RES``, ``bench/linkers.csv`` and ``bench/linkers.md``.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samtrack.config import Config, load_config
from samtrack.config.layout import RUN_CONFIG
from samtrack.errors import DataError, SettingsError
from samtrack.io.atomic import written_file
from samtrack.peers import PEERS, is_installed
from samtrack.stages.address import Address
from samtrack.stages.bench_row import OWN, Entry, row_file

log = logging.getLogger("samtrack")

MEASURES = ("LNK", "BIO(0)", "CHOTA", "TRA", "CT", "TF", "BC(0)", "CCA", "divF1(0)", "divF1(1)")
"""Measures of the table, the most telling of linking first."""

COLUMNS = ("dataset", "sequence", "system", "version", "settings", *MEASURES, "link_s", "peak_mb", "note")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What is compared: a finished run's folder, a truth in place of the run's, filling, linkers, a peer's weights."""

    run: Path
    truth: Path | None = None
    fill: bool = True
    systems: tuple[str, ...] = ()
    model: Path | None = None
    workers: int | None = None

    @property
    def folder(self) -> Path:
        """Where the results go: filled and unfilled ones do not mix."""
        return self.run / ("bench" if self.fill else "bench_unfilled")


def run_bench(options: BenchOptions) -> list[Row]:
    """Run every linker on every sequence of the run; write and return the table."""
    config = run_config_of(options)
    if options.truth is not None and len(config.sequences) > 1:
        raise SettingsError(
            f"--truth is given, but {options.run} holds {len(config.sequences)} sequences. Name each one's truth in the "
            "run's configuration instead."
        )
    rows = []
    for sequence in config.sequences:
        address = Address(config, sequence)
        for system in systems_of(options):
            rows.append(_row_of(address, system, options))
            _write_table(rows, options.folder)  # after each, so that a long comparison can be watched
    return rows


def run_config_of(options: BenchOptions) -> Config:
    """The configuration of the finished run, with ``out`` where the run lies now."""
    path = options.run / RUN_CONFIG
    if not path.is_file():
        raise DataError(
            f"{options.run}: holds no {RUN_CONFIG}, so it is no finished run. Give what was --out of samtrack run."
        )
    overrides = [] if options.workers is None else [f"resources.workers={options.workers}"]
    return load_config(path, overrides).model_copy(update={"out": str(options.run)})


def entry_of(address: Address, system: str, options: BenchOptions) -> Entry:
    """What one row is made from."""
    return Entry(
        system=system,
        folder=options.folder / system,
        fill=options.fill,
        truth=options.truth or address.sources.truth,
        model=options.model,
    )


def systems_of(options: BenchOptions) -> tuple[str, ...]:
    """The linkers asked for; without any, all of ours and the peers that are installed."""
    if options.systems:
        return options.systems
    missing = [name for name in PEERS if not is_installed(name)]
    if missing:
        log.info("not installed, so not compared: %s", ", ".join(missing))
    return (*OWN, *(name for name in PEERS if name not in missing))


def _row_of(address: Address, system: str, options: BenchOptions) -> Row:
    """Run one linker in its own process; the row holds its figures, or why there are none."""
    entry, name = entry_of(address, system, options), address.sequence.name
    file = row_file(entry.folder, name)
    file.unlink(missing_ok=True)
    done = subprocess.run(_command(system, name, options), capture_output=True, text=True, check=False)
    with written_file(entry.folder / f"{name}.log") as part:
        part.write_text(done.stderr, encoding="utf-8")
    row: Row = dict.fromkeys(COLUMNS) | {"dataset": address.config.dataset, "sequence": name, "system": system}
    if done.returncode != 0 or not file.is_file():
        row["note"] = reason_of(done.returncode, done.stderr)
        log.info("bench %s %s: %s", system, name, row["note"])
        return row
    found = json.loads(file.read_text(encoding="utf-8"))
    row |= {key: found[key] for key in ("version", "settings", "link_s", "peak_mb")}
    log.info("bench %s %s: linked in %.2f s", system, name, row["link_s"])
    return row | {measure: found["scores"].get(measure) for measure in MEASURES}


def _command(system: str, sequence: str, options: BenchOptions) -> list[str]:
    """The command line that makes one row."""
    command = [sys.executable, "-m", "samtrack.cli", "bench", "row", str(options.run), system, "--sequence", sequence]
    command += ["--fill" if options.fill else "--no-fill"]
    for name, value in (
        ("--truth", options.truth),
        ("--trackastra-model", options.model),
        ("--workers", options.workers),
    ):
        command += [name, str(value)] if value is not None else []
    return command


def reason_of(status: int, said: str) -> str:
    """Why a process failed, in one line: its error message, the signal that killed it, or its last words."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line.partition(": error: ")[2] for line in lines if ": error: " in line]
    if told:
        return told[-1]
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return lines[-1] if lines else f"ended with status {status} and said nothing"


def _write_table(rows: Sequence[Row], folder: Path) -> None:
    """The table as CSV, with all digits, and as Markdown for people."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    for name, content in (("linkers.csv", text.getvalue()), ("linkers.md", markdown_of(rows))):
        with written_file(folder / name) as part:
            part.write_text(content, encoding="utf-8")


def markdown_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as a table, a dash for what there is not; settings are left to the CSV."""
    shown = [name for name in COLUMNS if name != "settings"]
    lines = [f"| {' | '.join(shown)} |", f"|{'---|' * len(shown)}"]
    lines += [f"| {' | '.join(_told(name, row.get(name)) for name in shown)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _told(name: str, value: Any) -> str:
    if value is None:
        return "" if name == "note" else "–"
    if not isinstance(value, float):
        return str(value).replace("|", "/")
    return f"{value:.2f}" if name == "link_s" else f"{value:.0f}" if name == "peak_mb" else f"{value:.4f}"
