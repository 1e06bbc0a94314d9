"""The door to the network: arrays in, arrays out; what runs where and how many at once is decided here.

A tile is a cube of voxels of the size that the network was made for. It is seen once and asked for all its objects.

Legend: n side of a tile in voxels, l side of its logits, p objects, k points of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from samtrack.models.sammed3d.network import SamMed3D
from samtrack.models.sammed3d.sizes import Sizes

Floats = npt.NDArray[np.float32]

LEAST_SD = 1e-6
"""Standard deviation below which a tile is flat: nothing can be told from its voxels, whatever they are divided by."""

SHARE_FOR_OBJECTS = 0.5
"""Share of the memory allowed that the batch of objects may take; the other half is for tiles and their attention."""

MOST_ON_CPU = 4
"""Objects in one batch on a CPU: larger ones fall out of its cache. Of 1 to 64, most objects per second were done at 2 to 4,
two to three times as many as at 64 (`bench_sammed3d.py`, one core)."""


@dataclass(frozen=True, slots=True)
class Use3D:
    """How a network is used: where, with which numbers, in how much memory, and how large it likes cells.

    ``cell_px``: diameter of a typical cell in the voxels of a tile. ``folds``: take the short way through windows (same
    answer to rounding). ``rounds``: how often an object is asked for, each time shown the answer before.
    """

    device: torch.device
    dtype: torch.dtype = torch.float32
    memory_gb: float = 2.0
    cell_px: float = 64.0
    folds: bool = True
    rounds: int = 1


@dataclass(frozen=True, slots=True)
class SeenTile:
    """What the network saw in a tile; stays on its device."""

    features: Tensor


@dataclass(frozen=True, slots=True)
class Answer:
    """Logits (p, l, l, l) of the objects of a tile, above 0 inside, and how well the network expects them to fit (p,)."""

    logits: Floats
    iou: Floats


class SamMed3DEngine:
    """A network ready for use. Voxel i of a logit volume covers voxels i n/l to (i+1) n/l of the tile."""

    def __init__(self, network: SamMed3D, use: Use3D) -> None:
        self.use = use
        self.network = network.to(use.device).eval().requires_grad_(False)

    @property
    def side(self) -> int:
        """Voxels of a tile along each axis."""
        return self.network.sizes.image_px

    @property
    def logits_px(self) -> int:
        """Voxels of an answer along each axis."""
        return self.network.sizes.logits_px

    def look(self, tiles: Sequence[npt.NDArray[Any]]) -> list[SeenTile]:
        """See tiles (n, n, n) of intensities above 0, with 0 where there is no image."""
        seen = []
        for tile in tiles:  # one at a time: a tile alone keeps all cores busy, and needs the memory of one
            volume = torch.from_numpy(standardised(tile))[None, None].to(self.use.device)
            with torch.inference_mode(), self._cast():
                seen.append(SeenTile(self.network.see(volume, self.use.folds)))
        return seen

    def ask(
        self,
        seen: SeenTile,
        points: npt.NDArray[Any],
        is_in: npt.NDArray[Any],
        masks: Floats | None = None,
        rounds: int | None = None,
    ) -> Answer:
        """The objects that ``points`` (p, k, 3) mean, in voxels of the tile along (z, y, x); voxel i has its centre at i.

        ``is_in`` (p, k): 1 a point inside of the object, 0 outside of it, -1 no point. ``masks`` (p, l, l, l): logits
        shown beside the points. Objects are taken in batches that fit ``memory_gb``.
        """
        found = [np.zeros((0, *(self.logits_px,) * 3), dtype=np.float32)], [np.zeros(0, dtype=np.float32)]
        at_once = self._at_once()
        for start in range(0, len(points), at_once):
            batch = slice(start, start + at_once)
            shown = None if masks is None else self._tensor(masks[batch])[:, None]
            with torch.inference_mode(), self._cast():
                at, inside = self._tensor(points[batch]), torch.as_tensor(is_in[batch]).to(self.use.device)
                for _ in range(rounds or self.use.rounds):
                    shown, iou = self.network.ask(seen.features, at, inside, shown)
            assert shown is not None  # noqa: S101 - there is at least one round
            found[0].append(shown[:, 0].float().cpu().numpy())
            found[1].append(iou[:, 0].float().cpu().numpy())
        return Answer(np.concatenate(found[0]), np.concatenate(found[1]))

    def _at_once(self) -> int:
        """Objects in one batch."""
        fit = int(self.use.memory_gb * 1e9 * SHARE_FOR_OBJECTS / bytes_per_object(self.network.sizes))
        return max(1, min(fit, MOST_ON_CPU) if self.use.device.type == "cpu" else fit)

    def _tensor(self, values: npt.NDArray[Any]) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float32).to(self.use.device)

    def _cast(self) -> Any:
        return torch.autocast(self.use.device.type, self.use.dtype, enabled=self.use.dtype != torch.float32)


def standardised(tile: npt.NDArray[Any]) -> Floats:
    """A tile with mean 0 and variance 1 over its voxels above 0, as the network was trained; a flat one is all 0."""
    volume = np.asarray(tile, dtype=np.float32)
    inside = volume[volume > 0]
    if inside.size < 2:
        return np.zeros_like(volume)
    mean, sd = inside.mean(dtype=np.float64), inside.std(dtype=np.float64, ddof=1)
    if sd < LEAST_SD * max(abs(mean), 1.0):
        return np.zeros_like(volume)
    return ((volume - mean) / sd).astype(np.float32)


def bytes_per_object(sizes: Sizes) -> float:
    """Memory that one object takes in the decoder at its peak, measured to within a third.

    The grid's tokens in about ten copies, and the finest map before the masks in four.
    """
    tokens = 10 * sizes.grid**3 * sizes.channels
    finest = 4 * sizes.logits_px**3 * sizes.channels / 8
    return 4.0 * (tokens + finest)
