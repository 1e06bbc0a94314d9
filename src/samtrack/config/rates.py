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
    "simulate": Rate("movie", 0.8, 0.5, 0.5, 110, 50, 0, False, DEMOS),
    "ingest": Rate("movie", 0.6, 0.015, 0.0, 75, 5, 0, True, INGEST),
    "diameter": Rate("movie", 6.0, 0.0, 0.0, 150, 40),
    "segment/given": Rate("block", 0.7, 0.08, 0.0, 110, 20),
    "segment/seeds": Rate("block", 0.9, 0.5, 0.0, 145, 60),
    "measure": Rate("block", 0.9, 0.08, 0.1, 190, 25, 500),
    "summarise": Rate("movie", 1.0, 0.0, 0.02, 180, 0, 300),
    "propagate": Rate("block", 1.5, 0.05, 0.2, 100, 40, 1000),
    "link": Rate("block", 0.9, 0.12, 0.15, 200, 50, 4000, False, SCALE),
    "associate": Rate("movie", 1.0, 0.0, 0.07, 200, 0, 2000, False, SCALE),
    "lineages": Rate("movie", 1.0, 0.0, 0.02, 180, 20, 300, False, DEMOS),
    "fill": Rate("block", 1.2, 0.05, 0.05, 180, 25, 500),
    "export_tracks": Rate("movie", 1.0, 0.04, 0.03, 200, 15, 400, True),
    "export_ctc": Rate("movie", 1.0, 0.035, 0.01, 180, 20, 400, True),
    "export_files": Rate("movie", 0.9, 0.0, 0.01, 130, 0, 300),
    "validate": Rate("movie", 0.6, 0.011, 0.01, 80, 2, 0, True),
    "evaluate": Rate("movie", 2.5, 0.08, 0.05, 355, 15, 500, True),
    "report": Rate("movie", 8.0, 0.06, 0.1, 450, 40, 700),
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


@dataclass(frozen=True, slots=True)
class Product:
    """What a rule leaves on disk. Bytes of cells count for each of the planes in which a cell lies."""

    raw_share: float = 0.0
    """Bytes for each byte of the raw voxels."""
    mask_bytes: float = 0.0
    """Bytes for each cell and plane: compressed masks, which grow with outlines."""
    cell_bytes: float = 0.0
    """Bytes for each cell, in tables."""
    each_mb: float = 0.0
    """Megabytes for the movie, whatever its size."""
    frame_files: int = 0
    """Files for each frame."""
    job_files: int = 1
    """Files for each job."""


PRODUCTS: dict[str, Product] = {
    "simulate": Product(0.7, 300, 0, 0.0, 4, 2),
    "ingest": Product(0.6, 0, 0, 0.0, 1, 5),
    "segment": Product(0.003, 70, 0, 0.0, 1, 1),
    "measure": Product(0, 0, 75),
    "propagate": Product(0, 0, 35),
    "link": Product(0, 0, 200, 0.0, 0, 3),
    "associate": Product(0, 0, 300, 0.0, 0, 5),
    "lineages": Product(0, 0, 10, 0.0, 0, 2),
    "fill": Product(0, 0.5, 2),
    "export_tracks": Product(0.003, 120, 150, 0.0, 1, 5),
    "export_ctc": Product(0.005, 110, 0, 0.0, 1, 1),
    "export_files": Product(0, 0, 50, 0.0, 0, 78),
    "evaluate": Product(0, 0, 0, 0.1, 0, 2),
    "report": Product(0, 0, 0, 3.0, 0, 1),
}
"""By rule; rules that are not here leave one small file. File sizes of the runs of `RATES`; recorded images shrank to 0.43
to 0.77 of their raw bytes, noisy simulated ones to 0.55 to 0.75."""

JOB_FILES = 3
"""Files for each job beside its products: its log, its benchmark table, and what Snakemake notes of it."""

CELL_FLATNESS = 3.0
"""Voxels along y for each plane of a cell of a volume: planes are coarser than pixels in most recordings."""

CANVAS_BYTES = 4
"""Bytes for each voxel of the labels of a frame while it is segmented: on disk if the frame is too large for memory."""

CANVAS_SHARE = 0.2
"""Share of ``resources.memory_gb`` up to which these labels are held in memory."""
