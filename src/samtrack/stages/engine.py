"""From settings to a SAM 2 engine: the weights read, the network built, the device chosen, the sizes it was trained with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from samtrack.config.sam2 import Sam2Settings
from samtrack.errors import WeightsError
from samtrack.stages.gpus import free_gpu

if TYPE_CHECKING:
    from samtrack.models.sam2.adapter import Sam2Engine

CARD = "samtrack"
"""Section of a weights' config.json that says how samtrack uses them."""

CELL_PX, WINDOW_PX, TILE_PX = 64.0, 256, 1024
"""Sizes for weights that say nothing: a cell of 64 px is large enough to be seen and leaves room to move in its window."""

TOKEN_PX = 16
"""Stride of the features in which windows are counted."""

LEAST_TILE_PX = 32
"""Stride of the coarsest map of the encoders: sides of tiles are multiples of it."""


def open_engine(settings: Sam2Settings, workers: int = 1, detail: float = 1.0) -> tuple[Sam2Engine, str]:
    """The engine that the settings ask for, and a line that says which weights run on what.

    ``workers``: threads; ``detail``: how many times larger than usual cells and their windows are shown.
    """
    import torch

    from samtrack.models.device import choose_device, choose_precision
    from samtrack.models.sam2.adapter import Sam2Engine, Use
    from samtrack.models.sam2.kin import network_of
    from samtrack.models.sam2.network import Habits
    from samtrack.stages.weights import load_model

    torch.set_num_threads(workers)
    device, told = choose_device(free_gpu(settings.device))
    model, weights = load_model(settings)
    card = read_card(weights.config, weights.source)
    habits = Habits(**{field.name: card[field.name] for field in fields(Habits) if field.name in card})
    network = network_of(model, habits)
    cell_px, window_px, tile_px = sizes(settings, card, int(network.model.config.image_size), detail)
    use = Use(
        device=device,
        dtype=choose_precision(settings.precision, device),
        memory_gb=settings.memory_gb,
        cell_px=cell_px,
        window_px=window_px,
        tile_px=tile_px,
        compiled=settings.compile,
    )
    return Sam2Engine(network, use), f"{weights.name} {told}"


def read_card(config: Mapping[str, Any], source: str) -> dict[str, Any]:
    """How weights want to be used; empty where they do not say."""
    card = config.get(CARD, {})
    if not isinstance(card, dict):
        raise WeightsError(
            f"{source}: its configuration holds {CARD!r}: {card!r}, expected an object with mask_prompt, pointers, "
            "cell_px … Correct it, or remove it for the defaults."
        )
    return card


def sizes(
    settings: Sam2Settings, card: Mapping[str, Any], image_px: int, detail: float = 1.0
) -> tuple[float, int, int]:
    """Diameter of a cell, sides of a window and of a tile in model pixels: as set, else as trained, else as usual.

    ``image_px``: side of the pictures that the network was made for; neither a window nor a usual tile is larger.
    ``detail`` enlarges cells, and windows as far as the network goes, to whole tokens.
    """
    cell_px = settings.cell_px or float(card.get("cell_px", CELL_PX))
    window_px = settings.window_px or int(card.get("window_px", min(WINDOW_PX, image_px)))
    tile_px = settings.tile_px or int(card.get("tile_px", min(TILE_PX, image_px)))
    if detail != 1:
        window_px = max(TOKEN_PX, min(round(window_px * detail / TOKEN_PX) * TOKEN_PX, image_px))
    return detail * cell_px, window_px, max(tile_px, LEAST_TILE_PX)
