"""Ingest: any movie to one store; killed runs go on, nothing half written gets a name, memory stays bounded."""

import errno
import json
import logging
import os
import random
import resource
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import tifffile

from samtrack.config import build_config
from samtrack.errors import DataError
from samtrack.io.names import JOURNAL_FILE
from samtrack.io.ome_zarr import open_image
from samtrack.stages.ingest import run_ingest


def frame(t, shape=(5, 40, 50), dtype="uint16"):
    return np.random.default_rng(t).integers(0, 3000, shape).astype(dtype)


def write_movie(folder: Path, n=4, shape=(5, 40, 50), **options) -> Path:
    folder.mkdir()
    for t in range(n):
        tifffile.imwrite(folder / f"t{t:03d}.tif", frame(t, shape), photometric="minisblack", **options)
    return folder


def config(**sections):
    return build_config({"movie": {"um_per_voxel": None}, **sections})


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


RUN = """
    import sys, logging
    from pathlib import Path
    from samtrack.config import build_config
    from samtrack.stages.ingest import run_ingest
    logging.basicConfig(level=logging.INFO)
    images, out, workers = sys.argv[1:]
    run_ingest(Path(images), Path(out), build_config({"resources": {"workers": int(workers)}}), None)
"""


def start(images: Path, out: Path, workers: int = 2, code: str = RUN) -> subprocess.Popen:
    command = [sys.executable, "-c", textwrap.dedent(code), str(images), str(out), str(workers)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("shape", [(40, 50), (5, 40, 50)])
@pytest.mark.parametrize("workers", [1, 3])
def test_a_movie_becomes_a_store_with_facts(tmp_path, shape, workers):
    images = write_movie(tmp_path / "01", shape=shape, compression="zlib")
    um = [2.0, 0.5, 0.5][-len(shape) :]
    settings = config(movie={"um_per_voxel": um, "minutes_per_frame": 3}, resources={"workers": workers})
    run_ingest(images, tmp_path / "out" / "01.ome.zarr", settings, 4)
    store = open_image(tmp_path / "out" / "01.ome.zarr")
    assert (store.n_frames, store.shape, store.dtype) == (4, shape, np.uint16)
    assert (store.scale.um_per_voxel, store.scale.minutes_per_frame) == (tuple(um), 3)
    for t in range(4):
        np.testing.assert_array_equal(store.read(t), frame(t, shape))
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["01.ome.zarr"]


def test_the_result_does_not_depend_on_workers_or_memory(tmp_path):
    images = write_movie(tmp_path / "01", shape=(40, 60, 70))
    for name, resources in (("a", {"workers": 1}), ("b", {"workers": 4}), ("c", {"workers": 4, "memory_gb": 0.2})):
        run_ingest(images, tmp_path / name / "x.ome.zarr", config(resources=resources), None)
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b") == files_of(tmp_path / "c")


def test_ingest_of_its_own_result_gives_the_same_voxels(tmp_path):
    images = write_movie(tmp_path / "01", shape=(40, 60, 70))
    run_ingest(images, tmp_path / "a.ome.zarr", config(movie={"um_per_voxel": [1, 2, 3]}), None)
    run_ingest(tmp_path / "a.ome.zarr", tmp_path / "b.ome.zarr", config(), None)
    a, b = open_image(tmp_path / "a.ome.zarr"), open_image(tmp_path / "b.ome.zarr")
    assert a.scale == b.scale
    for t in range(4):
        np.testing.assert_array_equal(a.read(t), b.read(t))


def test_a_large_2d_frame_is_cut_when_memory_is_small(tmp_path):
    images = tmp_path / "01"
    images.mkdir()
    for t in range(2):
        tifffile.imwrite(images / f"t{t}.tif", frame(t, (3000, 2900)), tile=(256, 256), compression="zlib")
    small = config(resources={"memory_gb": 0.11}, ingest={"chunk_voxels": 2**18})
    run_ingest(images, tmp_path / "a" / "x.ome.zarr", small, 2)
    run_ingest(images, tmp_path / "b" / "x.ome.zarr", config(ingest={"chunk_voxels": 2**18}), 2)
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")
    np.testing.assert_array_equal(open_image(tmp_path / "a" / "x.ome.zarr").read(1), frame(1, (3000, 2900)))


def test_progress_and_result_are_logged(tmp_path, caplog):
    images = write_movie(tmp_path / "01")
    with caplog.at_level(logging.INFO, "samtrack"):
        run_ingest(images, tmp_path / "x.ome.zarr", config(), 4)
    assert "ingest x: 4 of 4 frames, " in caplog.text
    assert "MB/s, 0 s left" in caplog.text
    assert "ingest x.ome.zarr: 4 frames, 5 x 40 x 50 uint16" in caplog.text


# killed and resumed


@pytest.fixture(scope="module")
def long_movie(tmp_path_factory):
    """A movie that takes some tenths of a second, and its store."""
    folder = tmp_path_factory.mktemp("long")
    images = write_movie(folder / "01", n=40, shape=(12, 256, 256))
    run_ingest(images, folder / "01.ome.zarr", build_config({}), None)
    return images, files_of(folder / "01.ome.zarr")


def kill_after_progress(images: Path, out: Path, delay_s: float) -> int:
    """Start a run and kill it some time after it finished a frame; returns how many are finished, -1 if the run ended."""
    journal = out.with_name(out.name + ".part") / JOURNAL_FILE

    def noted() -> int:
        return journal.read_text().count("\n") - 1 if journal.exists() else 0

    before, process = noted(), start(images, out)
    while process.poll() is None and noted() <= before:
        pass
    time.sleep(delay_s)
    process.kill()
    process.communicate()
    return noted() if process.returncode == -signal.SIGKILL else -1


@pytest.mark.parametrize("seed", range(2))
def test_a_killed_run_goes_on_and_gives_the_same_bytes(tmp_path, long_movie, seed, caplog):
    """kill -9 at random moments, three times in a row; then the run is left to finish."""
    images, expected = long_movie
    out = tmp_path / "01.ome.zarr"
    rng = random.Random(seed)
    finished = [kill_after_progress(images, out, rng.uniform(0, 0.05)) for _ in range(3)]
    kept = [n for n in finished if n > 0]
    assert kept, "every run ended before it could be killed"
    assert kept == sorted(kept)
    if -1 not in finished:
        assert not out.exists()
        with caplog.at_level(logging.INFO, "samtrack"):
            run_ingest(images, out, build_config({}), None)
        assert f"({kept[-1]} from an earlier run)" in caplog.text
    assert files_of(out) == expected
    assert [p.name for p in tmp_path.iterdir()] == [out.name]


def test_what_a_crash_of_the_machine_damaged_is_written_anew(tmp_path, long_movie):
    """After a power cut the journal may know frames whose bytes never reached the disk."""
    images, expected = long_movie
    out = tmp_path / "01.ome.zarr"
    assert kill_after_progress(images, out, 0.03) >= 1
    part = tmp_path / "01.ome.zarr.part"
    finished = [json.loads(line)["frame"] for line in (part / JOURNAL_FILE).read_text().splitlines()[1:]]
    shards = [part / "0" / "c" / str(t) / "0" / "0" / "0" for t in finished]
    shards[0].write_bytes(bytes(shards[0].stat().st_size))
    if len(shards) > 1:
        shards[1].unlink()
    run_ingest(images, out, build_config({}), None)
    assert files_of(out) == expected


def test_changed_images_or_settings_start_afresh(tmp_path, long_movie, caplog):
    images, _ = long_movie
    out = tmp_path / "01.ome.zarr"
    assert kill_after_progress(images, out, 0.0) >= 1
    with caplog.at_level(logging.INFO, "samtrack"):
        run_ingest(images, out, config(movie={"um_per_voxel": [1, 2, 3]}), None)
    assert "is of another source or of other settings; starting afresh" in caplog.text
    assert "from an earlier run" not in caplog.text
    assert open_image(out).scale.um_per_voxel == (1, 2, 3)


def test_two_runs_never_write_one_store(tmp_path, long_movie):
    images, expected = long_movie
    out = tmp_path / "01.ome.zarr"
    runs = [start(images, out) for _ in range(3)]
    logs = [run.communicate()[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0]
    assert any("another process is writing this store; waiting" in log for log in logs)
    assert files_of(out) == expected


# memory


PEAK = """
    import sys
    from pathlib import Path
    from samtrack.config import build_config
    from samtrack.stages.ingest import run_ingest
    warm, images, out, workers = sys.argv[1:]
    settings = build_config({"resources": {"workers": int(workers)}})
    run_ingest(Path(warm), Path(out + ".warm"), settings, None)
    kib = lambda what: next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(what))
    before = kib("VmRSS:")
    run_ingest(Path(images), Path(out), settings, None)
    print(kib("VmHWM:") - before)
"""


@pytest.mark.parametrize(("n", "compression"), [(2, "zlib"), (8, "zlib"), (8, None)])
def test_memory_is_below_three_frames_whatever_the_length(tmp_path, n, compression):
    warm = write_movie(tmp_path / "warm", n=1, shape=(2, 8, 8))
    shape = (64, 512, 512)
    (tmp_path / "01").mkdir()
    ramp = np.arange(np.prod(shape), dtype="uint32").reshape(shape)
    for t in range(n):
        data = ((ramp * 2654435761 + t) >> 20).astype("uint16") & 0x3FF  # cheap noise
        tifffile.imwrite(
            tmp_path / "01" / f"t{t}.tif",
            data,
            compression=compression,
            compressionargs={"level": 1} if compression else None,
        )
    command = [
        sys.executable,
        "-c",
        textwrap.dedent(PEAK),
        str(warm),
        str(tmp_path / "01"),
        str(tmp_path / "a.ome.zarr"),
        "2",
    ]
    grown_kib = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert grown_kib * 1024 < 3 * np.prod(shape) * 2


# what is refused


def refused(images, out, frames=None, **sections) -> str:
    with pytest.raises(DataError) as caught:
        run_ingest(images, out, config(**sections), frames)
    assert not out.exists() or out.is_file()
    return str(caught.value)


def test_another_number_of_frames_than_promised(tmp_path):
    images = write_movie(tmp_path / "01")
    message = refused(images, tmp_path / "a.ome.zarr", 5)
    assert (
        f"{images}: the configuration has 5 frames but here are 4 (t000.tif … t003.tif). Correct the number" in message
    )


def test_the_configuration_of_another_dataset(tmp_path):
    images = write_movie(tmp_path / "01", shape=(40, 50))
    message = refused(images, tmp_path / "a.ome.zarr", movie={"um_per_voxel": [1, 1, 1]})
    assert "movie.um_per_voxel has 3 values, but the frames are 2D, (40, 50)" in message


def test_a_damaged_frame_stops_the_run_and_leaves_no_store(tmp_path):
    images = write_movie(tmp_path / "01", n=12)
    path = images / "t007.tif"
    path.write_bytes(path.read_bytes()[:5000])
    assert str(path) in refused(images, tmp_path / "a.ome.zarr")


def test_a_result_that_is_a_file(tmp_path):
    images = write_movie(tmp_path / "01")
    (tmp_path / "a.ome.zarr").write_text("mine")
    assert "is a file, expected an OME-Zarr or nothing" in refused(images, tmp_path / "a.ome.zarr")
    assert (tmp_path / "a.ome.zarr").read_text() == "mine"


def test_a_result_below_a_file(tmp_path):
    images = write_movie(tmp_path / "01")
    (tmp_path / "out").write_text("mine")
    message = refused(images, tmp_path / "out" / "a.ome.zarr")
    assert "a.ome.zarr: cannot be written" in message


def test_images_that_are_the_result(tmp_path):
    images = write_movie(tmp_path / "01")
    with pytest.raises(DataError, match="is both the images and the result"):
        run_ingest(images, images, config(), None)
    assert len(list(images.iterdir())) == 4


def test_a_folder_that_may_not_be_written(tmp_path, monkeypatch):
    code = """
        import os, sys
        from pathlib import Path
        from samtrack.config import build_config
        from samtrack.errors import DataError
        from samtrack.stages.ingest import run_ingest
        if os.geteuid() == 0:
            os.seteuid(65534)
        try:
            run_ingest(Path("01"), Path("locked/a.ome.zarr"), build_config({}), None)
        except DataError as error:
            sys.exit(str(error))
    """
    write_movie(tmp_path / "01")
    (tmp_path / "locked").mkdir(mode=0o555)
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == os.getuid() and path.is_relative_to("/tmp") and path != Path("/tmp"):
            path.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=tmp_path, capture_output=True, text=True)
    assert "locked/a.ome.zarr: cannot be written (Permission denied). You may not write there" in done.stderr
    assert list((tmp_path / "locked").iterdir()) == []


@contextmanager
def limited_file_size(n_bytes: int):
    """As on a full disk: the system refuses to let a file grow beyond a size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def test_a_disk_that_fills_up_and_is_freed_again(tmp_path):
    images = write_movie(tmp_path / "01", shape=(5, 100, 100))
    out = tmp_path / "out" / "a.ome.zarr"
    with limited_file_size(20_000):
        message = refused(images, out)
    assert f"{out}: cannot be written ({os.strerror(errno.EFBIG)}). Check the path and start again" in message
    run_ingest(images, out, config(), 4)
    np.testing.assert_array_equal(open_image(out).read(3), frame(3, (5, 100, 100)))
    assert [p.name for p in out.parent.iterdir()] == [out.name]
