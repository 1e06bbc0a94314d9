"""Two layouts of one network: the keys of the official SAM 2 files, and those of transformers' ``Sam2VideoModel``.

Both name the same tensors, with two exceptions: the official layout keeps four point embeddings apart where the other
stacks them, and one position matrix where the other has it twice. What an official file does not say (heads, windows,
global blocks) is told by its shapes, since four variants were published.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from samtrack.errors import WeightsError

POINT_EMBEDDINGS = "prompt_encoder.point_embed.weight"
_OFFICIAL_POINTS = "sam_prompt_encoder.point_embeddings.{}.weight"
_N_POINT_KINDS = 4  # background, foreground, the two corners of a box

POSITIONS = "shared_image_embedding.positional_embedding"
TIED_POSITIONS = "prompt_encoder.shared_embedding.positional_embedding"
"""The two homes of the position matrix in transformers' layout; they must be one."""

_MLP = (("layers.0", "proj_in"), ("layers.1", "layers.0"), ("layers.2", "proj_out"))
_TWO_LAYERS = (("layers.0", "proj_in"), ("layers.1", "proj_out"))
_N_MASK_CONVOLUTIONS = 4  # each halves the mask: 16 in all, the stride of the features


def _nested(official: str, ours: str, parts: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    return [(f"{official}.{a}.{{leaf}}", f"{ours}.{b}.{{leaf}}") for a, b in parts]


def _mask_downsampler() -> list[tuple[str, str]]:
    official, ours = "memory_encoder.mask_downsampler.encoder", "memory_encoder.mask_downsampler"
    pairs = []
    for i in range(_N_MASK_CONVOLUTIONS):  # convolution, norm, activation
        pairs.append((f"{official}.{3 * i}.{{leaf}}", f"{ours}.layers.{i}.conv.{{leaf}}"))
        pairs.append((f"{official}.{3 * i + 1}.{{leaf}}", f"{ours}.layers.{i}.layer_norm.{{leaf}}"))
    return [*pairs, (f"{official}.{3 * _N_MASK_CONVOLUTIONS}.{{leaf}}", f"{ours}.final_conv.{{leaf}}")]


PAIRS: tuple[tuple[str, str], ...] = (
    ("no_mem_embed", "no_memory_embedding"),
    ("no_mem_pos_enc", "no_memory_positional_encoding"),
    ("maskmem_tpos_enc", "memory_temporal_positional_encoding"),
    ("no_obj_ptr", "no_object_pointer"),
    ("no_obj_embed_spatial", "occlusion_spatial_embedding_parameter"),
    ("mask_downsample.{leaf}", "mask_downsample.{leaf}"),
    ("obj_ptr_tpos_proj.{leaf}", "temporal_positional_encoding_projection_layer.{leaf}"),
    *_nested("obj_ptr_proj", "object_pointer_proj", _MLP),
    # image encoder
    ("image_encoder.trunk.pos_embed", "vision_encoder.backbone.pos_embed"),
    ("image_encoder.trunk.pos_embed_window", "vision_encoder.backbone.pos_embed_window"),
    ("image_encoder.trunk.patch_embed.proj.{leaf}", "vision_encoder.backbone.patch_embed.projection.{leaf}"),
    ("image_encoder.trunk.blocks.{n}.norm{m}.{leaf}", "vision_encoder.backbone.blocks.{n}.layer_norm{m}.{leaf}"),
    ("image_encoder.trunk.blocks.{n}.attn.{a}.{leaf}", "vision_encoder.backbone.blocks.{n}.attn.{a}.{leaf}"),
    ("image_encoder.trunk.blocks.{n}.proj.{leaf}", "vision_encoder.backbone.blocks.{n}.proj.{leaf}"),
    *_nested("image_encoder.trunk.blocks.{n}.mlp", "vision_encoder.backbone.blocks.{n}.mlp", _TWO_LAYERS),
    ("image_encoder.neck.convs.{n}.conv.{leaf}", "vision_encoder.neck.convs.{n}.{leaf}"),
    # prompt encoder
    ("sam_prompt_encoder.pe_layer.positional_encoding_gaussian_matrix", POSITIONS),
    ("sam_prompt_encoder.not_a_point_embed.weight", "prompt_encoder.not_a_point_embed.weight"),
    ("sam_prompt_encoder.no_mask_embed.weight", "prompt_encoder.no_mask_embed.weight"),
    *_nested(
        "sam_prompt_encoder.mask_downscaling",
        "prompt_encoder.mask_embed",
        (("0", "conv1"), ("1", "layer_norm1"), ("3", "conv2"), ("4", "layer_norm2"), ("6", "conv3")),
    ),
    # mask decoder
    ("sam_mask_decoder.{a}_token.weight", "mask_decoder.{a}_token.weight"),
    ("sam_mask_decoder.mask_tokens.weight", "mask_decoder.mask_tokens.weight"),
    ("sam_mask_decoder.conv_s{n}.{leaf}", "mask_decoder.conv_s{n}.{leaf}"),
    *_nested(
        "sam_mask_decoder.output_upscaling",
        "mask_decoder",
        (("0", "upscale_conv1"), ("1", "upscale_layer_norm"), ("3", "upscale_conv2")),
    ),
    *_nested("sam_mask_decoder.output_hypernetworks_mlps.{n}", "mask_decoder.output_hypernetworks_mlps.{n}", _MLP),
    *_nested("sam_mask_decoder.iou_prediction_head", "mask_decoder.iou_prediction_head", _MLP),
    *_nested("sam_mask_decoder.pred_obj_score_head", "mask_decoder.pred_obj_score_head", _MLP),
    *_nested("sam_mask_decoder.transformer.layers.{n}.mlp", "mask_decoder.transformer.layers.{n}.mlp", _TWO_LAYERS),
    (
        "sam_mask_decoder.transformer.layers.{n}.norm{m}.{leaf}",
        "mask_decoder.transformer.layers.{n}.layer_norm{m}.{leaf}",
    ),
    (
        "sam_mask_decoder.transformer.layers.{n}.{a}.{q}_proj.{leaf}",
        "mask_decoder.transformer.layers.{n}.{a}.{q}_proj.{leaf}",
    ),
    (
        "sam_mask_decoder.transformer.layers.{n}.{a}.out_proj.{leaf}",
        "mask_decoder.transformer.layers.{n}.{a}.o_proj.{leaf}",
    ),
    (
        "sam_mask_decoder.transformer.final_attn_token_to_image.{q}_proj.{leaf}",
        "mask_decoder.transformer.final_attn_token_to_image.{q}_proj.{leaf}",
    ),
    (
        "sam_mask_decoder.transformer.final_attn_token_to_image.out_proj.{leaf}",
        "mask_decoder.transformer.final_attn_token_to_image.o_proj.{leaf}",
    ),
    ("sam_mask_decoder.transformer.norm_final_attn.{leaf}", "mask_decoder.transformer.layer_norm_final_attn.{leaf}"),
    # memory attention
    ("memory_attention.layers.{n}.{a}.{q}_proj.{leaf}", "memory_attention.layers.{n}.{a}.{q}_proj.{leaf}"),
    ("memory_attention.layers.{n}.{a}.out_proj.{leaf}", "memory_attention.layers.{n}.{a}.o_proj.{leaf}"),
    ("memory_attention.layers.{n}.linear{m}.{leaf}", "memory_attention.layers.{n}.linear{m}.{leaf}"),
    ("memory_attention.layers.{n}.norm{m}.{leaf}", "memory_attention.layers.{n}.layer_norm{m}.{leaf}"),
    ("memory_attention.norm.{leaf}", "memory_attention.layer_norm.{leaf}"),
    # memory encoder
    *_mask_downsampler(),
    ("memory_encoder.pix_feat_proj.{leaf}", "memory_encoder.feature_projection.{leaf}"),
    ("memory_encoder.out_proj.{leaf}", "memory_encoder.projection.{leaf}"),
    ("memory_encoder.fuser.layers.{n}.gamma", "memory_encoder.memory_fuser.layers.{n}.scale"),
    *_nested(
        "memory_encoder.fuser.layers.{n}",
        "memory_encoder.memory_fuser.layers.{n}",
        (
            ("dwconv", "depthwise_conv"),
            ("norm", "layer_norm"),
            ("pwconv1", "pointwise_conv1"),
            ("pwconv2", "pointwise_conv2"),
        ),
    ),
)
"""Official key and transformers' key of each tensor; {n} and {m} are numbers, {a} a name, {q} one of q, k, v."""

_FIELDS = {"n": r"\d+", "m": r"\d", "a": r"[a-z_]+", "q": r"[qkv]", "leaf": r"weight|bias"}


@lru_cache(maxsize=2)
def _patterns(column: int) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Compiled patterns of one column of `PAIRS`, each with the template of the other."""
    compiled = []
    for pair in PAIRS:
        pattern = re.escape(pair[column]).replace(r"\{", "{").replace(r"\}", "}")
        for field, allowed in _FIELDS.items():
            pattern = pattern.replace(f"{{{field}}}", f"(?P<{field}>{allowed})")
        compiled.append((re.compile(pattern), pair[1 - column]))
    return tuple(compiled)


def _renamed(key: str, column: int) -> str | None:
    for pattern, template in _patterns(column):
        if match := pattern.fullmatch(key):
            return template.format(**match.groupdict())
    return None


def is_official(state: Mapping[str, Any]) -> bool:
    """Whether tensors carry the official keys of SAM 2."""
    return any(key.startswith("image_encoder.trunk.") for key in state)


def from_official(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors under transformers' keys; an official key that is not known is an error."""
    points = [_OFFICIAL_POINTS.format(i) for i in range(_N_POINT_KINDS)]
    converted: dict[str, Tensor] = {}
    unknown = []
    for key, value in state.items():
        if key in points:
            continue
        name = _renamed(key, 0)
        if name is None:
            unknown.append(key)
        else:
            converted[name] = value
    if unknown:
        raise WeightsError(
            f"official SAM 2 weights: {len(unknown)} unexpected keys, among them {', '.join(sorted(unknown)[:5])}. They are "
            "of another version or another network, or hold more than the network: save its state dict alone."
        )
    if missing := [key for key in points if key not in state]:
        raise WeightsError(
            f"official SAM 2 weights: {', '.join(missing)} missing. The file is incomplete: fetch it again."
        )
    converted[POINT_EMBEDDINGS] = torch.cat([state[key] for key in points])
    if POSITIONS in converted:
        converted[TIED_POSITIONS] = converted[POSITIONS]
    return converted


def to_official(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of `from_official`."""
    converted: dict[str, Tensor] = {}
    for key, value in state.items():
        if key == TIED_POSITIONS:
            continue
        if key == POINT_EMBEDDINGS:
            converted.update({_OFFICIAL_POINTS.format(i): row[None] for i, row in enumerate(value)})
            continue
        name = _renamed(key, 1)
        if name is None:
            raise WeightsError(
                f"{key}: has no counterpart in the official layout; only Sam2VideoModel can be written in it."
            )
        converted[name] = value
    return converted


@dataclass(frozen=True, slots=True)
class Variant:
    """What distinguishes a published image encoder, as far as shapes do not tell it."""

    name: str
    hidden_size: int
    blocks: tuple[int, ...]
    heads: int
    windows: tuple[int, ...]
    global_blocks: tuple[int, ...]


VARIANTS = (
    Variant("tiny", 96, (1, 2, 7, 2), 1, (8, 4, 14, 7), (5, 7, 9)),
    Variant("small", 96, (1, 2, 11, 2), 1, (8, 4, 14, 7), (7, 10, 13)),
    Variant("base-plus", 112, (2, 3, 16, 3), 2, (8, 4, 14, 7), (12, 16, 20)),
    Variant("large", 144, (2, 6, 36, 4), 2, (8, 4, 16, 8), (23, 33, 43)),
)
"""The four published image encoders."""


def config_of(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """The configuration of `Sam2VideoModel` for official tensors, told from their shapes alone."""
    variant = _variant(state)
    dims = [variant.hidden_size * 2**stage for stage in range(len(variant.blocks))]
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": variant.hidden_size,
        "num_attention_heads": variant.heads,
        "blocks_per_stage": list(variant.blocks),
        "embed_dim_per_stage": dims,
        "num_attention_heads_per_stage": [variant.heads * 2**stage for stage in range(len(variant.blocks))],
        "window_size_per_stage": list(variant.windows),
        "global_attention_blocks": list(variant.global_blocks),
        "window_positional_embedding_background_size": list(state["image_encoder.trunk.pos_embed"].shape[-2:]),
    }
    vision = {"model_type": "sam2_vision_model", "backbone_config": backbone, "backbone_channel_list": dims[::-1]}
    return {
        "model_type": "sam2_video",
        "vision_config": vision,
        "num_maskmem": _shape(state, "maskmem_tpos_enc")[0],
        "enable_occlusion_spatial_embedding": "no_obj_embed_spatial" in state,
        "enable_temporal_pos_encoding_for_object_pointers": "obj_ptr_tpos_proj.weight" in state,
    }


def _variant(state: Mapping[str, Tensor]) -> Variant:
    """The published variant whose width and blocks per stage the shapes show."""
    widths = _block_widths(state)
    blocks = tuple(widths.count(width) for width in sorted(set(widths)))
    hidden = min(widths, default=0)
    for variant in VARIANTS:
        if (variant.hidden_size, variant.blocks) == (hidden, blocks):
            return variant
    known = "; ".join(f"{v.name}: width {v.hidden_size}, blocks {list(v.blocks)}" for v in VARIANTS)
    raise WeightsError(
        f"official SAM 2 weights: image encoder of width {hidden} with {list(blocks)} blocks per stage is none of the "
        f"published ones ({known}). Give a folder whose config.json states its sizes."
    )


def _block_widths(state: Mapping[str, Tensor]) -> list[int]:
    """The width of each block of the image encoder that is there."""
    widths: list[int] = []
    while (key := f"image_encoder.trunk.blocks.{len(widths)}.attn.proj.weight") in state:
        widths.append(int(state[key].shape[0]))
    return widths


def _shape(state: Mapping[str, Tensor], key: str) -> tuple[int, ...]:
    if key not in state:
        raise WeightsError(f"official SAM 2 weights: {key} missing. The file is incomplete: fetch it again.")
    return tuple(state[key].shape)
