"""What the challenge fixes per dataset, in one table: axes, rim, digits of the frame number, whose lineages count.

And the six training configurations by which entries of its generalisability task are named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TRAININGS = ("GT", "ST", "GT+ST", "allGT", "allST", "allGT+allST")
"""What a network was trained with: gold truth, silver truth, of this dataset or of all; a suffix of script and result."""


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """One dataset of the challenge.

    ``rim_px``: the rim E along y and x; objects wholly inside it are not scored. ``digits`` of the frame number in file
    names. ``first_frame``: only lineages of the cells marked in the first frame are scored by the Cell Tracking Benchmark,
    while the Cell Segmentation Benchmark wants all cells, as a result of its own.
    """

    name: str
    axes: Literal[2, 3]
    rim_px: int
    digits: Literal[3, 4] = 3
    first_frame: bool = False


DATASETS: dict[str, DatasetFacts] = {
    facts.name: facts
    for facts in (
        DatasetFacts("BF-C2DL-HSC", 2, 25, digits=4),
        DatasetFacts("BF-C2DL-MuSC", 2, 25, digits=4),
        DatasetFacts("DIC-C2DH-HeLa", 2, 50),
        DatasetFacts("Fluo-C2DL-Huh7", 2, 50),
        DatasetFacts("Fluo-C2DL-MSC", 2, 50),
        DatasetFacts("Fluo-C3DH-A549", 3, 0),
        DatasetFacts("Fluo-C3DH-A549-SIM", 3, 0),
        DatasetFacts("Fluo-C3DH-H157", 3, 50),
        DatasetFacts("Fluo-C3DL-MDA231", 3, 25),
        DatasetFacts("Fluo-N2DH-GOWT1", 2, 50),
        DatasetFacts("Fluo-N2DH-SIM+", 2, 0),
        DatasetFacts("Fluo-N2DL-HeLa", 2, 25),
        DatasetFacts("Fluo-N3DH-CE", 3, 50),
        DatasetFacts("Fluo-N3DH-CHO", 3, 50),
        DatasetFacts("Fluo-N3DH-SIM+", 3, 0),
        DatasetFacts("Fluo-N3DL-DRO", 3, 0, first_frame=True),
        DatasetFacts("Fluo-N3DL-TRIC", 3, 0, first_frame=True),
        DatasetFacts("Fluo-N3DL-TRIF", 3, 0, first_frame=True),
        DatasetFacts("PhC-C2DH-U373", 2, 50),
        DatasetFacts("PhC-C2DL-PSC", 2, 25),
    )
}
"""Rims of the 2D movies stand in py-ctcmetrics; those of the 3D movies but MDA231 are general knowledge, to be held against
the challenge's own documents. Digits: sequences of more than 1000 frames have four."""


def result_folder(sequence: str, training: str | None = None) -> str:
    """The name of a sequence's result: ``01_RES``, of a training configuration ``01_RES-allGT``."""
    return f"{sequence}_RES" + (f"-{training}" if training else "")


def script_name(dataset: str, sequence: str, training: str | None = None) -> str:
    """The name of a sequence's entry script: ``DATASET-01.sh``, ``DATASET-01-allGT.sh``."""
    return f"{dataset}-{sequence}" + (f"-{training}" if training else "") + ".sh"
