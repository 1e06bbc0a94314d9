"""A picture of what a network makes of held-out cubes: z planes of each object, with the truth's outline and its own."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from samtrack.train.sammed3d_batch import Lessons
from samtrack.train.sammed3d_steps import Pass

Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]

ROWS, PLANES = 12, 5
"""Objects in a picture, and planes of each: its seed's one and some above and below."""

APART = 0.09
"""Distance of these planes, as a share of the side."""

GAP_PX = 2
"""Dark rim around each plane."""

GREEN, RED = (90, 220, 90), (240, 90, 80)
"""Outlines of the truth, and of what the network drew."""

SHOWN_SD = (-1.0, 3.0)
"""Standardised intensities that are black and white."""


def draw_samples(lessons: Lessons, seen: Pass) -> Bytes:
    """An RGB picture (h, w, 3): a row per object, a column per plane."""
    n = min(len(lessons), ROWS)
    pick = np.linspace(0, len(lessons) - 1, n).astype(np.int64)
    side = lessons.labels.shape[-1]
    logits = seen.logits[-1][torch.from_numpy(pick).to(seen.logits[-1].device)].detach().float().cpu()
    drawn = functional.interpolate(logits[:, None], size=(side,) * 3, mode="trilinear")[:, 0].numpy() > 0
    label, cube = lessons.label[pick], lessons.cube[pick]
    true = (lessons.labels[cube] == label[:, None, None, None]) & (label > 0)[:, None, None, None]
    away = np.rint(np.arange(-(PLANES // 2), PLANES // 2 + 1) * APART * side).astype(np.int64)
    seed = np.rint(lessons.points[pick, 0]).astype(np.int64)
    z = np.clip(seed[:, :1] + away, 0, side - 1)
    row = np.arange(n)[:, None]
    grey = np.clip((lessons.images[cube[:, None], z] - SHOWN_SD[0]) / (SHOWN_SD[1] - SHOWN_SD[0]), 0, 1)
    picture = np.repeat((grey * 255).astype(np.uint8)[..., None], 3, axis=-1)
    for mask, colour in ((true[row, z], GREEN), (drawn[row, z], RED)):
        picture[_rim(mask)] = colour
    middle = PLANES // 2
    picture[np.arange(n), middle, seed[:, 1].clip(0, side - 1), seed[:, 2].clip(0, side - 1)] = (255, 255, 255)
    framed = np.pad(picture, ((0, 0), (0, 0), (GAP_PX, GAP_PX), (GAP_PX, GAP_PX), (0, 0)))
    wide = side + 2 * GAP_PX
    return framed.transpose(0, 2, 1, 3, 4).reshape(n * wide, PLANES * wide, 3)


def _rim(mask: Bools) -> Bools:
    """The outermost voxels of masks in their planes (…, y, x)."""
    inner = mask.copy()
    for axis in (-2, -1):
        for step in (1, -1):
            inner &= np.roll(mask, step, axis)
    return mask & ~inner
