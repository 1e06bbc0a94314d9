"""Small random networks of the SAM 2 family, lively enough that a mistake anywhere shows in their answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import Sam2VideoConfig, Sam2VideoModel
from transformers.models.sam2_video.configuration_sam2_video import (
    Sam2VideoMaskDecoderConfig,
    Sam2VideoPromptEncoderConfig,
)
from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

SIDE_PX = 128
_WIDTH = 128


def parts_of(image: int, width: int, decoder: dict[str, Any]) -> dict[str, Any]:
    """Settings that all kinds of the family share."""
    return {
        "prompt_encoder_config": Sam2VideoPromptEncoderConfig(
            hidden_size=width, image_size=image, mask_input_channels=8
        ),
        "mask_decoder_config": Sam2VideoMaskDecoderConfig(
            **{"hidden_size": width, "mlp_dim": 64, "num_attention_heads": 4, "iou_head_hidden_dim": width} | decoder
        ),
        "memory_attention_hidden_size": width,
        "memory_attention_num_layers": 2,
        "memory_attention_feed_forward_hidden_size": 128,
        "memory_attention_rope_feat_sizes": [image // 16] * 2,
        "memory_encoder_hidden_size": width,
        "memory_encoder_output_channels": 64,
        "mask_downsampler_embed_dim": width,
        "memory_fuser_embed_dim": width,
        "memory_fuser_intermediate_dim": 64,
        "memory_fuser_layer_scale_init_value": 0.5,
    }


def enlivened(model: Any, seed: int) -> Any:
    """Every parameter at random, none at zero; objects are present; one matrix of positions, as in checkpoints."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            fan_in = math.prod(parameter.shape[1:]) if parameter.dim() > 1 else 1
            size = 1.2 / math.sqrt(fan_in) if parameter.dim() > 1 else 0.1
            kept = 1.0 if parameter.dim() == 1 and bool((parameter == 1).all()) else 0.0
            parameter.copy_(kept + size * torch.randn(parameter.shape, generator=generator))
        model.mask_decoder.pred_obj_score_head.proj_out.bias.fill_(20.0)
        for head in model.mask_decoder.output_hypernetworks_mlps:
            head.proj_out.weight.mul_(0.2)  # logits of about 1, so that a tolerance means what it says
        model.object_pointer_proj.proj_out.weight.mul_(3.0)  # a few tokens among many: loud enough to be missed
        for layer in model.memory_attention.layers:
            layer.cross_attn_image.k_proj.weight.mul_(0.2)  # attention that looks at more than one token
        waves = model.shared_image_embedding.positional_embedding  # a buffer, drawn by the library
        waves.copy_(torch.randn(waves.shape, generator=generator))
        model.prompt_encoder.shared_embedding = model.shared_image_embedding
    return model.eval()


def small_model(
    width: int = 128, image: int = SIDE_PX, seed: int = 0, decoder: dict[str, Any] | None = None, **changes: Any
) -> Sam2VideoModel:
    """A random SAM 2 video model of a few thousand parameters per layer."""
    grid = image // 16
    vision = {
        "model_type": "sam2_vision_model",
        "backbone_config": {
            "model_type": "sam2_hiera_det_model",
            "hidden_size": 16,
            "num_attention_heads": 1,
            "image_size": [image, image],
            "blocks_per_stage": [1, 1, 2, 1],
            "embed_dim_per_stage": [16, 32, 64, 128],
            "num_attention_heads_per_stage": [1, 2, 4, 8],
            "window_size_per_stage": [8, 4, 8, 4],
            "global_attention_blocks": [3],
            "window_positional_embedding_background_size": [grid // 2, grid // 2],
            "mlp_ratio": 2.0,
        },
        "backbone_channel_list": [128, 64, 32, 16],
        "backbone_feature_sizes": [[image // 4] * 2, [image // 8] * 2, [grid] * 2],
        "fpn_hidden_size": width,
        "fpn_top_down_levels": [2, 3],
        "num_feature_levels": 3,
    }
    settings = parts_of(image, width, decoder or {}) | {"vision_config": vision, "image_size": image} | changes
    return enlivened(Sam2VideoModel(Sam2VideoConfig(**settings)), seed)


def film(n: int, side_px: int = SIDE_PX, seed: int = 1) -> Tensor:
    """Random pictures (n, 3, h, w)."""
    return torch.randn(n, 3, side_px, side_px, generator=torch.Generator().manual_seed(seed))


def boxes(n: int, side_px: int = SIDE_PX, seed: int = 2) -> Tensor:
    """Masks (n, h, w) of n rectangles."""
    generator = torch.Generator().manual_seed(seed)
    found = torch.zeros(n, side_px, side_px)
    for mask in found:
        y, x = torch.randint(0, side_px // 2, (2,), generator=generator).tolist()
        h, w = torch.randint(side_px // 8, side_px // 2, (2,), generator=generator).tolist()
        mask[y : y + h, x : x + w] = 1
    return found


def start_session(model: Any, pictures: Tensor, session: type = Sam2VideoInferenceSession) -> Any:
    """The library's own session over a clip."""
    height, width = pictures.shape[-2:]
    return session(video=pictures, video_height=height, video_width=width, dtype=torch.float32)


def follow(model: Any, session: Any, mask: Tensor, order: Sequence[int]) -> list[Any]:
    """The library's answers along ``order``; the mask is given in its first frame."""
    index = session.obj_id_to_idx(1)
    session.add_mask_inputs(index, order[0], mask[None, None])
    session.obj_with_new_inputs.append(1)
    backward = len(order) > 1 and order[1] < order[0]
    return [model(session, frame_idx=frame, reverse=backward) for frame in order]


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Sam2VideoModel]:
    return small_model


@pytest.fixture(scope="session")
def make_film() -> Callable[..., Tensor]:
    return film


@pytest.fixture(scope="session")
def make_boxes() -> Callable[..., Tensor]:
    return boxes


@pytest.fixture(scope="session")
def new_session() -> Callable[..., Any]:
    return start_session


@pytest.fixture(scope="session")
def library_follows() -> Callable[..., list[Any]]:
    return follow


@pytest.fixture(scope="session")
def make_alive() -> Callable[..., Any]:
    return enlivened


@pytest.fixture(scope="session")
def shared_settings() -> Callable[..., dict[str, Any]]:
    return parts_of


@pytest.fixture
def small_config() -> dict[str, Any]:
    """About 4 million parameters; feature maps of 32, 16 and 8 positions; two pointer tokens per object."""
    features = [[SIDE_PX // stride] * 2 for stride in (4, 8, 16)]
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": 16,
        "image_size": [SIDE_PX, SIDE_PX],
        "blocks_per_stage": [1, 2, 2, 1],
        "embed_dim_per_stage": [16, 32, 64, 128],
        "num_attention_heads_per_stage": [1, 2, 4, 8],
        "window_size_per_stage": [8, 4, 4, 4],
        "global_attention_blocks": [4],
    }
    vision = {
        "model_type": "sam2_vision_model",
        "backbone_config": backbone,
        "backbone_channel_list": [128, 64, 32, 16],
        "backbone_feature_sizes": features,
        "fpn_hidden_size": _WIDTH,
    }
    return {
        "model_type": "sam2_video",
        "image_size": SIDE_PX,
        "vision_config": vision,
        "prompt_encoder_config": {"hidden_size": _WIDTH, "image_size": SIDE_PX},
        "mask_decoder_config": {"hidden_size": _WIDTH, "mlp_dim": 192, "iou_head_hidden_dim": 160},
        "num_maskmem": 4,
        "memory_attention_hidden_size": _WIDTH,
        "memory_attention_num_layers": 2,
        "memory_attention_feed_forward_hidden_size": 256,
        "memory_attention_rope_feat_sizes": features[-1],
        "memory_encoder_hidden_size": _WIDTH,
        "mask_downsampler_embed_dim": _WIDTH,
        "memory_fuser_embed_dim": _WIDTH,
        "memory_fuser_intermediate_dim": 4 * _WIDTH,
    }
