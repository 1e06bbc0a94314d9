"""Networks so small that a step of training takes a tenth of a second; their weights are random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samtrack.models.sam2.network import Sam2Network
    from samtrack.models.sammed3d.engine import SamMed3DEngine
    from samtrack.models.sammed3d.network import SamMed3D

SMALL_SAM2: dict[str, Any] = {
    "model_type": "sam2_video",
    "image_size": 64,
    "vision_config": {
        "backbone_config": {
            "model_type": "sam2_hiera_det_model",
            "hidden_size": 8,
            "num_attention_heads": 1,
            "image_size": [64, 64],
            "blocks_per_stage": [1, 1, 2, 1],
            "embed_dim_per_stage": [8, 16, 32, 64],
            "num_attention_heads_per_stage": [1, 2, 4, 8],
            "window_size_per_stage": [8, 4, 4, 2],
            "global_attention_blocks": [3],
            "window_positional_embedding_background_size": [2, 2],
            "mlp_ratio": 2.0,
        },
        "model_type": "sam2_vision_model",
        "backbone_channel_list": [64, 32, 16, 8],
        "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        "fpn_hidden_size": 64,
        "fpn_top_down_levels": [2, 3],
        "num_feature_levels": 3,
    },
    "prompt_encoder_config": {"hidden_size": 64, "image_size": 64, "mask_input_channels": 16},
    "mask_decoder_config": {
        "hidden_size": 64,
        "mlp_dim": 64,
        "num_attention_heads": 4,
        "iou_head_hidden_dim": 32,
        "dynamic_multimask_via_stability": False,
    },
    "num_maskmem": 4,
    "multimask_output_in_sam": False,
    "multimask_output_for_tracking": False,
    "memory_attention_hidden_size": 64,
    "memory_attention_num_layers": 1,
    "memory_attention_feed_forward_hidden_size": 64,
    "memory_attention_dropout": 0.0,
    "memory_attention_rope_dropout": 0.0,
    "memory_attention_rope_feat_sizes": [4, 4],
    "memory_encoder_hidden_size": 64,
    "memory_encoder_output_channels": 64,
    "mask_downsampler_embed_dim": 64,
    "memory_fuser_embed_dim": 64,
    "memory_fuser_intermediate_dim": 64,
    "memory_fuser_layer_scale_init_value": 0.1,
}
SMALL_HABITS: dict[str, Any] = {
    "mask_prompt": True,
    "pointers": False,
    "point_blobs": True,
    "window_px": 64,
    "tile_px": 64,
    "cell_px": 20,
}


def small_network(seed: int = 0) -> Sam2Network:
    """The network, its weights drawn by the seed."""
    from samtrack.models.sam2.build import random_model
    from samtrack.models.sam2.network import Habits, Sam2Network

    return Sam2Network(random_model(SMALL_SAM2, seed), Habits(mask_prompt=True, pointers=False, point_blobs=True))


SMALL_SAMMED3D: dict[str, Any] = {
    "image_px": 32,
    "patch_px": 4,
    "width": 24,
    "heads": 2,
    "windows": (0,),
    "channels": 48,
    "mask_channels": 8,
    "decoder_heads": 4,
    "decoder_mlp": 32,
    "iou_width": 16,
}


def small_engine3d(seed: int = 0, cell_px: float = 10.0, rounds: int = 1) -> SamMed3DEngine:
    """A network that draws in volumes, tiles of 32 voxels, its weights drawn by the seed, on the CPU."""
    import torch

    from samtrack.models.sammed3d.build import random_model
    from samtrack.models.sammed3d.engine import SamMed3DEngine, Use3D
    from samtrack.models.sammed3d.sizes import Sizes

    use = Use3D(torch.device("cpu"), cell_px=cell_px, rounds=rounds)
    return SamMed3DEngine(random_model(Sizes(**SMALL_SAMMED3D), seed), use)


SMALL_SAM3D: dict[str, Any] = {
    "image_px": 32,
    "patch_px": 8,
    "width": 24,
    "heads": 2,
    "windows": [0, 0],
    "channels": 24,
    "mask_channels": 8,
    "decoder_heads": 2,
    "decoder_layers": 1,
    "decoder_mlp": 48,
    "iou_width": 24,
    "is_exchanged": False,
    "ball_px": 13.0,
}
"""Sizes of a SAM-Med3D network that takes a tenth of a second per step of training."""


def small_network3d(seed: int = 0) -> SamMed3D:
    """The network, its weights drawn by the seed."""
    from samtrack.models.sammed3d.build import random_model
    from samtrack.models.sammed3d.sizes import MODEL_TYPE, Sizes

    return random_model(Sizes.of_config({"model_type": MODEL_TYPE, **SMALL_SAM3D}), seed)
