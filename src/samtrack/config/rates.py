"""What stages cost: seconds, memory, disk and files for each voxel, cell, frame and job. Plain data, each with its source.

Times are CPU seconds of one thread of a Xeon of 2023 shared with other work, so they are rather too long than too short.
`samtrack plan --like OUT` replaces them by those of an earlier run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Per = Literal["movie", "block"]
"""Whether a rule has one job for the movie or one for each block of frames."""

DEMOS = "benchmark tables of config/datasets/demo2d.yaml and demo3d.yaml, `snakemake --cores 2`"
MOVIES = "benchmark tables of Fluo-N2DL-HeLa, PhC-C2DL-PSC, DIC-C2DH-HeLa and CE-semisynthetic 01 (docs/benchmarks.md)"
SCALE = "make bench-scale"
INGEST = "make bench-ingest"


@dataclass(frozen=True, slots=True)
class Rate:
    """What the jobs of a rule cost beside a network's work."""

    per: Per
    start_s: float
    """Seconds to start the process, import libraries, open files."""
    voxels_s: float
    """Seconds for a million voxels of the job's frames."""
    cells_s: float
    """Seconds for a thousand cells (detections) of the job's frames."""
    base_mb: float
    """Memory of the process with its libraries, in MB."""
    held_bytes: float = 0.0
    """Bytes for each voxel of the piece of a frame that a thread holds."""
    cell_bytes: float = 0.0
    """Bytes for each cell of the job's frames."""
    is_wide: bool = False
    """Whether the job takes all cores that it is given; the others run on one thread unless a network is asked."""
    source: str = MOVIES


RATES: dict[str, Rate] = {
    "simulate": Rate("movie", 0.8, 0.5, 0.5, 110, 80, 0, False, DEMOS),
    "ingest": Rate("movie", 0.6, 0.015, 0.0, 75, 20, 0, True, INGEST),
    "diameter": Rate("movie", 6.0, 0.0, 0.0, 150, 80),
    "segment/given": Rate("block", 0.7, 0.08, 0.0, 110, 30),
    "segment/seeds": Rate("block", 0.9, 0.5, 0.0, 145, 90),
    "measure": Rate("block", 0.9, 0.08, 0.1, 190, 80, 500),
    "summarise": Rate("movie", 1.0, 0.0, 0.02, 180, 0, 300),
    "propagate": Rate("block", 1.5, 0.05, 0.2, 500, 40, 1000),
    "link": Rate("block", 0.9, 0.12, 0.15, 200, 80, 4000, False, SCALE),
    "associate": Rate("movie", 1.0, 0.0, 0.07, 200, 0, 4000, False, SCALE),
    "lineages": Rate("movie", 1.0, 0.0, 0.02, 180, 20, 300, False, DEMOS),
    "fill": Rate("block", 1.2, 0.05, 0.05, 180, 40, 500),
    "export_tracks": Rate("movie", 1.0, 0.04, 0.03, 200, 40, 400, True),
    "export_ctc": Rate("movie", 1.0, 0.035, 0.01, 180, 40, 400, True),
    "validate": Rate("movie", 0.6, 0.011, 0.01, 80, 30, 0, True),
    "evaluate": Rate("movie", 2.5, 0.08, 0.05, 355, 40, 500, True),
    "report": Rate("movie", 8.0, 0.06, 0.1, 450, 80, 1000),
}
"""By rule; of segment by method as well. Networks are counted beside it (`NETWORKS`)."""

HELD_VOXELS = 2**22
"""Voxels of a frame that a thread holds at most (see `blocks/slabs.py`): larger frames go through in pieces."""

PARALLEL = 0.7
"""Share of a further thread that counts: two threads make ingest 1.2 to 2 times as fast (make bench-ingest)."""


@dataclass(frozen=True, slots=True)
class NetworkRate:
    """What a network costs on one thread, without the libraries' start."""

    start_s: float
    """Seconds to import PyTorch and to read the weights."""
    pixels_s: float
    """Seconds to encode a million pixels of the network's input."""
    cells_s: float
    """Seconds for a cell: SAM 2 to remember it and carry it both ways, SAM-Med3D to see a tile and draw it."""
    cell_px: float
    """Diameter to which a cell is scaled unless the settings say another."""
    base_mb: float
    """Memory of the process with libraries and weights, in MB; `memory_gb` of the network's section comes on top."""


NETWORKS: dict[str, NetworkRate] = {
    "samtrack-tiny": NetworkRate(2.5, 0.8, 0.015, 30, 600),
    "hiera-tiny": NetworkRate(4.0, 3.6, 0.06, 64, 1000),
    "hiera-large": NetworkRate(8.0, 17.0, 0.06, 64, 2000),
    "samtrack-tiny-3d": NetworkRate(2.5, 0.0, 0.065, 38, 500),
    "sam-med3d": NetworkRate(4.0, 0.0, 1.0, 64, 1000),
}
"""float32, from `make bench-sam2`, `benchmarks/bench_sammed3d.py` and the demo. A cell of SAM-Med3D is counted as a tile
of its own, as in sparse volumes; in dense ones up to seven share a tile."""

GPU_THREADS = 20.0
"""Threads that a GPU counts for in a network's work. An assumption: no GPU was at hand to measure it."""

GAPS = 0.03
"""Missing masks for each cell: 1 to 7 % of the detections of the measured movies were filled in or shared."""

GAP_CELLS = 16.0
"""What a missing mask costs, in cells of `NetworkRate.cells_s`: a crop of its own is encoded in three frames, and the
cell is carried from both sides and judged (0.25 s with samtrack-tiny in demo2d)."""

CELL_SHARE = 0.1
"""Share of the picture that cells fill where nothing is known; 0.05 to 0.2 in the measured movies."""

CELL_PX = 20.0
"""Diameter of a cell in voxels along y and x where nothing is known; nuclei of the measured movies have 10 to 25."""
