"""What of Snakemake's messages reaches the terminal: warnings, errors, and on a cluster how far the run has come.

Stages report themselves, one line each; Snakemake's own lines on every job would hide them. Told to be quiet about all,
Snakemake keeps its errors to itself, too, and a run with a wrong profile ends without a word. So the profiles ask it for
little quiet (`MARK`), and where they do this filter, on its handler for the terminal alone, lets through what a user has to
see. Everything is in its own log (`.snakemake/log`); `--verbose` and any other `--quiet` bring it back to the terminal.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from samtrack.errors import SamtrackError

LOGGER = "snakemake.logging"
"""What Snakemake's logger is called, as of 9.0."""

HANDLER = "DefaultStreamHandler"
"""What Snakemake calls its handler for the terminal, as of 9.0; where there is none of this name, nothing is filtered."""

MARK = {"host", "reason"}
"""What `quiet` is in the profiles: by these two words, and no others, a run asks for a short terminal."""

ALL_IS_DONE = "Nothing to be done"
"""How the only message of a run begins that finds everything made; without it the terminal would stay empty."""

ENDS_OF_JOBS = ("job_error", "group_error")
"""Events of Snakemake for a job that failed; on this machine the job has said so itself a line before."""


def shorten_terminal(workflow: Any) -> None:
    """Have the terminal show what matters of a run; a dry run shows all, as does one that was asked for more."""
    asked = workflow.output_settings
    is_marked = {kind.name.lower() for kind in asked.quiet or ()} == MARK
    if not workflow.is_main_process or not is_marked or asked.verbose or asked.printshellcmds or asked.debug_dag:
        return
    told = {kind.__name__ for kind in _kinds(SamtrackError)}
    for handler in logging.getLogger(LOGGER).handlers:
        if handler.name == HANDLER:
            handler.addFilter(lambda record: workflow.dryrun or matters(record, not workflow.local_exec, told))


def matters(record: logging.LogRecord, away: bool, told: set[str]) -> bool:
    """Whether a message of Snakemake is for the terminal; ``away``: jobs run elsewhere, and say nothing here.

    ``told`` names the exceptions that samtrack has said in its own words before it raised them.
    """
    event = str(getattr(record, "event", "") or "")
    if event in ENDS_OF_JOBS or event == "progress":
        return away
    if record.levelno >= logging.WARNING:
        return getattr(record, "exception", "") not in told
    return record.getMessage().startswith(ALL_IS_DONE)


def _kinds(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _kinds(child)
