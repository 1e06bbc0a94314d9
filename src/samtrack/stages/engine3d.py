"""From settings to a SAM-Med3D engine: weights read, network built, device chosen, the size of cells it likes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samtrack.config.sammed3d import SamMed3DSettings
from samtrack.stages.engine import read_card
from samtrack.stages.gpus import free_gpu

if TYPE_CHECKING:
    from samtrack.models.sammed3d.engine import SamMed3DEngine

CELL_SHARE = 0.5
"""Diameter of a typical cell for weights that say nothing, as a share of a tile: four of eight patches along an axis, so
that a cell has an inside and a rim and its neighbours are in sight."""


def open_engine3d(settings: SamMed3DSettings, workers: int = 1, rounds: int = 1) -> tuple[SamMed3DEngine, str]:
    """The engine that the settings ask for, and a line that says which weights run on what. ``workers``: threads."""
    import torch

    from samtrack.io.weights import open_weights
    from samtrack.io.weights_cache import cache_folder
    from samtrack.models.device import choose_device, choose_precision
    from samtrack.models.sammed3d.build import build_model
    from samtrack.models.sammed3d.engine import SamMed3DEngine, Use3D

    torch.set_num_threads(workers)
    device, told = choose_device(free_gpu(settings.device), "sammed3d.device")
    weights = open_weights(settings.weights, cache_folder(settings.cache))
    network = build_model(weights.config, weights.state)
    card = read_card(weights.config, weights.source)
    use = Use3D(
        device=device,
        dtype=choose_precision(settings.precision, device),
        memory_gb=settings.memory_gb,
        cell_px=settings.cell_px or float(card.get("cell_px", CELL_SHARE * network.sizes.image_px)),
        folds=settings.fold,
        rounds=rounds,
    )
    return SamMed3DEngine(network, use), f"{weights.name} {told}"
