"""A network of the SAM 2 family that is small enough for tests, as the plain configuration a file would hold."""

from typing import Any

import pytest

SIZE_PX = 128
WIDTH = 128


@pytest.fixture
def small_config() -> dict[str, Any]:
    """About 4 million parameters; feature maps of 32, 16 and 8 positions; two pointer tokens per object."""
    features = [[SIZE_PX // stride] * 2 for stride in (4, 8, 16)]
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": 16,
        "image_size": [SIZE_PX, SIZE_PX],
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
        "fpn_hidden_size": WIDTH,
    }
    return {
        "model_type": "sam2_video",
        "image_size": SIZE_PX,
        "vision_config": vision,
        "prompt_encoder_config": {"hidden_size": WIDTH, "image_size": SIZE_PX},
        "mask_decoder_config": {"hidden_size": WIDTH, "mlp_dim": 192, "iou_head_hidden_dim": 160},
        "num_maskmem": 4,
        "memory_attention_hidden_size": WIDTH,
        "memory_attention_num_layers": 2,
        "memory_attention_feed_forward_hidden_size": 256,
        "memory_attention_rope_feat_sizes": features[-1],
        "memory_encoder_hidden_size": WIDTH,
        "mask_downsampler_embed_dim": WIDTH,
        "memory_fuser_embed_dim": WIDTH,
        "memory_fuser_intermediate_dim": 4 * WIDTH,
    }
