"""Networks of SAM 2's family and what is different about each.

SAM 3's tracker has SAM 2's memory and decoder; its image encoder gives one map more, has tokens of 14 px, and takes
pictures of one size only. EdgeTAM squeezes each memory into a fixed number of tokens that know the whole picture, so it
cannot be looked at through a window, and its encoder needs a package that samtrack does without: it is refused.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn import functional

from samtrack.errors import WeightsError
from samtrack.models.sam2.network import Features, Habits, Sam2Network
from samtrack.models.sam2.windows import LOGIT_SAMPLES, MASK_SAMPLES

REFUSED = {
    "edgetam_video": "its memory is squeezed into tokens of the whole picture, which windows of cells cannot share",
    "sam3_video": "it is SAM 3's detector and tracker in one; the tracker alone (sam3_tracker_video) is supported",
}
"""Kinds that a user may well try, and why not."""


USUAL = Habits()
"""How networks with published weights are used."""


class Sam3TrackerNetwork(Sam2Network):
    """SAM 3's tracker."""

    def __init__(self, model: Any, habits: Habits = USUAL) -> None:
        super().__init__(model, habits)
        self.only_tile_px = int(model.config.image_size)

    def encode(self, pixels: Tensor) -> Features:
        """Features of pictures (n, 3, h, w) of the one size that the encoder knows."""
        fine, mid, coarse, _ = self.model.vision_encoder(pixels, return_dict=True).fpn_hidden_states
        decoder = self.model.mask_decoder
        return Features(coarse, decoder.conv_s1(mid), decoder.conv_s0(fine))

    def _enlarged(self, logits: Tensor) -> Tensor:
        """By way of pixels, of which a token has 14."""
        side = logits.shape[-1] // LOGIT_SAMPLES
        pixels = functional.interpolate(logits, size=(side * self.stride_px,) * 2, mode="bilinear")
        return functional.interpolate(pixels, size=(side * MASK_SAMPLES,) * 2, mode="bilinear", antialias=True)


KINDS: dict[str, type[Sam2Network]] = {"sam2_video": Sam2Network, "sam3_tracker_video": Sam3TrackerNetwork}
"""What ``config.json`` calls the kinds that are supported, and how each is used."""


def require_kind(kind: str) -> type[Sam2Network]:
    """The class for a kind of network, by the ``model_type`` of its configuration."""
    if kind not in KINDS:
        why = f" ({REFUSED[kind]})" if kind in REFUSED else ""
        raise WeightsError(
            f"sam2.weights: networks of the kind {kind!r} are not supported{why}. "
            f"Supported: {', '.join(sorted(KINDS))}. Choose other weights: samtrack weights list."
        )
    return KINDS[kind]


def network_of(model: Any, habits: Habits = USUAL) -> Sam2Network:
    """A ``transformers`` video model, ready to be called in batches."""
    return require_kind(str(model.config.model_type))(model, habits)
