"""The sizes of a network: as its configuration says, or as the shapes of its tensors do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

from samtrack.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor

MODEL_TYPE = "sam_med3d"
"""What config.json calls this kind of network."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of a network; the defaults are those of the published weights. Sides are in voxels or tokens per axis.

    ``windows``: side of the attention windows of each encoder block, in tokens; 0 looks at the whole volume.
    ``is_exchanged``: the codes of places have their first two axes exchanged against those of points, as the published
    weights were trained with. ``ball_px``: diameter of the ball that is shown at a click where no mask is; 0: none. Both
    make a small network understand clicks early in its training.
    """

    image_px: int = 128
    patch_px: int = 16
    width: int = 768
    heads: int = 12
    windows: tuple[int, ...] = (14, 14, 0, 14, 14, 0, 14, 14, 0, 14, 14, 0)
    channels: int = 384
    mask_channels: int = 16
    decoder_heads: int = 8
    decoder_layers: int = 2
    decoder_mlp: int = 2048
    iou_width: int = 256
    is_exchanged: bool = True
    ball_px: float = 0.0

    def __post_init__(self) -> None:
        """Refuse sizes that make no network."""
        wrong = [
            (self.image_px % self.patch_px, "image_px must be a multiple of patch_px"),
            (self.width % self.heads, "width must be a multiple of heads"),
            (self.channels % 3, "channels must be a multiple of 3: a place has three axes"),
            (self.channels % (2 * self.decoder_heads), "channels must be a multiple of twice decoder_heads"),
            (self.channels % 8, "channels must be a multiple of 8"),
        ]
        if found := [what for is_wrong, what in wrong if is_wrong]:
            raise WeightsError(f"the sizes of a {MODEL_TYPE} network do not fit each other: {'; '.join(found)}.")

    @property
    def grid(self) -> int:
        """Tokens along an axis."""
        return self.image_px // self.patch_px

    @property
    def logits_px(self) -> int:
        """Side of the logits that the decoder gives, and of the masks that it is shown."""
        return 4 * self.grid

    @classmethod
    def of_config(cls, config: Mapping[str, Any]) -> Self:
        """From the contents of config.json."""
        if config.get("model_type") != MODEL_TYPE:
            raise WeightsError(
                f"model_type is {config.get('model_type')!r}, expected {MODEL_TYPE!r}: a network that draws masks in "
                "volumes. Networks of the SAM 2 family belong into sam2.weights."
            )
        known = {field.name for field in fields(cls)}
        given = {name: value for name, value in config.items() if name in known}
        if "windows" in given:
            given["windows"] = tuple(given["windows"])
        return cls(**given)

    @classmethod
    def of_state(cls, state: Mapping[str, Tensor]) -> Self:
        """From the tensors of a checkpoint, which says nothing else; the number of decoder heads is the published one."""
        try:
            position = state["image_encoder.pos_embed"]
            patch = state["image_encoder.patch_embed.proj.weight"]
            n_blocks = _count(state, "image_encoder.blocks.", 2)
            tables = [state[f"image_encoder.blocks.{i}.attn.rel_pos_d"].shape for i in range(n_blocks)]
            mask = state["prompt_encoder.mask_downscaling.6.weight"]
            mlp = state["mask_decoder.transformer.layers.0.mlp.lin1.weight"]
            iou = state["mask_decoder.iou_prediction_head.layers.0.weight"]
        except KeyError as error:
            raise WeightsError(
                f"these weights have no tensor {error}: they are not of SAM-Med3D. Give sam_med3d.pth, sam_med3d_turbo.pth, "
                "or what `samtrack train sammed3d` made."
            ) from error
        grid, width = int(position.shape[1]), int(position.shape[-1])
        sides = [(int(rows) + 1) // 2 for rows, _ in tables]
        return cls(
            image_px=grid * int(patch.shape[-1]),
            patch_px=int(patch.shape[-1]),
            width=width,
            heads=width // int(tables[0][1]),
            windows=tuple(0 if side == grid else side for side in sides),
            channels=int(mask.shape[0]),
            mask_channels=int(mask.shape[1]),
            decoder_layers=_count(state, "mask_decoder.transformer.layers.", 3),
            decoder_mlp=int(mlp.shape[0]),
            iou_width=int(iou.shape[0]),
        )


def _count(state: Mapping[str, Any], prefix: str, place: int) -> int:
    """How many numbered parts have names that start so."""
    return len({key.split(".")[place] for key in state if key.startswith(prefix)})
