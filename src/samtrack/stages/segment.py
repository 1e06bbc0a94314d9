"""Stage segment: the frames of one block to labels, found in the images or read from the user's masks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from math import prod

import numpy as np
import numpy.typing as npt

from samtrack.blocks import ByLayer, Canvas, Reader, is_small, whole_box
from samtrack.config.segment import GivenSettings
from samtrack.errors import DataError
from samtrack.io.labels import LabelBlockWriter, written_labels
from samtrack.io.movies import open_masks
from samtrack.io.ome_zarr import open_image
from samtrack.io.tables import read_number, write_number
from samtrack.segment import Segmenter, kept, measure_diameter, paint_frame, survey, without
from samtrack.stages.address import Address, told
from samtrack.stages.progress import Progress
from samtrack.stages.segmenter import ORIGINS, open_segmenter, told_by, workers_of
from samtrack.types import Frames

CANVAS_SHARE = 0.2
"""Share of the memory given in which a frame's labels may lie while they are painted; larger frames are painted on disk."""


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

            def work(frame: int) -> tuple[int, int]:
                """Segment and store one frame; each frame has shards of its own, so threads do not meet."""
                if given:
                    return _store(writer, frame, _checked(segmenter, source, frame), address)
                in_memory = CANVAS_SHARE * memory_gb * 1e9 >= 4 * prod(images.shape)
                with writer.canvas(frame, in_memory) as canvas:
                    number = paint_frame(segmenter, source, frame, canvas, memory_gb)
                    return _store(writer, frame, _numbered(canvas, number), address)

            progress = Progress("segment", len(block.core), address.sequence.name, block.name)
            counts = np.zeros(2, int)
            for found in pool.map(work, block.core.frames()):
                counts += found
                progress.step()
        cells, dropped = counts.tolist()
        facts += [f"{len(block.core)} frames", f"{cells} cells"]
        facts += [f"{dropped} left out by size or at the edge"] if dropped else []
        facts += ["from the masks given"] if given else [f"cell diameter {diameter_um:.3g} µm"]
        facts += told_by(segmenter)


def _checked(segmenter: Segmenter, source: Frames, frame: int) -> Reader:
    """Labels of a frame of given masks, box by box, as the segmenter passes them on; a small one is read once."""
    facts = segmenter.frame_facts(source, frame)
    if is_small(source.shape):
        return Canvas(segmenter.segment(source.read(frame), whole_box(source.shape), facts)).read
    return ByLayer(lambda box: segmenter.segment(source.read(frame, box), box, facts), source.shape)


def _numbered(canvas: Canvas, number: npt.NDArray[np.uint32] | None) -> Reader:
    """Labels of a painted frame, box by box."""
    read = ByLayer(canvas.read, canvas.shape)
    return read if number is None else lambda box: number[read(box)]


def _store(writer: LabelBlockWriter, frame: int, read: Reader, address: Address) -> tuple[int, int]:
    """Store the objects of a frame that stay; returns how many, and how many do not."""
    shape, scale = writer.shape, writer.scale
    objects = survey(read, shape)
    stays = kept(objects, shape, scale, address.config.objects)
    writer.write_boxes(frame, without(read, objects, stays))
    n = int(np.count_nonzero(stays))
    return n, len(stays) - n


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
