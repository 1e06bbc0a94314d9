"""From a configuration and named tensors to a ready network, or an error that says what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn

from samtrack.models.fit import require_fit
from samtrack.models.sammed3d.network import SamMed3D
from samtrack.models.sammed3d.sizes import MODEL_TYPE, Sizes

TABLE_SD, TOKEN_SD = 0.02, 0.02
"""Standard deviation of random tables and tokens: small against features of size 1."""


def build_model(config: Mapping[str, Any], state: Mapping[str, Tensor]) -> SamMed3D:
    """The network of these weights: float32, on the CPU, in evaluation mode. Every key and every shape must fit.

    Without a configuration, as in published checkpoints, sizes are told from the shapes.
    """
    sizes = Sizes.of_config(config) if config else Sizes.of_state(state)
    with torch.device("meta"):
        model = SamMed3D(sizes)
    require_fit(model, state)
    model.load_state_dict({key: value.float() for key, value in state.items()}, assign=True)
    return model.eval()


def random_model(sizes: Sizes, seed: int = 0) -> SamMed3D:
    """A network that has learnt nothing, drawn so that signals keep their size from layer to layer."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = SamMed3D(sizes)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if "rel_pos" in name or "pos_embed" in name:
                    parameter.normal_(std=TABLE_SD)
            for module in model.modules():
                if isinstance(module, nn.Embedding):
                    module.weight.normal_(std=TOKEN_SD)
            model.prompt_encoder.pe_layer.matrix.normal_()
    return model.eval()


def config_of(sizes: Sizes) -> dict[str, Any]:
    """The contents of config.json."""
    return {"model_type": MODEL_TYPE, **{k: list(v) if isinstance(v, tuple) else v for k, v in asdict(sizes).items()}}


def state_of(model: nn.Module) -> dict[str, Tensor]:
    """The tensors of a network for saving; `build_model` takes them back."""
    return {key: value.detach().contiguous() for key, value in model.state_dict().items()}
