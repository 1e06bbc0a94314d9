"""Stage measure: labels of one block to its table of detections; and, over all blocks, what is typical of a cell."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from samtrack.io.labels import open_labels
from samtrack.io.ome_zarr import open_image
from samtrack.io.tables import read_detections, write_detections, write_typical
from samtrack.link import measure_frame, summarise
from samtrack.stages.address import Address, told
from samtrack.stages.progress import Progress
from samtrack.types import Detections


def run_measure(address: Address, block_name: str) -> None:
    """Write the detections of one block."""
    block = address.block(block_name)
    with told(f"measure {address.sequence.name} {block.name}") as facts:
        images = open_image(address.layout.movie)
        labels = open_labels([address.layout.labels(block.name)])

        progress = Progress("measure", len(block.core), address.sequence.name, block.name)

        def work(frame: int) -> Detections:
            """Measure the cells of one frame."""
            found = measure_frame(labels, frame, images, labels.origin)
            progress.step()
            return found

        with ThreadPoolExecutor(address.config.resources.workers) as pool:
            detections = Detections.concatenate(list(pool.map(work, block.core.frames())))
        write_detections(address.layout.detections(block.name), detections)
        facts += [f"{len(block.core)} frames", f"{len(detections)} detections"]


def run_summarise(address: Address) -> None:
    """Write what is typical of the cells of the whole movie."""
    with told(f"measure {address.sequence.name}") as facts:
        typical = summarise(read_detections([address.layout.detections(name) for name in address.names]))
        write_typical(address.layout.typical, typical)
        facts += [
            f"{typical.n_detections} detections",
            f"radius {typical.radius_um:.3g} µm",
            f"neighbours {typical.neighbour_um:.3g} µm apart",
        ]
