"""Weights before and in a run: fetched by the machine that starts it, read and built where they are used."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from samtrack.config.sam2 import Sam2Settings
from samtrack.config.sammed3d import SamMed3DSettings
from samtrack.config.weights import REGISTRY
from samtrack.io.atomic import written_file
from samtrack.io.weights_cache import cache_folder

if TYPE_CHECKING:
    from torch import nn

    from samtrack.io.weights import Weights

log = logging.getLogger(__name__)


def run_fetch_weights(
    settings: Sam2Settings | SamMed3DSettings, mark: Path, say: Callable[[str], None] = log.info
) -> None:
    """Bring the weights that the settings name to this machine, and write what they sum to into ``mark``."""
    from samtrack.io.weights import sha256_of
    from samtrack.io.weights_fetch import fetch

    cache = cache_folder(settings.cache)
    if settings.weights in REGISTRY:
        fetch(REGISTRY[settings.weights], cache, say)
    found = sha256_of(settings.weights, cache)
    with written_file(mark) as part:
        part.write_text(f"{found}  {settings.weights}\n", encoding="utf-8")
    say(f"weights {settings.weights}: here, SHA-256 {found}")


def load_model(settings: Sam2Settings) -> tuple[nn.Module, Weights]:
    """The network that the settings name, on the CPU in float32, and where it came from. Never fetches."""
    from samtrack.io.weights import open_weights
    from samtrack.models.sam2.build import build_model

    weights = open_weights(settings.weights, cache_folder(settings.cache))
    return build_model(weights.config, weights.state), weights
