"""How fast, how lean and how small is ingest? TIFF folder to store, against a plain copy and against the seed's way.

    python benchmarks/bench_ingest.py            20 frames of 64 x 512 x 512 uint16, median of 3 (about 3 minutes)
    python benchmarks/bench_ingest.py --quick    5 frames, one run each

The seed (SAM4CellTracking) reads each volume whole and stores it as one Zarr v2 array with chunks of 100^3 and the default
compressor. Every measurement is a fresh process; imports are not counted. The ways take turns within a repetition, so
that a change of the machine's load hits all of them; compare ratios, not absolute numbers.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path

import common
import numpy as np

SHAPE = (64, 512, 512)
PACKAGES = ("samtrack", "tifffile", "imagecodecs", "zarr", "numcodecs", "numpy")


def make_frame(t: int) -> np.ndarray:
    """Bright blobs on a dim background with shot noise: deflate and zstd shrink it about 1.5- and 1.8-fold."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(t)
    seeds = np.zeros((16, 128, 128), np.float32)
    seeds[tuple(rng.integers(0, n, 300) for n in seeds.shape)] = rng.uniform(2000, 9000, 300)
    blobs = gaussian_filter(seeds, 2.0).repeat(4, 0).repeat(4, 1).repeat(4, 2) * 30 + 120
    noise = rng.standard_normal(SHAPE, dtype=np.float32) * np.sqrt(blobs) * 2.2
    return (blobs + noise).clip(0, 65535).astype(np.uint16)


def make_movies(folder: Path, n_frames: int) -> dict[str, Path]:
    """The same frames as raw and as deflated TIFF files."""
    import tifffile

    movies = {"raw": folder / "raw", "deflate": folder / "deflate"}
    for name, path in movies.items():
        path.mkdir()
        for t in range(n_frames):
            compression = None if name == "raw" else "zlib"
            tifffile.imwrite(path / f"t{t:03d}.tif", make_frame(t), compression=compression, photometric="minisblack")
    return movies


# The ways, each run in a process of its own: (images, out, workers) -> None


def imports(images: str, out: str, workers: int) -> None:
    """Import what the ways need and bring the files into the page cache, so that no way pays for it."""
    import numcodecs.blosc  # noqa: F401
    import tifffile  # noqa: F401
    import zarr  # noqa: F401

    import samtrack.stages.ingest  # noqa: F401

    logging.getLogger("samtrack").setLevel(logging.ERROR)
    for path in sorted(Path(images).iterdir()):
        with open(path, "rb", buffering=0) as file:
            while file.read(2**20):
                pass


def copy(images: str, out: str, workers: int) -> None:
    """A plain copy of the files."""
    Path(out).mkdir()
    for path in sorted(Path(images).iterdir()):
        shutil.copyfile(path, Path(out) / path.name)


def durable_copy(images: str, out: str, workers: int) -> None:
    """The same, and wait until the disk has it: a plain copy into free memory says little about the disk."""
    copy(images, out, workers)
    for path in Path(out).iterdir():
        with open(path, "rb") as file:
            os.fsync(file.fileno())


def read(images: str, out: str, workers: int) -> None:
    """Reading with tifffile alone, nothing stored."""
    import tifffile

    for path in sorted(Path(images).iterdir()):
        tifffile.imread(path, maxworkers=workers)


def seed(images: str, out: str, workers: int) -> None:
    """The seed's script: the whole volume in memory, one Zarr v2 array per frame."""
    import tifffile
    import zarr

    group = zarr.open_group(out, mode="w", zarr_format=2)
    for t, path in enumerate(sorted(Path(images).iterdir())):
        volume = tifffile.imread(path)
        group.create_array(f"t{t:03d}", data=volume, chunks=tuple(min(100, n) for n in volume.shape))


def samtrack(images: str, out: str, workers: int) -> None:
    """Stage ingest."""
    from samtrack.config import build_config
    from samtrack.stages.ingest import run_ingest

    run_ingest(Path(images), Path(out), build_config({"resources": {"workers": workers}}), None)


WAYS = (("copy", 1), ("durable_copy", 1), ("read", 1), ("seed", 1), ("samtrack", 1), ("samtrack", 2))


def run(folder: Path, n_frames: int, repeats: int) -> list[dict[str, object]]:
    """All ways on both movies; one row each."""
    raw_mb = n_frames * np.prod(SHAPE) * 2 / 1e6
    rows: list[dict[str, object]] = []
    for kind, images in make_movies(folder, n_frames).items():
        runs: dict[tuple[str, int], list[dict]] = {way: [] for way in WAYS}
        sizes: dict[tuple[str, int], tuple[float, int]] = {}
        for _ in range(repeats):
            for way in WAYS:
                out = folder / "out"
                runs[way].append(common.measured("bench_ingest", way[0], [str(images), str(out), way[1]], "imports"))
                files = [p for p in out.rglob("*") if p.is_file()] if out.exists() else []
                sizes[way] = (sum(p.stat().st_size for p in files) / 1e6, len(files))
                shutil.rmtree(out, ignore_errors=True)
        speed = {way: raw_mb / common.median(runs[way], "seconds") for way in WAYS}
        for way in WAYS:
            rows.append(
                {
                    "input": kind,
                    "way": way[0],
                    "threads": way[1],
                    "mb_per_s": speed[way],
                    "to_copy": speed[way] / speed["copy", 1],
                    "to_seed": speed[way] / speed["seed", 1],
                    "mb_per_cpu_s": raw_mb / common.median(runs[way], "cpu_seconds"),
                    "peak_mb": common.median(runs[way], "peak_mb"),
                    "grown_frames": (common.median(runs[way], "peak_mb") - common.median(runs[way], "before_mb"))
                    * n_frames
                    / raw_mb,
                    "size_mb": sizes[way][0],
                    "shrunk": raw_mb / sizes[way][0] if sizes[way][0] else None,
                    "files": sizes[way][1],
                }
            )
    return rows


COLUMNS = {
    "input": "input",
    "way": "way",
    "threads": "threads",
    "mb_per_s": "MB/s",
    "to_copy": "x copy",
    "to_seed": "x seed",
    "mb_per_cpu_s": "MB/CPU s",
    "peak_mb": "peak MB",
    "grown_frames": "peak in frames",
    "size_mb": "MB stored",
    "shrunk": "shrunk",
    "files": "files",
}


def main() -> None:
    """Run, print, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="5 frames, one run each; nothing is saved")
    parser.add_argument("--folder", type=Path, help="where to put the movies (2 GB; default: the temporary folder)")
    options = parser.parse_args()
    n_frames, repeats = (5, 1) if options.quick else (20, 3)
    facts = {"machine": common.machine(), "versions": common.versions(*PACKAGES), "commit": common.commit()}
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        rows = run(Path(folder), n_frames, repeats)
    sys.stdout.write(common.table(rows, COLUMNS) + "\n")
    if not options.quick:
        shape = {"frames": n_frames, "shape": SHAPE, "dtype": "uint16", "repeats": repeats}
        common.save("ingest", {**facts, "data": shape, "rows": rows})


if __name__ == "__main__":
    main()
