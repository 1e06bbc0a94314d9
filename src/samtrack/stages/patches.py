"""Stage patches: tiles of annotated movies as pairs of TIFF files, for those who train with other tools."""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from samtrack.config import Config
from samtrack.io.tiff_write import write_tiff
from samtrack.stages.annotated import read_annotated_volumes, with_masks
from samtrack.train.sammed3d_movies import Scene, annotated_stream, told_frames, typical_diameter_um

log = logging.getLogger("samtrack")

IMAGES, LABELS = "images", "labels"

SAY_EVERY = 20
"""Pairs between lines that say how far it is."""


@dataclass(frozen=True, slots=True)
class Patches:
    """Movies with their masks, and what to cut of them: tiles of ``side`` in which a typical cell measures ``cell_px``."""

    data: tuple[str, ...]
    masks: tuple[str, ...]
    out: Path
    config: Config
    count: int = 200
    side: int = 128
    cell_px: float = 64.0
    seed: int = 1


def run_patches(patches: Patches) -> None:
    """Write OUT/images/NNNNN.tif (float32, above 0 to 1; 0 beyond the frame) and OUT/labels/NNNNN.tif (uint16)."""
    frames = [
        frame
        for images, masks in with_masks(patches.data, patches.masks)
        for frame in read_annotated_volumes(Path(images), Path(masks) if masks else None, patches.config)
    ]
    diameter_um = typical_diameter_um(frames)
    log.info("patches: %s", told_frames(frames, [], diameter_um))
    for name in (IMAGES, LABELS):
        (patches.out / name).mkdir(parents=True, exist_ok=True)
    um = (diameter_um / patches.cell_px,) * 3
    scene = Scene(tuple(frames), diameter_um, patches.cell_px, patches.side)
    with closing(annotated_stream(scene, patches.seed)) as cubes:
        for i, cube in enumerate(islice(cubes, patches.count), start=1):
            write_tiff(patches.out / IMAGES / f"{i:05d}.tif", cube.image, um)
            write_tiff(patches.out / LABELS / f"{i:05d}.tif", cube.labels.astype("uint16"), um)
            if i % SAY_EVERY == 0 or i == patches.count:
                log.info("patches: %d of %d", i, patches.count)
