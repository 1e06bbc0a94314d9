"""Lessons for SAM 2, cut from clips: a cell shown in one frame, and where it is in the next ones.

A lesson is one cell in its window: the mask that it is shown with, and for every later frame of the clip the true mask
there. A mother's later mask is that of her daughters together, a daughter's earlier mask that of her mother, so that one
network learns both directions. Some lessons show nothing at all (a mask on background), whose object is absent for ever.

Legend: n lessons, b clips, t frames, w side of a window in tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.models.sam2.windows import LOGIT_SAMPLES, MASK_SAMPLES, Lattice, cut
from samtrack.train.sam2_clips import Clip

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

SMALLEST_PX = 12
"""Smallest cell, in model pixels, that is shown: less than one sample of the logits cannot be drawn."""

MOVED_WINDOWS = 0.3
"""Share of lessons whose window in later frames is moved by up to one token, as windows that follow a motion are."""

NEIGHBOURS = 4
"""Points on other cells beside the point on the cell, as `segment.sam2` gives them."""

BACKGROUND_TRIES = 4
"""Places tried for a mask on background."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """One batch. ``images`` (t, b, h, w); everything else per lesson: its clip, its windows, masks and points."""

    images: Floats
    labels: Ints
    clip: Ints
    corner: Ints
    shown: Floats
    target: Floats
    present: Bools
    points: Floats
    is_in: Ints
    segment: Floats

    def __len__(self) -> int:
        return len(self.clip)


def make_lessons(clips: Sequence[Clip], side: int, cells: int, backgrounds: int, rng: np.random.Generator) -> Lessons:
    """Up to ``cells`` cells and ``backgrounds`` masks on background of each clip; each clip forward or backward in time.

    ``shown`` (n, 16w, 16w) is the first frame's mask, ``target`` (t - 1, n, 4w, 4w) the later ones', soft at their rims,
    ``present`` (t - 1, n) whether the cell is in the window; ``corner`` (t, n, 2). ``points`` (n, p, 2), (x, y) in window
    pixels, and ``segment`` (n, 4w, 4w): the same cells for a network that is only shown points.
    """
    parts = []
    images, labels = [], []
    for i, clip in enumerate(clips):
        step = 1 if rng.random() < 0.5 else -1
        seen, truth, prompts = clip.images[::step], clip.labels[::step], clip.prompts[::step]
        images.append(seen)
        labels.append(truth)
        parts.append(_of_clip(truth, prompts[0], clip.parent, i, (side, cells, backgrounds), rng))
    columns = {name: np.concatenate([p[name] for p in parts], axis=a) for name, a in _AXIS.items()}
    return Lessons(images=np.stack(images, axis=1), labels=np.stack(labels, axis=1).astype(np.int64), **columns)


_AXIS = {"clip": 0, "corner": 1, "shown": 0, "target": 1, "present": 1, "points": 0, "is_in": 0, "segment": 0}


def _of_clip(
    truth: npt.NDArray[np.int32],
    prompt: npt.NDArray[np.int32],
    parent: Ints,
    clip: int,
    sizes: tuple[int, int, int],
    rng: np.random.Generator,
) -> dict[str, npt.NDArray[np.generic]]:
    side, n_cells, n_background = sizes
    n_frames, height, width = truth.shape
    lattice = Lattice((height, width), (1.0, 1.0))
    centre, size = _centres(prompt, len(parent))
    known = np.flatnonzero(size >= SMALLEST_PX)
    chosen = np.sort(rng.permutation(known)[:n_cells])
    last = np.array([height, width]) // lattice.token_px - side
    corner = np.clip(lattice.corners(centre[chosen], side), 0, last)
    shown = cut(prompt, lattice, corner, side, MASK_SAMPLES) == chosen[:, None, None]
    chosen, corner, shown = _with_background(prompt, truth, (chosen, corner, shown), (n_background, last), rng)
    n = len(chosen)
    corners = np.repeat(corner[None], n_frames, axis=0)
    moved = rng.integers(-1, 2, (1, n, 2)) * (rng.random((1, n, 1)) < MOVED_WINDOWS)
    corners[1:] = np.clip(corners[1:] + moved, 0, last)
    later = np.stack([_target(truth[t], truth[0], parent, chosen, corners[t], side) for t in range(1, n_frames)])
    points, is_in = _points(prompt, truth[0], centre, chosen, corner, side, rng)
    here = cut(truth[0], lattice, corner, side, MASK_SAMPLES) == np.where(chosen > 0, chosen, -1)[:, None, None]
    return {
        "clip": np.full(n, clip),
        "corner": corners,
        "shown": shown.astype(np.float32),
        "target": later,
        "present": np.asarray(later.any(axis=(2, 3))),
        "points": points,
        "is_in": is_in,
        "segment": _soft(here),
    }


def _centres(labels: npt.NDArray[np.int32], n: int) -> tuple[npt.NDArray[np.float64], Ints]:
    """Centroid (n, 2) and size of each label."""
    flat = labels.reshape(-1)
    size = np.bincount(flat, minlength=n)
    size[0] = 0
    y, x = np.divmod(np.arange(flat.size), labels.shape[1])
    places = [np.bincount(flat, along, minlength=n) / np.maximum(size, 1) for along in (y, x)]
    return np.stack(places, axis=1), size


Chosen = tuple[Ints, Ints, Bools]


def _with_background(
    prompt: npt.NDArray[np.int32],
    truth: npt.NDArray[np.int32],
    chosen: Chosen,
    sizes: tuple[int, Ints],
    rng: np.random.Generator,
) -> Chosen:
    """The lessons, and masks of cells laid down where no cell is in any frame; these have label 0."""
    label, corner, shown = chosen
    n_background, last = sizes
    if len(label) == 0 or n_background == 0:
        return chosen
    lattice = Lattice((truth.shape[1], truth.shape[2]), (1.0, 1.0))
    side = shown.shape[1] // MASK_SAMPLES
    is_cell = (truth.max(axis=0) > 0) | (prompt > 0)
    model = rng.integers(0, len(label), n_background * BACKGROUND_TRIES)
    place = rng.integers(0, last + 1, (len(model), 2))
    under = cut(is_cell, lattice, place, side, MASK_SAMPLES)
    covered = (under & shown[model]).sum(axis=(1, 2)) / np.maximum(shown[model].sum(axis=(1, 2)), 1)
    good = np.flatnonzero(covered == 0)[:n_background]
    return (
        np.concatenate([label, np.zeros(len(good), dtype=label.dtype)]),
        np.concatenate([corner, place[good]]),
        np.concatenate([shown, shown[model[good]]]),
    )


def _target(
    now: npt.NDArray[np.int32], then: npt.NDArray[np.int32], parent: Ints, label: Ints, corner: Ints, side: int
) -> Floats:
    """True masks of lessons in another frame, (n, 4w, 4w): the cell, else its daughters, else its mother."""
    n_labels = len(parent)
    here = np.bincount(now.reshape(-1), minlength=n_labels)[:n_labels] > 0
    is_same = np.zeros((len(label), n_labels), dtype=np.bool_)
    row = np.arange(len(label))
    is_same[row, label] = True
    gone = ~here[label]
    before = np.bincount(then.reshape(-1), minlength=n_labels)[:n_labels] > 0
    for i in np.flatnonzero(gone & (label > 0)):
        daughters = np.flatnonzero((parent == label[i]) & here & ~before)
        kin = daughters if len(daughters) else np.array([parent[label[i]]])
        is_same[i, kin] = True
    is_same[:, 0] = False
    seen = cut(now, Lattice((now.shape[0], now.shape[1]), (1.0, 1.0)), corner, side, MASK_SAMPLES)
    return _soft(is_same[row[:, None, None], seen])


def _soft(mask: Bools) -> Floats:
    """Masks at 16 samples per token as shares of the samples of the logits, (n, 4w, 4w)."""
    n, size, _ = mask.shape
    f = MASK_SAMPLES // LOGIT_SAMPLES
    return mask.reshape(n, size // f, f, size // f, f).mean(axis=(2, 4), dtype=np.float32)


def _points(
    prompt: npt.NDArray[np.int32],
    truth: npt.NDArray[np.int32],
    centre: npt.NDArray[np.float64],
    label: Ints,
    corner: Ints,
    side: int,
    rng: np.random.Generator,
) -> tuple[Floats, Ints]:
    """A point on each cell and points on its neighbours, (x, y) in window pixels; background lessons: a point anywhere."""
    height, width = truth.shape
    size = side * 16
    there = np.flatnonzero(np.bincount(prompt.reshape(-1), minlength=len(centre))[: len(centre)] > 0)
    there = there[there > 0]
    own = np.where((label > 0)[:, None], centre[label], corner * 16 + rng.uniform(0.2, 0.8, (len(label), 2)) * size)
    nudged = own + rng.normal(0, 2.5, own.shape)
    y, x = (np.clip(np.rint(nudged[:, a]), 0, n - 1).astype(int) for a, n in ((0, height), (1, width)))
    own = np.where((truth[y, x] == label)[:, None], nudged, own)
    apart = np.linalg.norm(own[:, None] - centre[there], axis=2)
    apart[label[:, None] == there] = np.inf
    order = np.argsort(apart, axis=1)[:, :NEIGHBOURS]
    others = centre[there][order]
    reach = np.take_along_axis(apart, order, axis=1)
    inside = np.all((others >= corner[:, None] * 16) & (others < corner[:, None] * 16 + size), axis=2)
    kept = inside & np.isfinite(reach) & (rng.random(reach.shape) < 0.85)
    places = np.concatenate([own[:, None], others], axis=1) - corner[:, None] * 16
    is_in = np.concatenate([np.ones((len(label), 1), dtype=np.int64), np.where(kept, 0, -1)], axis=1)
    missing = 1 + NEIGHBOURS - is_in.shape[1]
    places = np.pad(places, ((0, 0), (0, missing), (0, 0)))
    return places[..., ::-1].astype(np.float32), np.pad(is_in, ((0, 0), (0, missing)), constant_values=-1)
