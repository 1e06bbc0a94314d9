"""Networks of published sizes with random weights, and planes of cells to feed them: for speed and memory only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from samtrack.models.sam2.adapter import Sam2Engine, Use
from samtrack.models.sam2.network import Habits, Sam2Network

PLANE_PX = 512
CELL_PX = 20.0
"""A plane of 512 x 512 voxels, cells 20 voxels across; 400 of them touch."""


@dataclass(frozen=True, slots=True)
class Size:
    """A network's name, how large its cells, windows and tiles are (in model pixels), and how it is used."""

    name: str
    cell_px: float
    window_px: int
    tile_px: int
    habits: Habits


SIZES = {
    "samtrack-tiny": Size("samtrack-tiny", 30, 128, 256, Habits(mask_prompt=True, pointers=False)),
    "hiera-tiny": Size("hiera-tiny", 40, 256, 1024, Habits()),
    "hiera-large": Size("hiera-large", 40, 256, 1024, Habits()),
}
LARGE = {
    "hidden_size": 144,
    "num_attention_heads": 2,
    "blocks_per_stage": [2, 6, 36, 4],
    "embed_dim_per_stage": [144, 288, 576, 1152],
    "num_attention_heads_per_stage": [2, 4, 8, 16],
    "global_attention_blocks": [23, 33, 43],
    "window_size_per_stage": [8, 4, 16, 8],
    "window_positional_embedding_background_size": [7, 7],
}


def build(name: str) -> Sam2Network:
    """A network with random weights."""
    from transformers import Sam2VideoConfig, Sam2VideoModel

    torch.manual_seed(0)
    settings: dict[str, Any] = {}
    if name == "hiera-large":
        settings["vision_config"] = {
            "model_type": "sam2_vision_model",
            "backbone_config": {"model_type": "sam2_hiera_det_model", **LARGE},
            "backbone_channel_list": [1152, 576, 288, 144],
        }
    elif name == "samtrack-tiny":
        settings = _tiny(256, 128)
    model = Sam2VideoModel(Sam2VideoConfig(**settings))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1 and not parameter.any():
                parameter.normal_(std=0.02)
    model.prompt_encoder.shared_embedding = model.shared_image_embedding
    return Sam2Network(model.eval(), SIZES[name].habits)


def _tiny(image: int, width: int) -> dict[str, Any]:
    """The sizes of the network that ships with samtrack."""
    from transformers.models.sam2_video.configuration_sam2_video import Sam2VideoMaskDecoderConfig

    grid = image // 16
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": 32,
        "num_attention_heads": 1,
        "image_size": [image, image],
        "blocks_per_stage": [1, 2, 4, 1],
        "embed_dim_per_stage": [32, 64, 128, 256],
        "num_attention_heads_per_stage": [1, 2, 4, 8],
        "window_size_per_stage": [8, 4, 8, 4],
        "global_attention_blocks": [6],
        "window_positional_embedding_background_size": [grid // 2, grid // 2],
        "mlp_ratio": 3.0,
    }
    return {
        "image_size": image,
        "vision_config": {
            "model_type": "sam2_vision_model",
            "backbone_config": backbone,
            "backbone_channel_list": [256, 128, 64, 32],
            "backbone_feature_sizes": [[image // 4] * 2, [image // 8] * 2, [grid] * 2],
            "fpn_hidden_size": width,
        },
        "prompt_encoder_config": {"hidden_size": width, "image_size": image},
        "mask_decoder_config": Sam2VideoMaskDecoderConfig(
            hidden_size=width, mlp_dim=256, num_attention_heads=4, iou_head_hidden_dim=width
        ),
        "num_maskmem": 4,
        "memory_attention_hidden_size": width,
        "memory_attention_num_layers": 2,
        "memory_attention_feed_forward_hidden_size": 256,
        "memory_attention_rope_feat_sizes": [grid, grid],
        "memory_encoder_hidden_size": width,
        "mask_downsampler_embed_dim": width,
        "memory_fuser_embed_dim": width,
        "memory_fuser_intermediate_dim": 4 * width,
    }


def engine(network: Sam2Network, name: str, memory_gb: float = 4.0, **changes: Any) -> Sam2Engine:
    """An engine on the CPU with the settings of a size, or others."""
    size = SIZES[name]
    fields = {"cell_px": size.cell_px, "window_px": size.window_px, "tile_px": size.tile_px, "dtype": torch.float32}
    return Sam2Engine(network, Use(device=torch.device("cpu"), memory_gb=memory_gb, **(fields | changes)))


def planes_of(n_cells: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """Two planes of noise with bright discs, which move by two voxels, and the labels of the first."""
    rng = np.random.default_rng(0)
    side = int(np.ceil(np.sqrt(n_cells)))
    step = PLANE_PX / side
    rows, columns = np.divmod(np.arange(n_cells), side)
    centre = (np.stack([rows, columns], axis=1) + 0.5) * step
    yx = np.indices((PLANE_PX, PLANE_PX)).reshape(2, -1).T
    from scipy.spatial import cKDTree

    distance, nearest = cKDTree(centre).query(yx)
    labels = np.where(distance < CELL_PX / 2, nearest + 1, 0).reshape(PLANE_PX, PLANE_PX).astype(np.int32)
    before = (0.6 * (labels > 0) + 0.2 * rng.random(labels.shape)).astype(np.float32)
    after = (0.6 * np.roll(labels > 0, 2, axis=1) + 0.2 * rng.random(labels.shape)).astype(np.float32)
    return before, after, labels


def centres_of(labels: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The labels of a plane and the middles of their cells."""
    from scipy import ndimage

    label = np.unique(labels)[1:].astype(np.int64)
    return label, np.asarray(ndimage.center_of_mass(labels > 0, labels, label))
