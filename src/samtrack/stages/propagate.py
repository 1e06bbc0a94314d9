"""Stage propagate: what SAM 2 says of the cells of one block and of those that follow, carried both ways in time."""

from __future__ import annotations

import logging
import time

from samtrack.io.evidence import write_evidence
from samtrack.io.labels import open_labels
from samtrack.io.ome_zarr import open_image
from samtrack.io.tables import read_detections, read_typical
from samtrack.link.propagate import propagate_cells
from samtrack.stages.address import Address, told
from samtrack.stages.engine import open_engine
from samtrack.stages.progress import Progress
from samtrack.types import Evidence

log = logging.getLogger("samtrack")


def run_propagate(address: Address, block_name: str) -> None:
    """Write the evidence of one block."""
    block, layout, config = address.block(block_name), address.layout, address.config
    name = f"propagate {address.sequence.name} {block.name}"
    with told(name) as facts:
        engine, line = open_engine(config.sam2, config.resources.workers)
        log.info("%s: %s", name, line)
        names = address.neighbours("propagate", block.core)
        detections = read_detections([layout.detections(name) for name in names])
        parts: list[Evidence] = []
        start = time.perf_counter()
        progress = Progress("propagate", len(block.core), address.sequence.name, block.name)
        for part in propagate_cells(
            engine,
            open_image(layout.movie),
            open_labels([layout.labels(name) for name in names]),
            detections,
            block.core,
            read_typical(layout.typical),
            config.link,
        ):
            parts.append(part)
            progress.step()
        evidence = Evidence.concatenate(parts)
        write_evidence(layout.evidence(block.name), evidence.ordered(), detections)
        per_second = len(parts) / max(time.perf_counter() - start, 1e-9)
        facts += [f"{len(parts)} frames", f"{len(evidence)} meetings of cells", f"{per_second:.2g} frames per second"]
