"""How long is a movie of 10^3, 10^4 and 10^5 frames planned, blocks chosen automatically? And 100, 3000 blocks?

    python benchmarks/bench_planning.py            (about 10 minutes)
    python benchmarks/bench_planning.py --quick    10^3 frames alone; nothing is saved
    make bench-planning

Frames are of 100 x 1024 x 1024 voxels of 2 bytes: 10^5 of them are 21 TB. The folder of images holds links to a few files
that compress well, so nothing but the number of frames is large. Timed are `samtrack plan`, which says what the run will
cost, and `snakemake -n`, which builds every job: CPU seconds and peak memory of the processes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import common
import numpy as np

SHAPE = (100, 1024, 1024)
CASES: tuple[tuple[int, str | int], ...] = ((10**3, "auto"), (10**4, "auto"), (10**5, "auto"), (100, 1), (3000, 1))
"""Frames, and frames of a block."""
LINKS = 20_000  # hard links to one file: file systems allow some ten thousand
ROOT = Path(__file__).parents[1]
PACKAGES = ("samtrack", "snakemake")


def make_movie(folder: Path, n_frames: int, block_frames: str | int) -> Path:
    """A folder of images, most of them links, and a configuration; the path of that."""
    import tifffile

    images = folder / "01"
    images.mkdir()
    blank = np.zeros(SHAPE, np.uint16)
    digits = max(3, len(str(n_frames - 1)))
    first = images
    for t in range(n_frames):
        path = images / f"t{t:0{digits}d}.tif"
        if t % LINKS == 0:
            tifffile.imwrite(path, blank, compression="zlib")
            first = path
        else:
            os.link(first, path)
    config = {
        "out": str(folder / "out"),
        "sequences": [{"name": "01", "images": str(images)}],
        "movie": {"um_per_voxel": [2.0, 0.5, 0.5], "cell_diameter_um": 12.0},
        "segment": {"method": "seeds"},
        "blocks": {"frames": block_frames},
    }
    path = folder / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


def timed(words: list[str]) -> tuple[float, float, str]:
    """CPU seconds and peak MB of a command and its children, and what it said."""
    code = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], capture_output=True, text=True)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(done.stdout + done.stderr)\n"
        "print('USED', done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True, check=True)
    said, _, used = done.stdout.rpartition("USED")
    status, seconds, peak = used.split()
    if int(status):
        raise SystemExit(f"{' '.join(words)} failed (exit {status}):\n{said[-3000:]}")
    return float(seconds), float(peak) * resource.getpagesize() / 4096 * 1024 / 1e6, said


def main() -> None:
    """Run, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="10^3 frames alone; nothing is saved")
    options = parser.parse_args()
    facts = {"machine": common.machine(), "versions": common.versions(*PACKAGES), "commit": common.commit()}
    here = Path(sys.executable).parent
    rows: list[dict[str, Any]] = []
    for n_frames, block_frames in CASES[:1] if options.quick else CASES:
        with tempfile.TemporaryDirectory() as name:
            config = str(make_movie(Path(name), n_frames, block_frames))
            plan_s, plan_mb, _ = timed([str(here / "samtrack"), "plan", "--config", config])
            build = [str(here / "snakemake"), "-n", "--quiet", "rules", "--cores", "1", "--configfile", config]
            build_s, build_mb, said = timed(build)
        jobs = {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", said, re.MULTILINE)}
        rows.append(
            {
                "frames": n_frames,
                "block_frames": block_frames,
                "blocks": jobs["segment"],
                "jobs": jobs["total"],
                "plan_s": plan_s,
                "plan_mb": plan_mb,
                "build_s": build_s,
                "build_mb": build_mb,
            }
        )
        sys.stderr.write(f"{rows[-1]}\n")
    headings = {"plan_s": "plan s", "plan_mb": "plan MB", "build_s": "snakemake -n s", "build_mb": "snakemake -n MB"}
    sys.stdout.write(
        common.table(
            rows, {"frames": "frames", "block_frames": "of a block", "blocks": "blocks", "jobs": "jobs"} | headings
        )
        + "\n"
    )
    if not options.quick:
        sys.stdout.write(f"saved {common.save('planning', {**facts, 'rows': rows})}\n")


if __name__ == "__main__":
    main()
