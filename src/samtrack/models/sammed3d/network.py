"""The network: a volume is seen once, then asked by as many prompts as there are objects.

Written anew from the architecture and the key names of the published checkpoints, so that these load as they are.
"""

from __future__ import annotations

from torch import Tensor, nn

from samtrack.models.sammed3d.decoder import MaskDecoder
from samtrack.models.sammed3d.encoder import Encoder
from samtrack.models.sammed3d.prompts import PromptEncoder
from samtrack.models.sammed3d.sizes import Sizes


class SamMed3D(nn.Module):
    """SAM-Med3D of any size. Places are in voxels of its input, in the order of the volume's axes."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.image_encoder = Encoder(sizes)
        self.prompt_encoder = PromptEncoder(sizes)
        self.mask_decoder = MaskDecoder(sizes)

    def see(self, volumes: Tensor, folds: bool = True) -> Tensor:
        """Features (b, c, g, g, g) of volumes (b, 1, n, n, n), normalised as the weights expect."""
        features: Tensor = self.image_encoder(volumes, folds)
        return features

    def ask(
        self, features: Tensor, points: Tensor, is_in: Tensor, masks: Tensor | None = None, multimask: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Logits (p, m, l, l, l) of the objects that p prompts mean, l = 4 g, and the expected IoU (p, m).

        ``features``: (1, c, g, g, g) for all prompts, or one for each; ``points`` (p, k, 3) and ``is_in`` (p, k) as
        in `PromptEncoder`; ``masks`` (p, 1, l, l, l): logits of an earlier answer. m is 1, or 3 guesses with
        ``multimask``.
        """
        prompts = self.prompt_encoder(points, is_in, masks)
        answer: tuple[Tensor, Tensor] = self.mask_decoder(features, self.prompt_encoder.places(), prompts, multimask)
        return answer
