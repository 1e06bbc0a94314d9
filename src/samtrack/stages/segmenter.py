"""The segmenter of a run: with the network, the user's points and the memory that its method wants."""

from __future__ import annotations

from samtrack.config import network_of
from samtrack.config.seed_files import SeedFileSettings
from samtrack.errors import DataError
from samtrack.io.seeds import SeedPoints, open_seeds
from samtrack.segment import Segmenter, build_segmenter, require_2d, require_3d
from samtrack.segment.prompts3d import Prompts3dSegmenter
from samtrack.stages.address import Address
from samtrack.stages.engine import open_engine
from samtrack.stages.engine3d import open_engine3d
from samtrack.types import Frames, Origin

ORIGINS: dict[str, Origin] = {
    "given": Origin.GIVEN,
    "seeds": Origin.SEEDS,
    "sam2": Origin.SAM2,
    "prompts3d": Origin.PROMPT3D,
}
"""Who made the masks, by method."""


def open_segmenter(address: Address, images: Frames, diameter_um: float | None, facts: list[str]) -> Segmenter:
    """The segmenter for one thread of `workers_of`; ``facts`` hears which network it asks, and which points."""
    config, engine, engine3d = address.config, None, None
    workers, network = config.resources.workers, network_of(config, "segment")
    if network == "sam2":
        require_2d(images.scale)
        engine, what = open_engine(config.sam2, workers)
        facts.append(what)
    elif network == "sammed3d":
        require_3d(images.scale)
        engine3d, what = open_engine3d(config.sammed3d, workers)
        facts.append(what)
    points_um = None
    if config.reads_seeds:
        points_um = given_points(address, images).points_um
        facts.append(f"around the points in {address.sources.seeds}")
    memory_gb = config.resources.memory_gb / workers_of(address)
    return build_segmenter(config.segment, diameter_um, images.scale, engine, memory_gb, points_um, engine3d)


def workers_of(address: Address) -> int:
    """Frames that are segmented at once: one where a network is asked, which uses all threads itself."""
    return 1 if network_of(address.config, "segment") else address.config.resources.workers


def told_by(segmenter: Segmenter) -> list[str]:
    """What a segmenter has to say at the end."""
    return [str(segmenter.tally)] if isinstance(segmenter, Prompts3dSegmenter) else []


def given_points(address: Address, images: Frames) -> SeedPoints:
    """The user's points, frame by frame beside the images."""
    seeds, settings = address.sources.seeds, getattr(address.config.segment, "seeds", None)
    if seeds is None or not isinstance(settings, SeedFileSettings):
        raise DataError(
            f"sequence {address.sequence.name}: segment.seeds.method is 'file' but the sequence names no seeds."
        )
    return open_seeds(seeds, address.sources.images, images, settings)
