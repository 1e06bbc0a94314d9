"""Other programs asked a question, with a limit on how long they may think about it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

PATIENCE_S = 10.0
"""Seconds that a command may take. Slurm's commands answer within one, or wait for a controller that is away."""

LAST_WORDS_S = 2.0
"""Seconds to wait for a killed command to be gone. One that waits for a dead file server does not even die."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said; ``status`` is None where it is not on the PATH or did not end in time."""

    command: str
    status: int | None
    out: str = ""
    err: str = ""
    is_missing: bool = False

    @property
    def is_good(self) -> bool:
        """Whether it ended well."""
        return self.status == 0

    @property
    def complaint(self) -> str:
        """Why it is not good, in a few words: the last line it said, usually the one that tells."""
        said = [line.strip() for line in (self.err or self.out).splitlines() if line.strip()]
        return said[-1][:300] if said else f"ended with status {self.status} and said nothing"


def ask(*command: str, timeout_s: float = PATIENCE_S) -> Answer:
    """Run a command without input and wait for it at most so long; it and its children are killed after that."""
    text = " ".join(command[:2])
    program = shutil.which(command[0])
    if program is None:
        return Answer(text, None, err=f"{command[0]} is not on the PATH", is_missing=True)
    try:
        return _run(text, [program, *command[1:]], timeout_s)
    except OSError as error:
        return Answer(text, None, err=f"{program} cannot be started: {error.strerror}")


def _run(text: str, command: Sequence[str], timeout_s: float) -> Answer:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,  # so that its children can be killed, too: they hold the pipes open
    )
    try:
        out, err = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        _kill(process)
        return Answer(text, None, err=f"{text} gave no answer within {timeout_s:g} s")
    return Answer(text, process.returncode, out, err)


def _kill(process: subprocess.Popen[str]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=LAST_WORDS_S)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        return  # gone already, or not to be killed: either way nobody waits for it any longer
