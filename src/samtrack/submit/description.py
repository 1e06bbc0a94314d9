"""The text that goes with a submission: what was done, with which parameters, versions, weights and machine.

One run gives one text: no date, no path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from samtrack.submit.datasets import result_folder, script_name

METHOD = """\
samtrack keeps three things apart. Evidence: each frame is segmented, or the given masks are taken; for objects of nearby
frames a probability is estimated that they are the same cell, or mother and daughters, from motion, overlap, shape, grey
values and, where so configured, from masks that a SAM 2 network carries from frame to frame. Decision: all tracks and
divisions of the movie are chosen at once, as the set of links of the highest total score that keeps the rules of a
lineage. Drawing: where a tracked cell was missed between two observations a mask is drawn by the method named under
fill. Tracks are cut at frames without a mask, as the challenge's format wants it.
"""


@dataclass(frozen=True, slots=True)
class Weights:
    """A set of weights that was used: what for, its name, its SHA-256, where it comes from."""

    network: str
    name: str
    sha256: str
    origin: str


@dataclass(frozen=True, slots=True)
class Described:
    """Everything that the text says. ``results``: lines about each result; ``costs``: time and memory of each sequence."""

    dataset: str
    training: str | None
    sequences: Sequence[str]
    version: str
    method: Mapping[str, object]
    results: Sequence[str]
    costs: Sequence[str]
    machine: Sequence[str]
    weights: Sequence[Weights] = ()
    packages: Mapping[str, str] = field(default_factory=dict)
    settings: str = ""


def describe(told: Described) -> str:
    """The description as plain text."""
    scripts = [script_name(told.dataset, name, told.training) for name in told.sequences]
    made = [f"{told.dataset}/{result_folder(name, told.training)}" for name in told.sequences]
    training = [f"Training configuration: {told.training}"] if told.training else []
    parts = [
        [f"{told.dataset}: submission to the Cell Tracking Challenge by samtrack {told.version}", *training],
        ["METHOD", *METHOD.splitlines()],
        ["In short:", *(f"  {name}: {value}" for name, value in told.method.items())],
        [
            "HOW TO RUN IT",
            *(f"  SW/{a}  makes  {b}" for a, b in zip(scripts, made, strict=True)),
            *REPRODUCE.splitlines(),
        ],
        ["RESULTS", *(f"  {line}" for line in told.results)],
        ["WEIGHTS", *_told_weights(told.weights)],
        ["TIME AND MEMORY", *(f"  {line}" for line in told.costs)],
        ["MACHINE on which it was packed", *(f"  {line}" for line in told.machine)],
        ["VERSIONS", *(f"  {name} {version}" for name, version in told.packages.items())],
        ["ALL PARAMETERS", *(f"  {line}" for line in told.settings.splitlines())],
    ]
    return "\n".join(chain.from_iterable([*part, ""] for part in parts))


REPRODUCE = """\
On the same kind of processor and with the versions below the masks are the same to the byte, whatever the number of
cores and of blocks. A network that runs on another device (sam2.device, sammed3d.device) may round differently, and a
mask may then differ by voxels at its border.
"""


def _told_weights(weights: Sequence[Weights]) -> list[str]:
    if not weights:
        return ["  none: no network is asked"]
    return [f"  {one.network}: {one.name}, SHA-256 {one.sha256}, {one.origin}" for one in weights]
