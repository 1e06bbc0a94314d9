"""A network from a configuration and tensors, strictly; positions tied; errors that say what does not fit."""

import copy
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from samtrack.errors import WeightsError
from samtrack.models.sam2.build import build_model, random_model, state_of
from samtrack.models.sam2.official import POSITIONS, TIED_POSITIONS

State = dict[str, Tensor]


@pytest.fixture
def model(small_config: dict[str, Any]) -> nn.Module:
    return random_model(small_config)


def test_a_network_is_rebuilt_from_its_saved_tensors(model: nn.Module, small_config: dict[str, Any]) -> None:
    before = copy.deepcopy(small_config)
    state = {key: value.half() for key, value in state_of(model).items()}
    built = build_model(small_config, state)
    assert small_config == before
    assert not built.training
    assert {p.dtype for p in built.parameters()} == {torch.float32}
    assert all(torch.equal(value, state[key].float()) for key, value in built.state_dict().items() if key in state)


def test_sizes_of_the_mask_decoder_are_those_of_its_section(model: nn.Module) -> None:
    assert model.mask_decoder.transformer.layers[0].mlp.proj_in.out_features == 192
    assert model.mask_decoder.iou_prediction_head.proj_in.out_features == 160


def test_positions_of_image_and_prompts_are_one(model: nn.Module, small_config: dict[str, Any]) -> None:
    for made in (model, build_model(small_config, model.state_dict())):
        assert made.prompt_encoder.shared_embedding is made.shared_image_embedding
        assert torch.equal(made.state_dict()[POSITIONS], made.state_dict()[TIED_POSITIONS])
    assert TIED_POSITIONS not in state_of(model)


@pytest.mark.parametrize("dropped", [POSITIONS, TIED_POSITIONS])
def test_one_position_matrix_is_enough(model: nn.Module, small_config: dict[str, Any], dropped: str) -> None:
    state = model.state_dict()
    built = build_model(small_config, {key: value for key, value in state.items() if key != dropped})
    assert torch.equal(built.shared_image_embedding.positional_embedding, state[POSITIONS])


def test_two_different_position_matrices_are_an_error(model: nn.Module, small_config: dict[str, Any]) -> None:
    state = {**model.state_dict(), TIED_POSITIONS: torch.zeros(2, 64)}
    with pytest.raises(WeightsError, match="differ: points and image would be placed by different maps"):
        build_model(small_config, state)


def test_no_parameter_of_a_random_network_is_zero_and_its_seed_tells_it(small_config: dict[str, Any]) -> None:
    before = torch.random.get_rng_state()
    one, same, other = (random_model(small_config, seed) for seed in (3, 3, 4))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(parameter.any() for parameter in one.parameters())
    assert one.memory_temporal_positional_encoding.std().item() == pytest.approx(0.02, rel=0.3)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not torch.equal(one.no_object_pointer, other.no_object_pointer)


def without(*keys: str) -> Callable[[State], State]:
    return lambda state: {key: value for key, value in state.items() if key not in keys}


FAULTS: dict[str, tuple[Callable[[State], State], str]] = {
    "missing": (
        without("no_object_pointer", "mask_downsample.bias"),
        r"2 of \d+ keys missing \(mask_downsample\.bias, no_",
    ),
    "unexpected": (lambda state: {**state, "lora.a": torch.ones(1)}, r"1 unexpected keys \(lora\.a\)"),
    "shape": (
        lambda state: {**state, "no_object_pointer": torch.ones(1, 64)},
        r"1 wrong shapes \(no_object_pointer \[1, 64\], expected \[1, 128\]\)",
    ),
    "first SAM": (lambda state: {"image_encoder.blocks.0.norm1.weight": torch.ones(3)}, "of the first SAM"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_fit_is_named(model: nn.Module, small_config: dict[str, Any], fault: str) -> None:
    change, message = FAULTS[fault]
    with pytest.raises(WeightsError, match=message):
        build_model(small_config, change(model.state_dict()))


def test_a_configuration_is_needed_and_must_be_of_the_family(model: nn.Module, small_config: dict[str, Any]) -> None:
    with pytest.raises(WeightsError, match="no configuration and not the official keys"):
        build_model({}, model.state_dict())
    with pytest.raises(WeightsError, match="model_type is 'bert', expected one of edgetam_video"):
        build_model({"model_type": "bert"}, model.state_dict())
    with pytest.raises(WeightsError, match="its configuration is not usable"):
        build_model({**small_config, "memory_attention_hidden_size": "wide"}, model.state_dict())


def sam3_config() -> dict[str, Any]:
    """SAM 3's tracker with a vision transformer of 4 patches a side."""
    backbone = {
        "model_type": "sam3_vit_model",
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 56,
        "pretrain_image_size": 56,
        "window_size": 2,
        "global_attn_indexes": [1],
    }
    vision = {
        "model_type": "sam3_vision_model",
        "backbone_config": backbone,
        "fpn_hidden_size": 64,
        "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
    }
    return {
        "model_type": "sam3_tracker_video",
        "vision_config": vision,
        "image_size": 56,
        "prompt_encoder_config": {"hidden_size": 64, "image_size": 56},
        "mask_decoder_config": {"hidden_size": 64, "mlp_dim": 96, "iou_head_hidden_dim": 64},
        "memory_attention_hidden_size": 64,
        "memory_attention_num_layers": 1,
        "memory_attention_feed_forward_hidden_size": 96,
        "memory_attention_rope_feat_sizes": [4, 4],
        "memory_encoder_hidden_size": 64,
        "mask_downsampler_embed_dim": 64,
        "memory_fuser_embed_dim": 64,
        "memory_fuser_intermediate_dim": 96,
    }


def test_the_tracker_is_taken_out_of_a_checkpoint_of_the_whole_of_sam_3() -> None:
    config = sam3_config()
    tracker = random_model(config)
    state = tracker.state_dict()
    whole = {"detector_model.text_encoder.weight": torch.ones(2)}
    for key, value in state.items():
        if key.startswith("vision_encoder.backbone."):
            whole[f"detector_model.{key}"] = value
        elif key.startswith("vision_encoder.neck."):
            whole[key.replace("vision_encoder.neck.", "tracker_neck.")] = value
        else:
            whole[f"tracker_model.{key}"] = value
    built = build_model({"model_type": "sam3_video", "tracker_config": config}, whole)
    assert all(torch.equal(value, state[key]) for key, value in built.state_dict().items())


def edgetam_config() -> dict[str, Any]:
    backbone = {
        "model_type": "timm_wrapper",
        "architecture": "repvit_m1.dist_in1k",
        "model_args": {"in_chans": 3, "features_only": True, "out_indices": [0, 1, 2, 3]},
    }
    return {"model_type": "edgetam_video", "vision_config": {"backbone_config": backbone}}


def test_edgetam_says_which_package_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(WeightsError, match=r"edgetam_video: needs a package that is not installed .*timm"):
        random_model(edgetam_config())


def test_edgetam_is_built() -> None:
    pytest.importorskip("timm", reason="EdgeTAM's encoder is one of timm's networks; pip install timm")
    made = random_model(edgetam_config())
    assert made.prompt_encoder.shared_embedding is made.shared_image_embedding
    built = build_model(edgetam_config(), state_of(made))
    assert torch.equal(built.no_memory_embedding, made.no_memory_embedding)


def test_nothing_is_looked_for_in_the_network() -> None:
    with pytest.raises(WeightsError, match="backbone_config is missing"):
        random_model({"model_type": "edgetam_video"})
