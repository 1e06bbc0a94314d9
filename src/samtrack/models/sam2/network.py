"""The parts of a SAM 2 video network, called on whole batches of cells.

``transformers`` holds the layers and their weights; its own inference session walks from object to object and is not used.
Here a cell is one row of a batch: its window of features, its remembered mask, its predicted mask. The order of operations
is the library's, so that equal weights give equal logits; ``tests/models/sam2/test_network.py`` holds it to that.

Legend: n cells, w side of a window in tokens, c channels, m memory channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from samtrack.models.sam2.positions import Remembered, middle, rotations, waves_of
from samtrack.models.sam2.windows import LOGIT_SAMPLES, MASK_SAMPLES

PROMPT_LOGIT = 10.0
"""Largest logit of a mask that is shown to the decoder, as certain as a given mask."""

BLOB_PX = 6.0
"""Width (standard deviation) of a point that is shown as a soft mask, in model pixels: well within the smallest cells."""

NO_OBJECT = -1024.0
"""Logit of every voxel of an object that is judged absent, as in the library."""


@dataclass(frozen=True, slots=True)
class Features:
    """What the image encoder says: maps of 1, 2 and 4 samples per token and axis, each (n, channels, h, w)."""

    coarse: Tensor
    mid: Tensor
    fine: Tensor

    @property
    def maps(self) -> tuple[Tensor, Tensor, Tensor]:
        """The three maps, coarse to fine."""
        return self.coarse, self.mid, self.fine


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of cells in one frame: (n, m, w, w), and a pointer (n, c) where the network uses pointers.

    ``logits`` (n, 1, 4w, 4w) is the mask itself, for networks that are shown it again. ``given``: a true mask, not a guess.
    """

    spatial: Tensor
    pointer: Tensor | None
    logits: Tensor
    given: bool


@dataclass(frozen=True, slots=True)
class Prediction:
    """Where cells are: logits (n, 4w, 4w), the logit that the cell is there at all (n,), the expected IoU (n,)."""

    logits: Tensor
    object_logit: Tensor
    iou: Tensor
    token: Tensor

    def hardened(self) -> Tensor:
        """The logits, with `NO_OBJECT` for cells that are judged absent."""
        return torch.where(self.object_logit[:, None, None] > 0, self.logits, NO_OBJECT)


@dataclass(frozen=True, slots=True)
class Habits:
    """How a network is used: what its weights were trained with.

    ``mask_prompt``: the last known mask is shown to the decoder beside the memory. ``pointers``: object pointers are part of
    the memory. ``clip_frames``: length of the clip that time offsets of pointers are measured against. ``point_blobs``:
    points are shown to the decoder as a soft mask, too. ``best_pointer``: the pointer of a given mask is that of the best of
    three guesses, as in the library's session; the reference, which trained the published weights, takes the single guess.
    """

    mask_prompt: bool = False
    pointers: bool = True
    clip_frames: int = 2
    point_blobs: bool = False
    best_pointer: bool = False


def blobs(points: Tensor, labels: Tensor, size: int, step_px: float) -> Tensor:
    """Points (n, p, 2), (x, y) in window pixels, as logits (n, 1, size, size): bright where a cell is, dark where not."""
    at = (torch.arange(size, device=points.device) + 0.5) * step_px
    far = (at[None, None, :, None] - points[..., 1, None, None]) ** 2 + (at - points[..., 0, None, None]) ** 2
    bump = torch.exp(-far / (2 * BLOB_PX**2))
    shown, hidden = (torch.where((labels == s)[..., None, None], bump, 0.0).amax(dim=1) for s in (1, 0))
    return PROMPT_LOGIT * (shown - hidden)[:, None]


class Sam2Network(nn.Module):
    """A ``transformers`` video model of the SAM 2 family, and how to use it."""

    only_tile_px: int | None = None
    """The one size of pictures that the encoder takes; None if it takes any."""

    def __init__(self, model: Any, habits: Habits = Habits()) -> None:
        super().__init__()
        self.model = model
        self.habits = habits
        config = model.config
        self.grid = int(model.prompt_encoder.image_embedding_size[0])
        self.stride_px = int(config.image_size) // self.grid
        self._theta = float(config.rope_parameters["rope_theta"])
        self._rotary_dim = config.memory_attention_hidden_size // (
            config.memory_attention_downsample_rate * config.memory_attention_num_attention_heads
        )
        neck = model.vision_encoder.neck
        if not isinstance(neck.position_encoding, Remembered):
            neck.position_encoding = Remembered(neck.position_encoding)
        self._tables = lru_cache(maxsize=8)(self._make_tables)

    @property
    def width(self) -> int:
        """Channels of the coarse map."""
        return int(self.model.hidden_dim)

    def encode(self, pixels: Tensor) -> Features:
        """Features of pictures (n, 3, h, w), normalised as the network expects; sides are multiples of 32 px."""
        fine, mid, coarse = self.model.vision_encoder(pixels, return_dict=True).fpn_hidden_states
        decoder = self.model.mask_decoder
        return Features(coarse, decoder.conv_s1(mid), decoder.conv_s0(fine))

    def remember(self, window: Features, mask: Tensor) -> Memory:
        """The memory of true masks (n, 16w, 16w), 0 to 1, of the cells in their windows."""
        mask = mask[:, None].to(window.coarse.dtype)
        logits = functional.interpolate(20.0 * mask.float() - 10.0, scale_factor=0.25, mode="bilinear", antialias=True)
        present = mask.flatten(1).any(dim=1)
        pointer = self._pointer_of_mask(window, mask, present) if self.habits.pointers else None
        hard = (mask > 0.5).to(mask.dtype)
        return Memory(self._spatial(window, hard, present), pointer, logits, given=True)

    def remember_guess(self, window: Features, seen: Prediction) -> Memory:
        """The memory of predicted masks."""
        present = seen.object_logit > 0
        low = seen.hardened()[:, None]
        mask = torch.sigmoid(self._enlarged(low.float()))
        pointer = self._pointer(seen.token, present) if self.habits.pointers else None
        return Memory(self._spatial(window, mask.to(window.coarse.dtype), present), pointer, low, given=False)

    def carry(self, window: Features, memories: Sequence[tuple[int, Memory]]) -> Prediction:
        """The masks of remembered cells in their windows of another frame.

        ``memories``: frames between then and now, and what is remembered; at least one is of a given mask.
        """
        seen = self._with_memory(window, memories)
        dense = None
        if self.habits.mask_prompt:
            shown = memories[-1][1].logits.clamp(-PROMPT_LOGIT, PROMPT_LOGIT)
            dense = self.model.prompt_encoder.mask_embed(shown.to(seen.dtype))
        return self._decode(window, seen, self._no_points(len(seen)), dense, self._is_multimask(0, tracking=True))

    def from_points(self, window: Features, points: Tensor, labels: Tensor, mask: Tensor | None = None) -> Prediction:
        """The masks of cells shown by points (n, p, 2), x before y, in pixels of the window; label 1 in, 0 out, -1 nothing.

        ``mask``: logits (n, 1, 4w, 4w) of an earlier guess.
        """
        side = window.coarse.shape[-1]
        shift = (self.grid - side) // 2 * self.stride_px
        sparse, _ = self.model.prompt_encoder((points + shift)[:, None], labels[:, None], None, None)
        first = window.coarse + self.model.no_memory_embedding.reshape(1, -1, 1, 1)
        if mask is None and self.habits.point_blobs:
            mask = blobs(points, labels, side * LOGIT_SAMPLES, self.stride_px / LOGIT_SAMPLES)
        dense = None if mask is None else self.model.prompt_encoder.mask_embed(mask.to(first.dtype))
        return self._decode(window, first, sparse, dense, self._is_multimask(points.shape[1], tracking=False))

    def _enlarged(self, logits: Tensor) -> Tensor:
        """Predicted logits at the samples of the masks that the memory encoder reads."""
        return functional.interpolate(logits, scale_factor=MASK_SAMPLES / LOGIT_SAMPLES, mode="bilinear")

    def _make_tables(self, side: int, device: torch.device) -> dict[str, Any]:
        """The positions of a window's tokens: for memory attention, the memory, the decoder and the rotary angles."""
        model, grid = self.model, self.grid
        with torch.no_grad():
            neck = model.vision_encoder.neck.position_encoding((1, self.width, grid, grid), device, torch.float32)
            past = model.memory_encoder.position_encoding((1, model.mem_dim, grid, grid), device, torch.float32)
            image = model.get_image_wide_positional_embeddings().to(device)
            return {
                "now": middle(neck, side).flatten(2).transpose(1, 2),
                "past": middle(past, side).flatten(2).transpose(1, 2),
                "image": middle(image, side),
                "rotary": rotations(side, self._rotary_dim, self._theta, device),
            }

    def _spatial(self, window: Features, mask: Tensor, present: Tensor) -> Tensor:
        config = self.model.config
        scaled = mask * config.sigmoid_scale_for_mem_enc + config.sigmoid_bias_for_mem_enc
        spatial = self.model.memory_encoder(window.coarse, scaled)[0]
        absent = self.model.occlusion_spatial_embedding_parameter
        if absent is not None:
            spatial = spatial + (~present)[:, None, None, None] * absent[..., None, None]
        return spatial.to(torch.bfloat16)  # as the library keeps it: half the size

    def _pointer_of_mask(self, window: Features, mask: Tensor, present: Tensor) -> Tensor:
        """The pointer of a given mask: what the decoder says of it, though its answer is not the mask that is kept."""
        dense = self.model.prompt_encoder.mask_embed(self.model.mask_downsample(mask))
        guess = self._decode(window, window.coarse, self._no_points(len(mask)), dense, self.habits.best_pointer)
        seen = self._pointer(guess.token, guess.object_logit > 0)
        return torch.where(present[:, None], seen, self.model.no_object_pointer)

    def _pointer(self, token: Tensor, present: Tensor) -> Tensor:
        return torch.where(present[:, None], self.model.object_pointer_proj(token), self.model.no_object_pointer)

    def _no_points(self, n: int) -> Tensor:
        """What the prompt encoder says of an empty prompt: two tokens that are not points, (n, 1, 2, c)."""
        return self.model.prompt_encoder.not_a_point_embed.weight[None, None].expand(n, 1, 2, -1)

    def _is_multimask(self, n_points: int, tracking: bool) -> bool:
        config = self.model.config
        asked = config.multimask_output_in_sam and (config.multimask_output_for_tracking or not tracking)
        return bool(asked and config.multimask_min_pt_num <= n_points <= config.multimask_max_pt_num)

    def _with_memory(self, window: Features, memories: Sequence[tuple[int, Memory]]) -> Tensor:
        """The coarse map of the frame, conditioned on what is remembered."""
        n, c, side, _ = window.coarse.shape
        tables = self._tables(side, window.coarse.device)
        keys, places, n_pointers = self._memory_tokens(memories, tables["past"])
        now = window.coarse.flatten(2).transpose(1, 2)
        tokens = (now + 0.1 * tables["now"].to(now.dtype))[:, None]
        for layer in self.model.memory_attention.layers:
            tokens = layer(
                queries=tokens,
                keys=keys[:, None],
                key_point_embedding=places[:, None],
                rope_position_embeddings=tables["rotary"],
                num_k_exclude_rope=n_pointers,
            )
        tokens = self.model.memory_attention.layer_norm(tokens)
        return tokens[:, 0].transpose(1, 2).reshape(n, c, side, side)

    def _memory_tokens(self, memories: Sequence[tuple[int, Memory]], past: Tensor) -> tuple[Tensor, Tensor, int]:
        """Keys (n, k, m) of memory attention, where they lie in space and time, and how many of them are pointers."""
        times = self.model.memory_temporal_positional_encoding[:, 0, 0]
        keys = [memory.spatial.flatten(2).transpose(1, 2).to(past.dtype) for _, memory in memories]
        places = [(past + times[-1 if m.given else offset - 1]).expand(len(keys[0]), -1, -1) for offset, m in memories]
        pointers = [(offset, m.pointer) for offset, m in memories if m.pointer is not None]
        if pointers:
            offsets = torch.tensor([float(offset) for offset, _ in pointers], device=keys[0].device)
            words, when = self._pointer_tokens(torch.stack([p for _, p in pointers], dim=1), offsets)
            keys.append(words)
            places.append(when.expand(len(words), -1, -1))
        n_pointers = keys[-1].shape[1] if pointers else 0
        return torch.cat(keys, dim=1), torch.cat([p.to(keys[0].dtype) for p in places], dim=1), n_pointers

    def _pointer_tokens(self, pointers: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
        """Pointers (n, p, c) cut into tokens of the memory's width, and the places in time of these."""
        model = self.model
        n, _, c = pointers.shape
        pieces = c // model.mem_dim
        if model.config.enable_temporal_pos_encoding_for_object_pointers:
            longest = min(self.habits.clip_frames, model.config.max_object_pointers_in_encoder) - 1
            when = model.temporal_positional_encoding_projection_layer(
                waves_of(offsets / longest, c).to(pointers.dtype)
            )
        else:
            when = pointers.new_zeros(len(offsets), model.mem_dim)
        return pointers.reshape(n, -1, model.mem_dim), when.repeat_interleave(pieces, dim=0)[None]

    def _decode(
        self, window: Features, seen: Tensor, sparse: Tensor, dense: Tensor | None, multimask: bool
    ) -> Prediction:
        """One pass of the mask decoder over all cells; of several masks, the one that is expected to be best."""
        model, side = self.model, seen.shape[-1]
        if dense is None:
            dense = model.prompt_encoder.no_mask_embed.weight.reshape(1, -1, 1, 1)
        masks, iou, tokens, present = model.mask_decoder(
            image_embeddings=seen,
            image_positional_embeddings=self._tables(side, seen.device)["image"].to(seen.dtype).expand_as(seen),
            sparse_prompt_embeddings=sparse.to(seen.dtype),
            dense_prompt_embeddings=dense.to(seen.dtype),
            multimask_output=multimask,
            high_resolution_features=[window.fine, window.mid],
        )
        row = torch.arange(len(seen), device=seen.device)
        best = iou[:, 0].argmax(dim=-1)
        token = tokens[row, 0, torch.minimum(best, torch.tensor(tokens.shape[2] - 1, device=seen.device))]
        return Prediction(masks[row, 0, best], present[:, 0, 0], iou[row, 0, best], token)
