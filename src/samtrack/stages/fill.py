"""Stage fill: masks for the frames of one block in which a tracked cell was not seen, or shared its mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from samtrack.config import Config, network_of
from samtrack.config.fill import Prompts3dFillSettings, Sam2FillSettings
from samtrack.config.objects import ObjectsSettings
from samtrack.errors import SettingsError
from samtrack.fill import fill_frames
from samtrack.fill.prompts3d import CellsUm, Prompts3dDrawer, nobody
from samtrack.fill.sam2 import Sam2Drawer
from samtrack.io.labels import open_labels
from samtrack.io.names import ASSIGNED_TABLE, MERGES_TABLE, TRACKS_TABLE
from samtrack.io.ome_zarr import open_image
from samtrack.io.tables import read_detections, read_shared, read_tracks, read_typical, write_patches
from samtrack.segment import Objects, kept
from samtrack.stages.address import Address, told
from samtrack.stages.engine import open_engine
from samtrack.stages.engine3d import open_engine3d
from samtrack.stages.progress import Progress
from samtrack.types import Detections, Frames, MaskPatch, Origin, Tracks, Typical

if TYPE_CHECKING:
    from samtrack.models.sam2.adapter import Sam2Engine
    from samtrack.models.sammed3d.engine import SamMed3DEngine


def run_fill(address: Address, block_name: str) -> None:
    """Write the filled masks of one block."""
    block = address.block(block_name)
    layout = address.layout
    with told(f"fill {address.sequence.name} {block.name}") as facts:
        names = address.neighbours("fill", block.core)
        detections = read_detections([layout.detections(name) for name in names])
        labels = open_labels([layout.labels(name) for name in names])
        tracks = read_tracks(
            layout.decided / TRACKS_TABLE, layout.decided / ASSIGNED_TABLE, detections, address.followed
        )
        merges = read_shared(layout.decided / MERGES_TABLE, detections)
        drawer = None
        if network_of(address.config, "fill"):
            images, typical = open_image(layout.movie), read_typical(layout.typical)
            drawer = drawer_of(address.config, images, typical, facts, cells_of(detections, tracks))
        progress = Progress("fill", len(block.core), address.sequence.name, block.name)
        patches: list[MaskPatch] = []
        for found in fill_frames(labels, detections, tracks, merges, block.core, address.config.fill, drawer):
            patches += found
            progress.step()
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


def drawer_of(
    config: Config, images: Frames, typical: Typical, facts: list[str], cells_um: CellsUm = nobody
) -> Sam2Drawer | Prompts3dDrawer | None:
    """Who draws missing masks by the network that the configuration names; None where the method asks for none.

    ``facts`` hears on what the network runs, if it is asked at all; ``cells_um`` gives the centroids of a frame's cells.
    """
    settings, diameter_um = config.fill, 2 * typical.radius_um
    if isinstance(settings, Prompts3dFillSettings):
        _require_3d(images)

        def opened3d() -> SamMed3DEngine:
            engine, what = open_engine3d(config.sammed3d, config.resources.workers)
            facts.append(what)
            return engine

        return Prompts3dDrawer(opened3d, images, settings, diameter_um, cells_um)
    if not isinstance(settings, Sam2FillSettings):
        return None

    def opened() -> Sam2Engine:
        engine, what = open_engine(config.sam2, config.resources.workers, settings.detail)
        facts.append(what)
        return engine

    along_y, along_x = (diameter_um / um for um in images.scale.um_per_voxel[-2:])
    return Sam2Drawer(opened, images, settings, (along_y, along_x))


def cells_of(detections: Detections, tracks: Tracks) -> CellsUm:
    """The centroids (n, 3) of the tracked cells of a frame, in micrometres."""
    is_cell = tracks.track_of != 0
    frame, centroid_um = detections.frame[is_cell], detections.centroid_um[is_cell]
    return lambda t: np.asarray(centroid_um[frame == t])


def _require_3d(images: Frames) -> None:
    if len(images.shape) != 3:
        raise SettingsError(
            f"fill.method is 'prompts3d', which draws masks in 3D movies only, but this movie has {len(images.shape)} axes. "
            "Choose fill.method: sam2, which does so in 2D, or shape."
        )
