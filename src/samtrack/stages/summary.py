"""What a run says when it ends: where the results lie, or what went wrong and where to read more."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samtrack.config import Config, build_config
from samtrack.config.layout import Layout, trained_folder
from samtrack.errors import SamtrackError
from samtrack.stages.address import Address
from samtrack.stages.leftovers import adopt_outputs, clear_leftovers, forget, name_of_jobs, noted, sweep_lost_nodes
from samtrack.stages.lineages import summary_of_lineages
from samtrack.stages.plan import complete, count_axes, is_saved, lock, save_run_config
from samtrack.stages.slurm_logs import said_by_slurm

SHOWN = ("SEG", "DET", "TRA", "LNK", "CT", "TF", "BC(0)", "CCA", "CHOTA")
"""Measures worth a line in a terminal; the JSON holds all."""


def say(text: str) -> None:
    """Write to the terminal."""
    sys.stderr.write(text + "\n")


def planned(raw: Mapping[str, Any]) -> Config:
    """The complete, checked configuration from what Snakemake read; an error is said, then raised (as in `begin`)."""
    try:
        return complete(build_config(raw, axes=count_axes))
    except SamtrackError as error:
        say(f"samtrack: error: {error}")
        raise


def begin(config: Config, workflow: Any) -> None:
    """Take the output folder, save the configuration there, and say what will be done; an error is said, then raised.

    (Snakemake's own telling of such errors is kept from the terminal; see `terminal`.) Slurm jobs that a killed run left
    are cancelled; ``workflow``, Snakemake's, tells what this run's jobs are called.
    """
    try:
        out = Path(config.out)
        if lock(out):
            follows_slurm = bool(noted(out))
            said = clear_leftovers(out, name_of_jobs(workflow))
            if said:
                say(said)
            if follows_slurm:
                adopt_outputs(workflow, out, is_saved(config))
        else:
            say(f"samtrack: {out}: this file system has no locks; make sure that no other run works here")
        save_run_config(config)
    except SamtrackError as error:
        say(f"samtrack: error: {error}")
        raise
    say(summary_of_plan(config))


def end(config: Config) -> None:
    """The run ended well: leave nothing behind, and say what it made."""
    forget(Path(config.out))
    sweep_lost_nodes(config)
    say(summary_of_results(config))


def summary_of_plan(config: Config) -> str:
    """One line per sequence: what will be done."""
    lines = []
    for sequence in config.sequences:
        address = Address(config, sequence)
        source = "given masks" if config.segment.method == "given" else f"method {config.segment.method}"
        lines.append(
            f"{config.dataset} {sequence.name}: {address.n_frames} frames in {len(address.blocks)} blocks, cells from "
            f"{source}, results in {Path(config.out).resolve()}"
        )
    return "\n".join(lines)


def summary_of_results(config: Config) -> str:
    """A few lines per sequence: result, page, scores, as far as they were made; and what was trained."""
    lines = [""]
    trained = trained_folder(config)
    if trained.exists():
        lines += [f"weights  {trained.resolve()}"]
    for sequence in config.sequences:
        address = Address(config, sequence)
        layout = address.layout
        places = [("tracks", layout.table_csv), ("image", layout.movie), ("page", layout.page)]
        places = ([("result", layout.result)] if config.export.ctc else []) + places
        made = [f"  {name:<8}{path.resolve()}" for name, path in places if path.exists()]
        lines += [f"{config.dataset} {sequence.name}", *made] if made else []
        if address.follows_some and layout.followed.exists():
            lines.append(f"  lineages {summary_of_lineages(address)}")
        if address.is_evaluated and layout.scores.exists():
            lines += [f"  {'scores':<8}{layout.scores.resolve()}", f"          {_scores(layout)}"]
    return "\n".join(lines)


def _scores(layout: Layout) -> str:
    values = json.loads(layout.scores.read_text(encoding="utf-8"))["values"]
    return "  ".join(f"{name} {values[name]:.4f}" for name in SHOWN if isinstance(values.get(name), int | float))


def summary_of_errors(config: Config, since: float) -> str:
    """The errors that stages of this run wrote to their logs, and why Slurm ended jobs, each with the log's path."""
    lines = []
    for path in sorted(Path(config.out, "logs").rglob("*.log")):
        if path.stat().st_mtime >= since:
            text = path.read_text(encoding="utf-8", errors="replace")
            at = text.find(": error: ")
            if at >= 0 or "Traceback" in text:
                message = text[text.rfind("\n", 0, at) + 1 :].strip() if at >= 0 else text.strip().splitlines()[-1]
                lines += [f"\n{message}\n  log: {path}"]
    lines += said_by_slurm(since)
    return "\n".join(lines or ["\nThe run stopped before a stage could say why; see Snakemake's message above."]) + (
        "\nNothing finished is lost: the same command goes on from here."
    )
