"""Loaded by every Python of a test's run: writes a diary of samtrack's commands, and lets a test hold them while they write.

Python imports a module of this name when it starts, if the folder is on PYTHONPATH. Nothing is replaced: a command does what
it does, only it may wait for a moment before it gives a file its final name. `SAMTRACK_DIARY` names the diary (one JSON
object a line), `SAMTRACK_HOLDS` a folder: while it holds a file NAME, no path that contains NAME becomes final.
"""

import atexit
import json
import os
import sys
import time


def _note(event, **facts):
    told = {name: os.environ.get(name, "") for name in ("SLURM_JOB_ID", "SLURMD_NODENAME", "CUDA_VISIBLE_DEVICES")}
    line = {"event": event, "command": COMMAND, "pid": os.getpid(), "time": time.time(), **told, **facts}
    descriptor = os.open(DIARY, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, (json.dumps(line) + "\n").encode())  # one write: lines of several processes do not mix
    finally:
        os.close(descriptor)


def _held(rename):
    def renamed(source, target, **options):
        def is_held():
            return any(name in os.fspath(target) for name in os.listdir(HOLDS))

        if is_held():
            _note("held", target=os.fspath(target))
            while is_held():
                time.sleep(0.05)
            _note("released", target=os.fspath(target))
        return rename(source, target, **options)

    return renamed


def _noted(leave):
    def left(status=None):
        STATUS.append(status)
        leave(status)

    return left


DIARY, HOLDS = os.environ.get("SAMTRACK_DIARY"), os.environ.get("SAMTRACK_HOLDS")
COMMAND = sys.orig_argv[2:]
STATUS = []
if DIARY and HOLDS and len(sys.orig_argv) > 1 and os.path.basename(sys.orig_argv[1]) == "samtrack":
    _note("started")
    os.replace, os.rename, sys.exit = _held(os.replace), _held(os.rename), _noted(sys.exit)
    atexit.register(lambda: _note("ended", status=STATUS[-1] if STATUS else None))
