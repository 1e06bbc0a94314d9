"""From a configuration and named tensors to a ready network, or an error that says what does not fit."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from samtrack.errors import WeightsError
from samtrack.models.fit import require_fit, some
from samtrack.models.sam2.official import POSITIONS, TIED_POSITIONS, config_of, from_official, is_official

INITIAL_SD = 0.02
"""Standard deviation of a parameter that starts at random, as transformers draws its own."""

_SAM3_PREFIXES = (
    ("detector_model.vision_encoder.backbone.", "vision_encoder.backbone."),
    ("tracker_neck.", "vision_encoder.neck."),
    ("tracker_model.", ""),
)
"""Where the parts of SAM 3's tracker lie in the checkpoint of the whole of SAM 3, and where the tracker has them."""


def build_model(config: Mapping[str, Any], state: Mapping[str, Tensor]) -> nn.Module:
    """The network of a configuration with these weights: float32, on the CPU, in evaluation mode.

    Official keys are translated; without a configuration their sizes are told from the shapes. Every key and every
    shape must fit.
    """
    _require_sam2(state)
    if is_official(state):
        config, state = config or config_of(state), from_official(state)
    elif not config:
        raise WeightsError(
            "these weights have no configuration and not the official keys of SAM 2 "
            f"(found {some(state)}). Give a folder with config.json and model.safetensors."
        )
    model = _tied(_empty_model(config))
    tensors = _positions_completed(_of_the_tracker(state) if _is_sam3(config) else dict(state))
    require_fit(model, tensors)
    model.load_state_dict(tensors)
    return model.float().eval()


def random_model(config: Mapping[str, Any], seed: int = 0) -> nn.Module:
    """A network with random weights, none of them zero: where transformers leaves zeros, ``INITIAL_SD`` is drawn."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _tied(_empty_model(config))
        with torch.no_grad():
            for parameter in model.parameters():
                if not parameter.any():
                    parameter.normal_(std=INITIAL_SD)
    return model.float().eval()


def state_of(model: nn.Module) -> dict[str, Tensor]:
    """The tensors of a network for saving: each once, contiguous. `build_model` takes them back."""
    return {key: value.detach().contiguous() for key, value in model.state_dict().items() if key != TIED_POSITIONS}


def _empty_model(config: Mapping[str, Any]) -> nn.Module:
    """A network of the configuration's class and sizes, its weights still random."""
    from huggingface_hub.errors import StrictDataclassError

    makers: dict[str, Callable[[dict[str, Any]], nn.Module]] = {
        "sam2_video": _sam2_video,
        "edgetam_video": _edgetam_video,
        "sam3_tracker_video": _sam3_tracker,
        "sam3_video": _sam3_tracker,
    }
    kind = config.get("model_type")
    if kind not in makers:
        raise WeightsError(
            f"model_type is {kind!r}, expected one of {', '.join(sorted(makers))}: a video network of the SAM 2 family."
        )
    plain = copy.deepcopy(dict(config))  # transformers' configurations write into what they are given
    try:
        return makers[kind](plain)
    except ImportError as error:
        raise WeightsError(
            f"{kind}: needs a package that is not installed ({_one_line(error)}). Install it, then try again."
        ) from error
    except (StrictDataclassError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise WeightsError(
            f"{kind}: its configuration is not usable ({_one_line(error)}). Take config.json from its source."
        ) from error


def _sam2_video(config: dict[str, Any]) -> nn.Module:
    from transformers import Sam2VideoConfig, Sam2VideoModel
    from transformers.models.sam2_video.configuration_sam2_video import Sam2VideoMaskDecoderConfig

    decoder = config.get("mask_decoder_config")
    if isinstance(decoder, dict):  # transformers would read this section as that of the prompt encoder
        config["mask_decoder_config"] = Sam2VideoMaskDecoderConfig(**decoder)
    return Sam2VideoModel(Sam2VideoConfig(**config))


def _edgetam_video(config: dict[str, Any]) -> nn.Module:
    from transformers import EdgeTamVideoConfig, EdgeTamVideoModel

    if "backbone_config" not in (config.get("vision_config") or {}):
        raise ValueError("vision_config.backbone_config is missing; transformers would look for it in the network")
    return EdgeTamVideoModel(EdgeTamVideoConfig(**config))


def _sam3_tracker(config: dict[str, Any]) -> nn.Module:
    from transformers import Sam3TrackerVideoConfig, Sam3TrackerVideoModel

    return Sam3TrackerVideoModel(Sam3TrackerVideoConfig(**(config.get("tracker_config") or config)))


def _is_sam3(config: Mapping[str, Any]) -> bool:
    return str(config.get("model_type")).startswith("sam3")


def _of_the_tracker(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tracker's tensors out of a checkpoint of the whole of SAM 3; those of a tracker alone as they are."""
    if not any(key.startswith("tracker_model.") for key in state):
        return dict(state)
    return {
        ours + key.removeprefix(theirs): value
        for key, value in state.items()
        for theirs, ours in _SAM3_PREFIXES
        if key.startswith(theirs)
    }


def _tied(model: Any) -> nn.Module:
    """The same network with one position matrix for image and prompts, as all published weights have it."""
    model.prompt_encoder.shared_embedding = model.shared_image_embedding
    tied: nn.Module = model
    return tied


def _positions_completed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Both keys of the position matrix, where the weights have one; two different ones are an error."""
    first, second = state.get(POSITIONS), state.get(TIED_POSITIONS)
    if first is not None and second is not None and not torch.equal(first, second):
        raise WeightsError(
            f"{POSITIONS} and {TIED_POSITIONS} differ: points and image would be placed by different maps. The network "
            "was made without tying them; train it again with samtrack, which ties them."
        )
    found = first if first is not None else second
    return state if found is None else {**state, POSITIONS: found, TIED_POSITIONS: found}


def _require_sam2(state: Mapping[str, Tensor]) -> None:
    if any(key.startswith(("image_encoder.blocks.", "vision_encoder.layers.")) for key in state):
        raise WeightsError(
            "these weights are of the first SAM, which has no memory of other frames. Choose SAM 2 or SAM 2.1 "
            "(`samtrack weights list`)."
        )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
