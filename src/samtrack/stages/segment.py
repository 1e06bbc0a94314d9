"""Stage segment: the frames of one block to labels, found in the images or read from the user's masks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from samtrack.config.seed_files import SeedFileSettings
from samtrack.config.segment import GivenSettings, Sam2SegmentSettings
from samtrack.errors import DataError
from samtrack.io.labels import written_labels
from samtrack.io.movies import open_masks
from samtrack.io.ome_zarr import open_image
from samtrack.io.seeds import SeedPoints, open_seeds
from samtrack.io.tables import read_number, write_number
from samtrack.segment import build_segmenter, measure_diameter, require_2d, segment_frame
from samtrack.stages.address import Address, told
from samtrack.stages.engine import open_engine
from samtrack.types import Frames, Origin


def run_segment(address: Address, block_name: str) -> None:
    """Write the labels of one block."""
    block = address.block(block_name)
    settings = address.config.segment
    given, asks_sam2 = isinstance(settings, GivenSettings), isinstance(settings, Sam2SegmentSettings)
    with told(f"segment {address.sequence.name} {block.name}") as facts:
        images: Frames = open_image(address.layout.movie)
        diameter_um = None if given else _diameter_um(address)
        workers = 1 if asks_sam2 else address.config.resources.workers  # the network uses all threads itself
        memory_gb = address.config.resources.memory_gb / workers
        engine = None
        if asks_sam2:
            require_2d(images.scale)
            engine, what = open_engine(address.config.sam2, address.config.resources.workers)
            facts.append(what)
        points_um = None
        if address.config.reads_seeds:
            points_um = given_points(address, images).points_um
            facts.append(f"around the points in {address.sources.seeds}")
        segmenter = build_segmenter(settings, diameter_um, images.scale, engine, memory_gb, points_um=points_um)
        source = _given_masks(address, images) if given else images
        origin = Origin.GIVEN if given else Origin.SAM2 if asks_sam2 else Origin.SEEDS
        path = address.layout.labels(block.name)
        with (
            written_labels(path, block.core, images.shape, images.scale, origin) as writer,
            ThreadPoolExecutor(workers) as pool,
        ):

            def work(frame: int) -> int:
                """Segment and store one frame; each frame is a shard of its own, so threads do not meet."""
                labels = segment_frame(segmenter, source, frame, memory_gb)
                writer.write(frame, labels)
                return int(np.count_nonzero(np.unique(labels)))

            cells = sum(pool.map(work, block.core.frames()))
        facts += [f"{len(block.core)} frames", f"{cells} cells"]
        facts += ["from the masks given"] if given else [f"cell diameter {diameter_um:.3g} µm"]


def run_diameter(address: Address) -> None:
    """Measure how large a cell is, once for the movie, so that all blocks use the same number."""
    with told(f"segment {address.sequence.name}") as facts:
        diameter_um = measure_diameter(open_image(address.layout.movie), address.config.segment)
        write_number(address.layout.diameter, "diameter_um", diameter_um)
        facts += [f"a cell measures {diameter_um:.3g} µm"]


def _diameter_um(address: Address) -> float:
    """The diameter given, or the one measured on the movie."""
    return address.config.movie.cell_diameter_um or read_number(address.layout.diameter, "diameter_um")


def given_points(address: Address, images: Frames) -> SeedPoints:
    """The user's points, frame by frame beside the images."""
    seeds, settings = address.sources.seeds, getattr(address.config.segment, "seeds", None)
    if seeds is None or not isinstance(settings, SeedFileSettings):
        raise DataError(
            f"sequence {address.sequence.name}: segment.seeds.method is 'file' but the sequence names no seeds."
        )
    return open_seeds(seeds, address.sources.images, images, settings)


def _given_masks(address: Address, images: Frames) -> Frames:
    """The user's masks, frame by frame beside the images."""
    masks, settings = address.sources.masks, address.config.segment
    if masks is None or not isinstance(settings, GivenSettings):
        raise DataError(f"sequence {address.sequence.name}: segment.method is 'given' but the sequence names no masks.")
    return open_masks(masks, address.sources.images, images, settings)
