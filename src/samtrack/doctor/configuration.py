"""The configuration: does it load, and does all exist that it names."""

from __future__ import annotations

from pathlib import Path

from samtrack.config import Config
from samtrack.config.load import load_config
from samtrack.doctor.finding import Finding, ok, problem
from samtrack.errors import SamtrackError
from samtrack.stages.plan import complete, count_axes


def load(path: Path | None) -> tuple[Config | None, list[Finding]]:
    """The configuration of a file with all that follows from it, as far as that is possible, and what was found."""
    if path is None:
        return None, [ok("configuration", "none given: the defaults are looked at; --config FILE looks at a run's")]
    checked = f"configuration {path}"
    try:
        config = load_config(path, axes=count_axes)
    except SamtrackError as error:
        return None, [problem(checked, _one_line(error), "Correct it; config/config.default.yaml has every setting.")]
    findings = [ok(checked, f"loads; {len(config.sequences)} sequences of {config.dataset}, results in {config.out}")]
    names: list[str] = []
    for sequence in config.sequences:
        try:
            complete(config.model_copy(update={"sequences": (sequence,)}))
        except SamtrackError as error:
            names.append(sequence.name)
            findings.append(problem(f"sequence {sequence.name}", _one_line(error), "Do what it says."))
    if not config.sequences:
        do = "Name movies under `sequences`, or give this file to `samtrack run --config`."
        findings.append(problem(checked, "names no movie", do))
    elif not names:
        findings.append(ok("files of all sequences", "images, masks, truth, points: all that are named exist"))
    return config, findings


def _one_line(error: SamtrackError) -> str:
    return " ".join(str(error).split())
