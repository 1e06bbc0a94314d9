"""Stage fill: masks for the frames of one block in which a tracked cell was not seen, or shared its mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from samtrack.config import Config
from samtrack.config.fill import Sam2FillSettings
from samtrack.config.objects import ObjectsSettings
from samtrack.fill import fill_gaps
from samtrack.fill.sam2 import Sam2Drawer
from samtrack.io.labels import open_labels
from samtrack.io.names import ASSIGNED_TABLE, MERGES_TABLE, TRACKS_TABLE
from samtrack.io.ome_zarr import open_image
from samtrack.io.tables import read_detections, read_shared, read_tracks, read_typical, write_patches
from samtrack.segment import Objects, kept
from samtrack.stages.address import Address, told
from samtrack.stages.engine import open_engine
from samtrack.types import Frames, MaskPatch, Origin, Typical

if TYPE_CHECKING:
    from samtrack.models.sam2.adapter import Sam2Engine


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
        drawer = None
        if isinstance(address.config.fill, Sam2FillSettings):
            drawer = drawer_of(address.config, open_image(layout.movie), read_typical(layout.typical), facts)
        patches = fill_gaps(labels, detections, tracks, merges, block.core, address.config.fill, drawer)
        drawn = len(patches)
        patches = patches_kept(patches, labels, address.config.objects)
        facts += [f"{drawn - len(patches)} left out by size or at the edge"] if drawn > len(patches) else []
        write_patches(layout.patches(block.name), patches, len(labels.shape))
        n_split = sum(patch.origin == Origin.SPLIT for patch in patches)
        facts += [f"{len(patches) - n_split} masks filled", f"{n_split} masks from shared ones"]
        if drawer is not None and drawer.n_drawn:
            facts += [f"of {drawer.n_drawn} drawn {drawer.n_by_shape} by their shape alone"]


def patches_kept(patches: list[MaskPatch], labels: Frames, settings: ObjectsSettings) -> list[MaskPatch]:
    """The patches without those drawn masks that section ``objects`` leaves out; parts of seen masks stay."""
    voxels = np.array([np.count_nonzero(patch.mask) for patch in patches], dtype=np.int64)
    centre = np.zeros((len(patches), len(labels.shape)))
    for i, patch in enumerate(patches):  # few, each in its own small box
        centre[i] = np.argwhere(patch.mask).mean(axis=0) + patch.box.start
    objects = Objects(np.arange(1, len(patches) + 1), voxels, centre)
    stays = kept(objects, labels.shape, labels.scale, settings)
    return [patch for patch, ok in zip(patches, stays, strict=True) if ok or patch.origin != Origin.FILLED]


def drawer_of(config: Config, images: Frames, typical: Typical, facts: list[str]) -> Sam2Drawer | None:
    """Who draws missing masks by the network that the configuration names; None where the method asks for none.

    ``facts`` hears on what the network runs, if it is asked at all.
    """
    settings = config.fill
    if not isinstance(settings, Sam2FillSettings):
        return None

    def opened() -> Sam2Engine:
        engine, what = open_engine(config.sam2, config.resources.workers, settings.detail)
        facts.append(what)
        return engine

    along_y, along_x = (2 * typical.radius_um / um for um in images.scale.um_per_voxel[-2:])
    return Sam2Drawer(opened, images, settings, (along_y, along_x))
