"""Loaded by every Python of a test's run: writes a diary of samtrack's commands, and lets a test hold them while they write.

Python imports a module of this name when it starts, if the folder is on PYTHONPATH. A command does what it does, only it may
wait on the way, and on each node of the cluster it knows that node's name as its machine's, as on nodes that are machines.
`SAMTRACK_DIARY` names the diary (one JSON object a line), `SAMTRACK_HOLDS` a folder. While that holds a file NAME, commands
wait whose paths fit the pattern *NAME*: by the words in the file, `named` (the default) before a path gets its final name,
`bytes` when half of the first bytes of a file are on disk, and with `takes N` the command takes N MB of memory more.
"""

import atexit
import builtins
import fnmatch
import io
import json
import os
import socket
import sys
import time

MEMORY = []


def _note(event, **facts):
    told = {name: os.environ.get(name, "") for name in ("SLURM_JOB_ID", "SLURMD_NODENAME", "CUDA_VISIBLE_DEVICES")}
    line = {"event": event, "command": COMMAND, "pid": os.getpid(), "time": time.time(), **told, **facts}
    descriptor = os.open(DIARY, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, (json.dumps(line) + "\n").encode())  # one write: lines of several processes do not mix
    finally:
        os.close(descriptor)


def _hold_on(path, when):
    """The words of the hold that a path is under at this moment; None without one."""
    for name in sorted(os.listdir(HOLDS)):
        if fnmatch.fnmatch(path, f"*{name}*"):
            try:
                with open(os.path.join(HOLDS, name)) as file:
                    words = file.read().split()
            except FileNotFoundError:
                continue
            if when == ("bytes" if "bytes" in words else "named"):
                return words
    return None


def _wait(path, when):
    path = os.fspath(path)
    words = _hold_on(path, when)
    if words is not None:
        if "takes" in words and not MEMORY:
            MEMORY.append(b"\1" * (int(words[words.index("takes") + 1]) * 10**6))
        _note("held", target=path)
        while _hold_on(path, when) is not None:
            time.sleep(0.05)
        _note("released", target=path)


def _waiting(rename):
    def renamed(source, target, **options):
        _wait(target, "named")
        return rename(source, target, **options)

    return renamed


def _halting(file, path):
    """The file, whose first writing stops when half of it is on disk."""
    write = file.write

    def halved(data):
        file.write = write
        text = isinstance(data, str)
        whole = data if text else memoryview(data).cast("B")
        half = len(whole) // 2
        write(whole[:half])
        file.flush()
        _wait(path, "bytes")
        write(whole[half:])
        return len(whole)

    file.write = halved
    return file


def _opening(open_):
    def opened(file, mode="r", *arguments, **options):
        made = open_(file, mode, *arguments, **options)
        path = file if isinstance(file, (str, os.PathLike)) else ""
        writes = any(letter in mode for letter in "wxa+")
        return _halting(made, path) if writes and _hold_on(os.fspath(path), "bytes") is not None else made

    return opened


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
    os.replace, os.rename, sys.exit = _waiting(os.replace), _waiting(os.rename), _noted(sys.exit)
    builtins.open = io.open = _opening(io.open)
    if os.environ.get("SLURMD_NODENAME"):
        socket.gethostname = lambda: os.environ["SLURMD_NODENAME"]
    atexit.register(lambda: _note("ended", status=STATUS[-1] if STATUS else None))
