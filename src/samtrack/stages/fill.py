"""Stage fill: masks for the frames of one block in which a tracked cell was not seen, or shared its mask."""

from __future__ import annotations

from samtrack.fill import fill_gaps
from samtrack.io.labels import open_labels
from samtrack.io.names import ASSIGNED_TABLE, MERGES_TABLE, TRACKS_TABLE
from samtrack.io.tables import read_detections, read_shared, read_tracks, write_patches
from samtrack.stages.address import Address, told
from samtrack.types import Origin


def run_fill(address: Address, block_name: str) -> None:
    """Write the filled masks of one block."""
    block = address.block(block_name)
    layout = address.layout
    with told(f"fill {address.sequence.name} {block.name}") as facts:
        names = address.neighbours("fill", block.core)
        detections = read_detections([layout.detections(name) for name in names])
        labels = open_labels([layout.labels(name) for name in names])
        tracks = read_tracks(layout.decided / TRACKS_TABLE, layout.decided / ASSIGNED_TABLE, detections)
        merges = read_shared(layout.decided / MERGES_TABLE, detections)
        patches = fill_gaps(labels, detections, tracks, merges, block.core, address.config.fill)
        write_patches(layout.patches(block.name), patches, len(labels.shape))
        n_split = sum(patch.origin == Origin.SPLIT for patch in patches)
        facts += [f"{len(patches) - n_split} masks filled", f"{n_split} masks from shared ones"]
