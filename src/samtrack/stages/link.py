"""Stage link: candidate links, divisions and merges that begin in one block, each with a probability."""

from __future__ import annotations

from samtrack.io.labels import open_labels
from samtrack.io.ome_zarr import open_image
from samtrack.io.tables import read_detections, read_typical, write_divisions, write_links, write_merges
from samtrack.link import propose_links
from samtrack.stages.address import Address, told


def run_link(address: Address, block_name: str) -> None:
    """Write the links, divisions and merges that one block proposes."""
    block = address.block(block_name)
    layout = address.layout
    with told(f"link {address.sequence.name} {block.name}") as facts:
        names = address.neighbours("link", block.core)
        detections = read_detections([layout.detections(name) for name in names])
        links, divisions, merges = propose_links(
            open_image(layout.movie),
            open_labels([layout.labels(name) for name in names]),
            detections,
            block.core,
            read_typical(layout.typical),
            address.config.link,
        )
        write_links(layout.links(block.name), links, detections)
        write_divisions(layout.divisions(block.name), divisions, detections)
        write_merges(layout.merges(block.name), merges, detections)
        facts += [f"{len(links)} links", f"{len(divisions)} divisions", f"{len(merges)} merges proposed"]
