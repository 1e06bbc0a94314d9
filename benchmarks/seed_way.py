"""The seed's way to carry one cell into the next picture, as a loop of our own over the same network: the measure.

For every cell and pair of frames: the same square window is cut around the cell from both, each cut is resized to the
network's full input and encoded; on the first, the cell is shown by a chain of prompts (last mask, box, 65 points), each
answer goes through the memory encoder; the last one is remembered, and carried over the whole grid of the second cut.
One cell at a time, in float32.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from samtrack.models.sam2.network import Features, Sam2Network

POINTS_IN, POINTS_OFF = 11, 54
CUT_PX = 128
"""Side of the window that is cut, in voxels: the seed's settings range from 32 to 512."""


@dataclass(slots=True)
class Clock:
    """Seconds spent by each part."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def time(self, part: str, work: object) -> object:
        """Call ``work`` and book its CPU seconds on ``part``."""
        start = time.process_time()
        value = work()  # type: ignore[operator]
        self.seconds[part] += time.process_time() - start
        return value


@torch.inference_mode()
def carry_one(
    network: Sam2Network, planes: tuple[npt.NDArray[np.float32], ...], mask: npt.NDArray[np.bool_], clock: Clock
) -> Tensor:
    """Logits of one cell, known by its mask in the first plane, in a window of the second."""
    centre = np.round(np.argwhere(mask).mean(axis=0)).astype(int)
    full = network.grid * network.stride_px
    cuts = [_resized(_cut(plane, centre), full) for plane in planes]
    first, second = (clock.time("encode", lambda c=cut: network.encode(_normalised(c))) for cut in cuts)
    known = (_resized(_cut(mask.astype(np.float32), centre), full) > 0.5).float()
    memory = _shown(network, first, known, clock)
    seen = clock.time("carry", lambda: network.carry(second, [(1, memory)]))
    return functional.interpolate(seen.hardened()[None], size=(CUT_PX, CUT_PX), mode="bilinear")[0, 0]


def _shown(network: Sam2Network, first: Features, known: Tensor, clock: Clock) -> object:
    """The chain of prompts on the first picture: four answers that are remembered, the last of which counts."""
    remembered = clock.time("remember", lambda: network.remember(first, known))
    rows, columns = torch.nonzero(known[0], as_tuple=True)
    low, high = (torch.stack([f(columns), f(rows)]).float() for f in (torch.min, torch.max))
    corners, corner_labels = torch.stack([low, high])[None], torch.tensor([[2, 3]])
    draw = torch.Generator().manual_seed(0)
    inside = torch.randint(len(rows), (POINTS_IN,), generator=draw)
    off = torch.rand(POINTS_OFF, 2, generator=draw) * known.shape[-1]
    points = torch.cat([torch.stack([columns[inside], rows[inside]], dim=1).float(), off])[None]
    labels = torch.tensor([[1] * POINTS_IN + [0] * POINTS_OFF])
    shown = remembered.logits
    for where, what in ((corners, corner_labels), (points, labels)):
        answer = clock.time("prompt", lambda at=where, of=what, s=shown: network.from_points(first, at, of, s))
        remembered = clock.time("remember", lambda a=answer: network.remember_guess(first, a))
        shown = answer.logits[:, None].clamp(-32, 32)
    last = clock.time("remember", lambda: network.remember_guess(first, answer))
    return replace(last, given=True)


def _cut(plane: npt.NDArray[np.float32], centre: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """The square window around a place, 0 beyond the plane."""
    half = CUT_PX // 2
    padded = np.pad(plane, half)
    return padded[centre[0] : centre[0] + CUT_PX, centre[1] : centre[1] + CUT_PX]


def _resized(cut: npt.NDArray[np.float32], side: int) -> Tensor:
    found = torch.from_numpy(np.ascontiguousarray(cut))[None, None]
    return functional.interpolate(found, size=(side, side), mode="bicubic")[0]


def _normalised(grey: Tensor) -> Tensor:
    mean, sd = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return ((grey.expand(3, -1, -1) - mean[:, None, None]) / sd[:, None, None])[None]
