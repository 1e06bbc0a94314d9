"""Lessons: cubes, and for some of their cells the prompts that inference would give: clicks at seeds, distorted masks.

Legend: b cubes, n side of a cube in voxels, l side of its logits, p objects, k points of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from samtrack.config.train_sammed3d import TrainSamMed3DSettings
from samtrack.models.sammed3d.engine import standardised
from samtrack.train.link_recipes import log_uniform
from samtrack.train.sammed3d_augment import repainted, turned
from samtrack.train.sammed3d_cubes import Cube, Labels

Float32s = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

JITTER = 0.12
"""Standard deviation of a seed about its cell's centre along each axis, in cell diameters: what seeds are usually off."""

FEWEST_VOXELS = 8
"""Fewest voxels of a cell in a cube that is asked for: a cube of two."""

AT_RIM = 0.1
"""How often cells near a face of the cube are asked for, against others: tiles overlap, so inference asks for few."""

RIM = 3 / 16
"""What is near, as a share of the side: nearly half a cell of the size that the network likes."""

WITHOUT_CLICK = 0.3
"""Share of the objects that are shown a mask which get no click."""

FARTHEST, BLURRIEST, STEEPEST = 0.2, 0.12, 20.0
"""Of a mask that is shown: most by which it is shifted and blurred, in cell diameters; logits per unit of coverage."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """What a network is shown, and what it is to draw."""

    images: Float32s
    """(b, n, n, n), standardised as inference does."""
    labels: Labels
    """(b, n, n, n)"""
    cube: Ints
    """(p,)"""
    label: Ints
    """(p,): what is meant; 0: a click on background, whose mask is empty."""
    points: Float32s
    """(p, k, 3), in voxels."""
    is_in: Ints
    """(p, k): 1 inside, 0 outside, -1 no point."""
    shown: Float32s
    """(p, l, l, l): logits of masks that are shown, 0 where none is."""

    def __len__(self) -> int:
        return len(self.cube)


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells in a cube that may be asked for: label, a seed each (m, 3), diameter in voxels."""

    label: Ints
    seed: Floats
    diameter: Floats


def make_lessons(
    cubes: Sequence[Cube],
    settings: TrainSamMed3DSettings,
    logits_px: int,
    rng: np.random.Generator,
    is_test: bool = False,
) -> Lessons:
    """Lessons of some cubes, each turned and asked anew; in a test cubes stay as they are, without cells at faces."""
    images, labels, parts = [], [], []
    for i, cube in enumerate(cubes):
        way = 0 if is_test else int(rng.integers(16))
        image, truth = turned(cube.image, way), turned(cube.labels, way)
        if not is_test and rng.random() < settings.repaint:
            image = repainted(image, rng)
        images.append(standardised(image))
        labels.append(truth)
        parts.append(_asked(i, image, truth, (settings, logits_px, 0.0 if is_test else AT_RIM), rng))
    joined = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Lessons(np.stack(images), np.stack(labels), *joined)


Asked = tuple[Ints, Ints, Float32s, Ints, Float32s]


def _asked(
    place: int, image: Float32s, labels: Labels, how: tuple[TrainSamMed3DSettings, int, float], rng: np.random.Generator
) -> Asked:
    """Cube, label, points, is_in and shown masks of the objects that are asked for in one cube."""
    settings, logits_px, at_rim = how
    cells = cells_in(labels, rng)
    drawn = _drawn(cells, (labels.shape[0], at_rim), settings.prompts - settings.backgrounds, rng)
    empty = _on_background(image, labels, settings.backgrounds, rng)
    n, k = len(drawn) + len(empty), 1 + settings.negatives
    points, is_in = np.zeros((n, k, 3), dtype=np.float32), np.full((n, k), -1, dtype=np.int64)
    points[:, 0], is_in[:, 0] = np.concatenate([cells.seed[drawn], empty]), 1
    label = np.concatenate([cells.label[drawn], np.zeros(len(empty), dtype=np.int64)])
    shown = np.zeros((n, *(logits_px,) * 3), dtype=np.float32)
    for i in range(n):
        others = cells.seed[cells.label != label[i]]
        near = np.argsort(((others - points[i, 0]) ** 2).sum(axis=1))[: rng.integers(settings.negatives + 1)]
        points[i, 1 : 1 + len(near)], is_in[i, 1 : 1 + len(near)] = others[near], 0
        if label[i] and rng.random() < settings.mask_prompts:
            shown[i] = distorted(labels == label[i], logits_px, float(cells.diameter[drawn[i]]), rng)
            if rng.random() < WITHOUT_CLICK:
                is_in[i] = -1
    return np.full(n, place, dtype=np.int64), label, points, is_in, shown


def cells_in(labels: Labels, rng: np.random.Generator) -> Cells:
    """The cells of a cube that are large enough, each with a seed as seeders give them: about its centre, inside of it."""
    size = np.bincount(labels.reshape(-1))
    label = np.flatnonzero(size >= FEWEST_VOXELS)
    label = label[label > 0]
    if not len(label):
        return Cells(np.zeros(0, dtype=np.int64), np.zeros((0, 3)), np.zeros(0))
    diameter = np.cbrt(size[label] * 6 / np.pi)
    centre = np.asarray(ndimage.center_of_mass(labels > 0, labels, label), dtype=np.float64)
    seed = centre + JITTER * diameter[:, None] * rng.standard_normal(centre.shape)
    voxel = np.clip(np.rint(seed).astype(np.int64), 0, labels.shape[0] - 1)
    for i in np.flatnonzero(labels[tuple(voxel.T)] != label):  # few: crescents, and seeds that were thrown far
        inside = np.argwhere(labels == label[i])
        seed[i] = inside[rng.integers(len(inside))]
    return Cells(label.astype(np.int64), seed, diameter)


def _drawn(cells: Cells, sides: tuple[int, float], most: int, rng: np.random.Generator) -> Ints:
    """Which cells are asked for: each label as likely as any other, those at a face less often."""
    side, at_rim = sides
    weight = np.where((np.abs(cells.seed - side / 2) > side * (0.5 - RIM)).any(axis=1), at_rim, 1.0)
    n = min(max(most, 0), int(np.count_nonzero(weight)))
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    return np.asarray(rng.choice(len(weight), n, replace=False, p=weight / weight.sum()), dtype=np.int64)


def _on_background(image: Float32s, labels: Labels, most: int, rng: np.random.Generator) -> Floats:
    """Some places of the frame where no cell is."""
    free = np.flatnonzero((labels == 0) & (image > 0))
    n = most if len(free) else 0
    at = rng.choice(free, n) if n else np.zeros(0, dtype=np.int64)
    return np.stack(np.unravel_index(at, labels.shape), axis=1).astype(np.float64)


def distorted(mask: npt.NDArray[np.bool_], logits_px: int, diameter: float, rng: np.random.Generator) -> Float32s:
    """Logits of a mask as it might be known from the frame before: shifted, blurred, too wide or too tight."""
    f = mask.shape[0] // logits_px
    small = mask.reshape(logits_px, f, logits_px, f, logits_px, f).mean(axis=(1, 3, 5), dtype=np.float32)
    moved = ndimage.shift(small, rng.uniform(-FARTHEST, FARTHEST, 3) * diameter / f, order=1, prefilter=False)
    soft = ndimage.gaussian_filter(moved, rng.uniform(0.01, BLURRIEST) * diameter / f)
    logits = (soft - rng.uniform(0.25, 0.75)) * log_uniform(rng, 4, STEEPEST)
    return np.asarray(logits, dtype=np.float32)
