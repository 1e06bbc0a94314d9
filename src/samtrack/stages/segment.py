"""Stage segment: the frames of one block to labels, found in the images or read from the user's masks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from samtrack.config.segment import GivenSettings
from samtrack.errors import DataError
from samtrack.io.labels import written_labels
from samtrack.io.movies import open_masks
from samtrack.io.ome_zarr import open_image
from samtrack.io.tables import read_number, write_number
from samtrack.segment import measure_diameter, segment_frame
from samtrack.stages.address import Address, told
from samtrack.stages.segmenter import ORIGINS, open_segmenter, told_by, workers_of
from samtrack.types import Frames


def run_segment(address: Address, block_name: str) -> None:
    """Write the labels of one block."""
    block = address.block(block_name)
    settings = address.config.segment
    given = isinstance(settings, GivenSettings)
    with told(f"segment {address.sequence.name} {block.name}") as facts:
        images: Frames = open_image(address.layout.movie)
        diameter_um = None if given else _diameter_um(address)
        workers = workers_of(address)
        memory_gb = address.config.resources.memory_gb / workers
        segmenter = open_segmenter(address, images, diameter_um, facts)
        source = _given_masks(address, images) if given else images
        path = address.layout.labels(block.name)
        with (
            written_labels(path, block.core, images.shape, images.scale, ORIGINS[settings.method]) as writer,
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
        facts += told_by(segmenter)


def run_diameter(address: Address) -> None:
    """Measure how large a cell is, once for the movie, so that all blocks use the same number."""
    with told(f"segment {address.sequence.name}") as facts:
        diameter_um = measure_diameter(open_image(address.layout.movie), address.config.segment)
        write_number(address.layout.diameter, "diameter_um", diameter_um)
        facts += [f"a cell measures {diameter_um:.3g} µm"]


def _diameter_um(address: Address) -> float:
    """The diameter given, or the one measured on the movie."""
    return address.config.movie.cell_diameter_um or read_number(address.layout.diameter, "diameter_um")


def _given_masks(address: Address, images: Frames) -> Frames:
    """The user's masks, frame by frame beside the images."""
    masks, settings = address.sources.masks, address.config.segment
    if masks is None or not isinstance(settings, GivenSettings):
        raise DataError(f"sequence {address.sequence.name}: segment.method is 'given' but the sequence names no masks.")
    return open_masks(masks, address.sources.images, images, settings)
