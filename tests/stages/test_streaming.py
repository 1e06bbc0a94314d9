"""Whatever the number of frames, validate and evaluate hold a few of them: what stays of a frame is its lists of labels."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from samtrack.config.evaluate import EvaluateSettings
from samtrack.io.ctc import write_mask, write_result_table
from samtrack.stages.evaluate import run_evaluate
from samtrack.stages.validate import Against, find_problems

SIDE, CELLS, FEW, MANY = 512, 16, 4, 40
FRAME_BYTES = 2 * SIDE * SIDE
PER_OBJECT = 200
"""Bytes that an object of the result or of the truth may cost: labels, matches and columns of 8 bytes each."""


def drawn(t, shape):
    """A row of cells that move by a pixel per frame."""
    mask = np.zeros(shape, dtype=np.uint16)
    for cell in range(CELLS):
        mask[..., 32 * cell + 4 : 32 * cell + 20, 10 + t : 30 + t] = cell + 1
    return mask


@pytest.fixture(scope="module")
def movies(tmp_path_factory):
    """The same movie with few and with many frames."""
    made = {}
    for n in (FEW, MANY):
        folder = tmp_path_factory.mktemp(f"movie{n}")
        for place in ("01_RES", "01_GT/TRA", "01_GT/SEG"):
            (folder / place).mkdir(parents=True)
        for t in range(n):
            mask = drawn(t, (SIDE, SIDE))
            for name in (f"01_RES/mask{t:03d}.tif", f"01_GT/TRA/man_track{t:03d}.tif", f"01_GT/SEG/man_seg{t:03d}.tif"):
                write_mask(folder / name, mask)
        table = [[cell + 1, 0, n - 1, 0] for cell in range(CELLS)]
        write_result_table(folder / "01_RES" / "res_track.txt", table)
        write_result_table(folder / "01_GT" / "TRA" / "man_track.txt", table)
        made[n] = folder
    return made


def evaluate(folder):
    assert run_evaluate(folder / "01_RES", folder / "01_GT", None, "d", "01", EvaluateSettings(), 1).values["TRA"] == 1


def validate(folder):
    assert find_problems(folder / "01_RES", Against(folder / "01_RES", connected=True), 1).violations == ()


def peak_of(work, folder):
    """Most bytes that NumPy and Python held at a time."""
    tracemalloc.start()
    work(folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize("work", [validate, evaluate])
def test_memory_grows_with_the_objects_and_not_with_the_frames(movies, work):
    work(movies[FEW])  # what is loaded or kept once
    few, many = peak_of(work, movies[FEW]), peak_of(work, movies[MANY])
    held = 2 * (MANY - FEW) * CELLS * PER_OBJECT
    files = 8192 * (MANY - FEW)  # names, paths and pending work of a frame
    assert many - few < held + files < (MANY - FEW) * FRAME_BYTES / 8


LIMITED = """
import resource, sys
from pathlib import Path
from samtrack.stages.validate import find_problems
limit = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmData")) * 1024 + {more}
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
print(len(find_problems(Path(sys.argv[1]), workers=1).violations))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts the data of a process")
def test_a_volume_that_memory_does_not_hold(tmp_path):
    """16 planes of 8 MB, 128 MB in all, in 64 MB beyond what the imports took; the whole in as much is refused."""
    folder = tmp_path / "01_RES"
    folder.mkdir()
    volume = np.zeros((16, 2048, 2048), dtype=np.uint16)
    volume[:, 100:400, 100:400] = 7
    write_mask(folder / "mask000.tif", volume)
    write_result_table(folder / "res_track.txt", [[7, 0, 0, 0]])
    code = LIMITED.format(more=64 * 2**20)
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr[-500:]
    whole = code.replace("print(len", "import tifffile; tifffile.imread(sys.argv[1] + '/mask000.tif'); print(len")
    done = subprocess.run([sys.executable, "-c", whole, str(folder)], capture_output=True, text=True, check=False)
    assert "MemoryError" in done.stderr
