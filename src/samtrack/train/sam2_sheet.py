"""A picture of what a network makes of held-out lessons: shown, wanted and drawn masks side by side, window by window."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from samtrack.models.sam2.windows import Lattice, cut
from samtrack.train.sam2_batch import Lessons
from samtrack.train.sam2_steps import Pass

Bytes = npt.NDArray[np.uint8]

ROWS, COLUMNS = 6, 4
"""Lessons in a picture: 24 windows of four panels are seen at a glance on one screen."""

GREEN, RED, BLUE = (90, 220, 90), (240, 90, 80), (90, 150, 250)
"""Outlines of the mask that was shown, of the truth, and of what the network drew."""


def draw_samples(lessons: Lessons, seen: Pass) -> Bytes:
    """An RGB picture (h, w, 3): per lesson the frame with the shown mask, the next one with the truth, with the drawing."""
    n = min(len(lessons), ROWS * COLUMNS)
    pick = np.linspace(0, len(lessons) - 1, n).astype(int)
    size = lessons.shown.shape[-1]
    drawn = seen.carried[0].logits.detach().float().cpu().numpy()[pick]
    there = seen.carried[0].object_logit.detach().float().cpu().numpy()[pick] > 0
    wanted = lessons.target[0][pick]
    panels = [
        _outlined(_greys(lessons, 0, pick), lessons.shown[pick] > 0.5, GREEN),
        _outlined(_greys(lessons, 1, pick), _grown(wanted > 0.5, size), RED),
        _outlined(_greys(lessons, 1, pick), _grown((drawn > 0) & there[:, None, None], size), BLUE),
    ]
    tiles = np.concatenate([np.pad(p, ((0, 0), (2, 2), (1, 1), (0, 0))) for p in panels], axis=2)
    tiles = np.pad(tiles, ((0, ROWS * COLUMNS - n), (0, 0), (4, 4), (0, 0)))
    height, width = tiles.shape[1:3]
    return tiles.reshape(ROWS, COLUMNS, height, width, 3).transpose(0, 2, 1, 3, 4).reshape(ROWS * height, -1, 3)


def _greys(lessons: Lessons, frame: int, pick: npt.NDArray[np.intp]) -> Bytes:
    """The windows of some lessons in a frame, (n, size, size, 3)."""
    found = []
    side = lessons.shown.shape[-1] // 16
    for i in pick:
        image = lessons.images[frame, lessons.clip[i]]
        lattice = Lattice((image.shape[0], image.shape[1]), (1.0, 1.0))
        found.append(cut(image, lattice, lessons.corner[frame, i][None], side, 16)[0])
    grey = (np.clip(np.stack(found), 0, 1) * 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=3)


def _grown(mask: npt.NDArray[np.bool_], size: int) -> npt.NDArray[np.bool_]:
    f = size // mask.shape[-1]
    return mask.repeat(f, axis=1).repeat(f, axis=2)


def _outlined(picture: Bytes, mask: npt.NDArray[np.bool_], colour: tuple[int, int, int]) -> Bytes:
    """The pictures with the inner rim of each mask in a colour."""
    inner = mask.copy()
    for axis in (1, 2):
        for step in (1, -1):
            inner &= np.roll(mask, step, axis)
    shown = picture.copy()
    shown[mask & ~inner] = colour
    return shown
