"""Official keys to transformers' keys and back: the same tensors, the same logits, sizes told from shapes."""

from typing import Any

import pytest
import torch
from torch import Tensor

from samtrack.errors import WeightsError
from samtrack.models.sam2.build import build_model, random_model
from samtrack.models.sam2.official import (
    POINT_EMBEDDINGS,
    POSITIONS,
    TIED_POSITIONS,
    VARIANTS,
    Variant,
    config_of,
    from_official,
    is_official,
    to_official,
)

OFFICIAL_KEYS = {
    "image_encoder.trunk.blocks.1.mlp.layers.0.weight": "vision_encoder.backbone.blocks.1.mlp.proj_in.weight",
    "image_encoder.neck.convs.2.conv.bias": "vision_encoder.neck.convs.2.bias",
    "memory_attention.layers.0.cross_attn_image.out_proj.weight": "memory_attention.layers.0.cross_attn_image.o_proj.weight",
    "memory_encoder.mask_downsampler.encoder.7.bias": "memory_encoder.mask_downsampler.layers.2.layer_norm.bias",
    "memory_encoder.mask_downsampler.encoder.12.weight": "memory_encoder.mask_downsampler.final_conv.weight",
    "memory_encoder.fuser.layers.1.gamma": "memory_encoder.memory_fuser.layers.1.scale",
    "sam_mask_decoder.output_hypernetworks_mlps.3.layers.2.bias": "mask_decoder.output_hypernetworks_mlps.3.proj_out.bias",
    "sam_mask_decoder.obj_score_token.weight": "mask_decoder.obj_score_token.weight",
    "sam_mask_decoder.transformer.layers.1.norm4.weight": "mask_decoder.transformer.layers.1.layer_norm4.weight",
    "sam_prompt_encoder.mask_downscaling.4.weight": "prompt_encoder.mask_embed.layer_norm2.weight",
    "sam_prompt_encoder.pe_layer.positional_encoding_gaussian_matrix": POSITIONS,
    "obj_ptr_proj.layers.1.weight": "object_pointer_proj.layers.0.weight",
    "no_obj_embed_spatial": "occlusion_spatial_embedding_parameter",
}


@pytest.fixture
def model(small_config: dict[str, Any]) -> torch.nn.Module:
    """A small network without two equal tensors, so that no mistaken key can hide."""
    made = random_model(small_config, seed=1)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter += 0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(parameter.numel()))
    return made


@torch.no_grad()
def logits_of(model: torch.nn.Module) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    pixels = torch.randn(1, 3, 128, 128, generator=generator)
    fine, mid, coarse = model.vision_encoder(pixels).fpn_hidden_states
    maps = [model.mask_decoder.conv_s0(fine), model.mask_decoder.conv_s1(mid), coarse]
    points, labels = torch.tensor([[[[40.0, 70.0]]]]), torch.ones(1, 1, 1, dtype=torch.int)
    out = model._single_frame_forward(input_points=points, input_labels=labels, image_embeddings=maps)
    return out.pred_masks


def test_there_and_back_gives_the_same_tensors_and_logits(model: torch.nn.Module, small_config: dict[str, Any]) -> None:
    state = model.state_dict()
    official = to_official(state)
    assert is_official(official)
    assert not is_official(state)
    back = from_official(official)
    assert back.keys() == state.keys()
    assert all(torch.equal(back[key], state[key]) for key in state)
    rebuilt = build_model(small_config, official)
    assert torch.equal(logits_of(rebuilt), logits_of(model))


@pytest.mark.parametrize(("official", "ours"), OFFICIAL_KEYS.items())
def test_keys_are_those_of_the_official_files(model: torch.nn.Module, official: str, ours: str) -> None:
    state = model.state_dict()
    assert torch.equal(to_official(state)[official], state[ours])


def test_four_point_embeddings_become_one_and_one_position_matrix_two(model: torch.nn.Module) -> None:
    official = to_official(model.state_dict())
    assert [official[f"sam_prompt_encoder.point_embeddings.{i}.weight"].shape for i in range(4)] == [(1, 128)] * 4
    converted = from_official(official)
    assert converted[POINT_EMBEDDINGS].shape == (4, 128)
    assert converted[POSITIONS] is converted[TIED_POSITIONS]


def test_unknown_and_missing_keys_are_errors(model: torch.nn.Module) -> None:
    official = to_official(model.state_dict())
    with pytest.raises(WeightsError, match=r"1 unexpected keys, among them image_encoder\.trunk\.norm\.weight"):
        from_official({**official, "image_encoder.trunk.norm.weight": torch.ones(3)})
    del official["sam_prompt_encoder.point_embeddings.2.weight"]
    with pytest.raises(WeightsError, match=r"point_embeddings\.2\.weight missing"):
        from_official(official)
    with pytest.raises(WeightsError, match="no counterpart"):
        to_official({"spatial_perceiver.latents": torch.ones(1)})


def shapes(variant: Variant, is_21: bool) -> dict[str, Tensor]:
    """As much of an official state dict as tells its sizes."""
    background = 14 if variant.name == "base-plus" else 7
    state = {
        "maskmem_tpos_enc": torch.zeros(7, 1, 1, 64),
        "image_encoder.trunk.pos_embed": torch.empty(1, variant.hidden_size, background, background, device="meta"),
    }
    widths = [variant.hidden_size * 2**stage for stage, n in enumerate(variant.blocks) for _ in range(n)]
    for i, width in enumerate(widths):
        state[f"image_encoder.trunk.blocks.{i}.attn.proj.weight"] = torch.empty(width, width, device="meta")
    if is_21:
        state |= {"no_obj_embed_spatial": torch.zeros(1, 64), "obj_ptr_tpos_proj.weight": torch.zeros(64, 256)}
    return state


@pytest.mark.parametrize("is_21", [True, False])
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_sizes_are_told_from_shapes(variant: Variant, is_21: bool) -> None:
    config = config_of(shapes(variant, is_21))
    backbone = config["vision_config"]["backbone_config"]
    assert backbone["blocks_per_stage"] == list(variant.blocks)
    assert backbone["global_attention_blocks"] == list(variant.global_blocks)
    assert backbone["num_attention_heads_per_stage"][-1] == variant.heads * 8
    assert backbone["embed_dim_per_stage"][-1] == config["vision_config"]["backbone_channel_list"][0]
    assert config["enable_occlusion_spatial_embedding"] is is_21
    assert config["enable_temporal_pos_encoding_for_object_pointers"] is is_21
    assert backbone["window_positional_embedding_background_size"] == [14 if variant.name == "base-plus" else 7] * 2


def test_an_encoder_that_was_never_published_needs_a_configuration(model: torch.nn.Module) -> None:
    official = to_official(model.state_dict())
    with pytest.raises(WeightsError, match=r"width 16 with \[1, 2, 2, 1\] blocks per stage is none of the published"):
        config_of(official)
    with pytest.raises(WeightsError, match="maskmem_tpos_enc missing"):
        config_of({key: value for key, value in shapes(VARIANTS[0], True).items() if key != "maskmem_tpos_enc"})


def test_a_published_size_is_built_from_official_keys_alone() -> None:
    tiny = random_model({"model_type": "sam2_video"})
    rebuilt = build_model({}, to_official(tiny.state_dict()))
    assert sum(p.numel() for p in rebuilt.parameters()) == pytest.approx(38.96e6, rel=0.005)
    assert torch.equal(rebuilt.memory_attention.layer_norm.weight, tiny.memory_attention.layer_norm.weight)
