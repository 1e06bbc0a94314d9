"""Stage ingest: the user's images as one OME-Zarr with checked facts, frame by frame.

Each thread reads, compresses and writes one frame at a time in slabs, so memory does not grow with the movie. A killed
run goes on: finished frames are kept, and the store gets its name only when all of it is there.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

import numpy as np

from samtrack.config import Config, trigger
from samtrack.errors import DataError
from samtrack.io.movies import MovieFrames, numbers_of, open_movie, source_fingerprint
from samtrack.io.ome_zarr import FrameRecord, ImageFacts, StoreWriter, create_image
from samtrack.io.resume import PartStore, resumed_store
from samtrack.io.shards import checksum_of
from samtrack.io.store_layout import plan_levels
from samtrack.stages.address import told
from samtrack.stages.progress import Progress
from samtrack.types import Box

log = logging.getLogger("samtrack")

SLAB_COPIES = 4
"""Slabs that one thread holds at most: as read, converted, the test for NaN, and chunks on their way."""


def run_ingest(images: Path, out: Path, config: Config, frames: int | None) -> None:
    """Write the store ``out`` from the files at ``images``; ``frames`` is their number as the configuration has it."""
    if images.resolve() == out.resolve():
        raise DataError(f"{images}: is both the images and the result. Choose another --out.")
    with told(f"ingest {out.name}") as said:
        movie = open_movie(images, config.ingest, config.movie)
        _require_count(movie, images, frames)
        facts = ImageFacts(
            movie.n_frames,
            movie.shape,
            movie.dtype,
            movie.scale,
            name=_name_of(out),
            source=str(images),
            first_number=movie.first_number,
        )
        levels = [asdict(level) for level in plan_levels(facts.shape, config.ingest)]
        plan = json.dumps([source_fingerprint(images), trigger(config, "ingest"), facts.as_attributes(), levels])
        with resumed_store(out, plan) as part:
            writer = create_image(part.folder, facts, config.ingest)
            _store_frames(movie, writer, part, config, out)
            writer.finish()
        said += [f"{movie.n_frames} frames", f"{_told(movie.shape)} {movie.dtype}", str(out)]


def _name_of(out: Path) -> str:
    """What a store's movie is called."""
    return out.name.removesuffix(".ome.zarr")


def _require_count(movie: MovieFrames, images: Path, frames: int | None) -> None:
    if frames is not None and frames != movie.n_frames:
        raise DataError(
            f"{images}: the configuration has {frames} frames but here are {movie.n_frames} ({numbers_of(images)}). "
            "Correct the number of frames, or restore the missing files."
        )


def _store_frames(movie: MovieFrames, writer: StoreWriter, part: PartStore, config: Config, out: Path) -> None:
    """Write all frames that the journal does not hold whole, several at a time."""
    thickness, workers = _slabs(movie, writer, config)

    def store(frame: int) -> FrameRecord | None:
        """Write one frame unless it is there already; returns what to note."""
        if _is_stored(writer, frame, part.finished.get(frame)):
            return None
        return writer.write_parts(frame, movie.read_parts(frame, _boxes(movie.shape, thickness)))

    frame_mb = float(np.prod(movie.shape)) * movie.dtype.itemsize / 1e6
    progress = Progress("ingest", movie.n_frames, _name_of(out), frame_mb=frame_mb)
    with ThreadPoolExecutor(workers) as pool:
        futures = {pool.submit(store, frame): frame for frame in range(movie.n_frames)}
        try:
            for future in as_completed(futures):
                record = future.result()
                if record is not None:
                    part.note(futures[future], record)
                progress.step(was_kept=record is None)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _is_stored(writer: StoreWriter, frame: int, record: list[list[int]] | None) -> bool:
    """Whether a frame lies on disk as the journal says, to the last bit."""
    if record is None:
        return False
    try:
        return all(checksum_of(writer.frame_folder(i, frame)) == tuple(r) for i, r in enumerate(record))
    except FileNotFoundError:
        return False


def _slabs(movie: MovieFrames, writer: StoreWriter, config: Config) -> tuple[int, int]:
    """Planes (2D: rows) read at once, and threads, so that both fit into the memory given."""
    memory = config.resources.memory_gb * 1e9
    layer = int(np.prod(movie.shape[1:])) * movie.dtype.itemsize
    workers = min(config.resources.workers, movie.n_frames)
    at_once = max(writer.thickness, movie.native_thickness)
    thickness = -(-at_once // writer.thickness) * writer.thickness
    workers = max(1, min(workers, int(memory / (SLAB_COPIES * layer * min(thickness, movie.shape[0])))))
    return thickness, workers


def _boxes(shape: tuple[int, ...], thickness: int) -> Iterator[Box]:
    """Slabs that tile a frame along its first axis, in order."""
    for start in range(0, shape[0], thickness):
        yield Box((start, *(0 for _ in shape[1:])), (min(start + thickness, shape[0]), *shape[1:]))


def _told(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
