"""The scripts of a submission's software folder, as text: one entry per sequence, and what sets up the environment.

An entry script is started without arguments, from anywhere; it reads the images beside the software folder and writes
the result beside them. The code that runs is the copy of samtrack in the software folder, whatever else is installed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from samtrack.submit.datasets import result_folder, script_name


@dataclass(frozen=True, slots=True)
class Entry:
    """What the entry script of one sequence says and does.

    ``inputs``: options of ``samtrack run`` that name files, with their paths as seen from the software folder.
    ``weights``: settings that name copied files, with their paths there. ``fetched``: names of the registry that are
    fetched once. ``parameters``: those named in the header. ``needs``: lines about machine and time.
    """

    dataset: str
    sequence: str
    training: str | None
    version: str
    inputs: Mapping[str, str]
    weights: Mapping[str, str] = field(default_factory=dict)
    fetched: Sequence[str] = ()
    parameters: Mapping[str, object] = field(default_factory=dict)
    needs: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Name of the script."""
        return script_name(self.dataset, self.sequence, self.training)

    @property
    def stem(self) -> str:
        """What the files that all sequences share are called, without their endings."""
        return self.dataset + (f"-{self.training}" if self.training else "")


def software_folder(version: str) -> str:
    """Folder of samtrack itself in the software folder; versions do not get into each other's way."""
    return f"samtrack-{version}"


HEADER = """\
#!/usr/bin/env bash
# {dataset}, sequence {sequence}: reads {images}, writes ../{dataset}/{result}. No arguments.
#
# Made by samtrack {version}. All parameters stand in {stem}.yaml beside this script; {stem}.txt says more. Above all:
{parameters}
#
# Prerequisites: Linux with bash and coreutils, and Python 3.11 or later as python3 (or PYTHON=...). The first entry script
# that is started makes {software}/venv by {software}/requirements.txt: once, with a connection, or without one
# from packages in {software}/wheels (pip download -r requirements.txt -d wheels). After that nothing is fetched.
# SAMTRACK_PYTHON=... names a Python that has those packages already; then no environment is made.
# SAMTRACK_WORK=... names the folder for intermediate files (default: work beside this script). A script that was stopped
# goes on where it was when it is started again.
{needs}
set -euo pipefail
cd "$(dirname "${{BASH_SOURCE[0]}}")"
sw=$PWD
export SAMTRACK_WEIGHTS=$sw/weights/cache
. "{software}/setup.sh"
"""

BODY = """\
sha256sum --quiet --check "{stem}.sha256"
work=${{SAMTRACK_WORK:-$sw/work}}/{script}
samtrack run {options} --config "{stem}.yaml" --out "$work"{overrides}
cd "$work"
samtrack submit --config run_config.yaml --sequence {sequence} --results "$sw/../{dataset}"{training}
"""


def entry_script(entry: Entry) -> str:
    """The text of an entry script."""
    header = HEADER.format(
        dataset=entry.dataset,
        sequence=entry.sequence,
        images=entry.inputs["images"],
        result=result_folder(entry.sequence, entry.training),
        version=entry.version,
        stem=entry.stem,
        software=software_folder(entry.version),
        parameters="\n".join(f"#   {name}: {value}" for name, value in entry.parameters.items()),
        needs="\n".join(f"# {line}" for line in entry.needs),
    )
    fetch = "".join(f"samtrack weights fetch {name}\n" for name in entry.fetched)
    body = BODY.format(
        stem=entry.stem,
        script=entry.name.removesuffix(".sh"),
        sequence=entry.sequence,
        dataset=entry.dataset,
        options=" ".join(f'--{name} "{path}"' for name, path in entry.inputs.items()),
        overrides="".join(f' --set "{name}=$sw/{path}"' for name, path in entry.weights.items()),
        training=f' --training "{entry.training}"' if entry.training else "",
    )
    return header + fetch + body


SETUP = """\
# Sourced by the entry scripts: makes the environment if there is none, and lets `samtrack` mean the copy in this folder.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ -z "${SAMTRACK_PYTHON:-}" ]; then
    if command -v flock > /dev/null; then exec 9> "$here/.setup.lock"; flock 9; fi # two scripts may be started at once
    if [ ! -e "$here/venv/.ready" ]; then
        echo "making $here/venv (once) ..." >&2
        rm -rf "$here/venv"
        "${PYTHON:-python3}" -m venv "$here/venv"
        from=()
        if [ -d "$here/wheels" ]; then from=(--no-index --find-links "$here/wheels"); fi
        "$here/venv/bin/python" -m pip install --quiet --disable-pip-version-check "${from[@]}" -r "$here/requirements.txt"
        touch "$here/venv/.ready"
    fi
    if command -v flock > /dev/null; then exec 9>&-; fi
    SAMTRACK_PYTHON=$here/venv/bin/python
fi
chmod +x "$here/bin/samtrack" # some programs that unpack archives forget who may be run
export SAMTRACK_PYTHON PYTHONPATH=$here PYTHONNOUSERSITE=1 PATH=$here/bin:$PATH
"$SAMTRACK_PYTHON" "$here/compare_versions.py" "$here/requirements.txt"
"""
"""The file ``setup.sh``."""

COMMAND = """\
#!/bin/sh
exec "$SAMTRACK_PYTHON" -m samtrack.cli "$@"
"""
"""The command ``samtrack`` of the software folder."""

COMPARE_VERSIONS = '''\
"""Say which packages differ from the versions that the results were made with."""

import sys
from importlib import metadata

for line in open(sys.argv[1], encoding="utf-8"):
    name, _, wanted = line.partition("#")[0].strip().partition("==")
    if not name:
        continue
    try:
        found = metadata.version(name).partition("+")[0]
    except metadata.PackageNotFoundError:
        found = "missing"
    if found != wanted:
        sys.stderr.write(f"note: {name} is {found}; the results were made with {wanted}\\n")
'''
"""The file ``compare_versions.py``."""
