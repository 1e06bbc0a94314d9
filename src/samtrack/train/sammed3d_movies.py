"""Annotated movies to learn from: cubes streamed out of images and masks by reading boxes, nothing copied.

Masks may be coarse. Each mask of each frame is as likely as any other to be the one that a cube is cut around.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import numpy.typing as npt

from samtrack.errors import DataError
from samtrack.models.sammed3d.tiles import Tiles, frame_range, in_range
from samtrack.train.sammed3d_cubes import Cube, drawn_corner, renumbered
from samtrack.types import Box, Frames

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SLAB_VOXELS = 16_000_000
"""Voxels of masks that are looked through at once: 64 MB of labels."""

FEWEST_VOXELS = 3
"""Masks of fewer voxels of the recording are no cells: specks of a threshold."""


@dataclass(frozen=True, slots=True)
class Masks:
    """The masks of one frame: centre (n, 3) and voxels (n,)."""

    centre: Floats
    size: Ints


@dataclass(frozen=True, slots=True)
class AnnotatedFrame:
    """One frame of a movie with its masks, and the grey values that count."""

    images: Frames
    labels: Frames
    frame: int
    masks: Masks
    grey: tuple[float, float]

    @property
    def diameters_um(self) -> Floats:
        """Diameters of balls of the masks' sizes."""
        return np.asarray(2 * self.images.scale.radius_um(self.masks.size * self.images.scale.size_per_voxel))


def annotated_frames(images: Frames, labels: Frames, name: str) -> list[AnnotatedFrame]:
    """The frames of a movie that have masks."""
    if images.shape != labels.shape or images.n_frames != labels.n_frames:
        raise DataError(
            f"{name}: images are {images.n_frames} frames of {images.shape}, masks {labels.n_frames} of {labels.shape}; "
            "they must agree. Give the masks of this very movie."
        )
    if len(images.shape) != 3:
        raise DataError(
            f"{name}: frames are {images.shape}, expected volumes (z, y, x). `samtrack train sam2` learns from 2D."
        )
    found = []
    for frame in range(labels.n_frames):
        masks = find_masks(labels, frame)
        if len(masks.size):
            grey = frame_range(lambda box, frame=frame: images.read(frame, box), images.shape)  # type: ignore[misc]
            found.append(AnnotatedFrame(images, labels, frame, masks, grey))
    return found


def find_masks(labels: Frames, frame: int) -> Masks:
    """Centre and size of every mask of a frame, slab by slab."""
    depth, height, width = labels.shape
    step = max(1, SLAB_VOXELS // (height * width))
    values, sums = [np.zeros(0, dtype=np.int64)], [np.zeros((0, 4))]
    for start in range(0, depth, step):
        slab = labels.read(frame, Box((start, 0, 0), (min(start + step, depth), height, width)))
        at = np.nonzero(slab)
        value, row = np.unique(slab[at].astype(np.int64), return_inverse=True)
        places = [np.ones(len(row)), at[0] + float(start), at[1], at[2]]
        values.append(value)
        sums.append(np.stack([np.bincount(row, p, len(value)) for p in places], axis=1))
    value, row = np.unique(np.concatenate(values), return_inverse=True)
    total = np.zeros((len(value), 4))
    np.add.at(total, row, np.concatenate(sums))
    total = total[total[:, 0] >= FEWEST_VOXELS]
    return Masks(total[:, 1:] / total[:, :1], total[:, 0].astype(np.int64))


def typical_diameter_um(frames: Sequence[AnnotatedFrame]) -> float:
    """Diameter of the median mask."""
    return float(np.median(np.concatenate([f.diameters_um for f in frames])))


def told_frames(learnt: Sequence[AnnotatedFrame], judged: Sequence[AnnotatedFrame], diameter_um: float) -> str:
    """How much there is to learn from, in words."""
    many = [sum(len(f.masks.size) for f in part) for part in (learnt, judged)]
    return (
        f"{many[0]} masks in {len(learnt)} frames to learn from, {many[1]} in {len(judged)} to be judged by; a typical cell "
        f"measures {diameter_um:.3g} µm"
    )


def parted(frames: Sequence[AnnotatedFrame], share: float) -> tuple[list[AnnotatedFrame], list[AnnotatedFrame]]:
    """Frames to learn from, and the last ones, a share of them, to be judged by; at least one each."""
    if len(frames) < 2:
        raise DataError(
            f"{len(frames)} frames with masks: at least two are needed, one to learn from and one to be judged by. "
            "Annotate one more, or learn for a fixed number of steps: held_out_share 0."
        )
    cut = len(frames) - max(1, round(share * len(frames)))
    cut = max(cut, 1)
    return list(frames[:cut]), list(frames[cut:])


@dataclass(frozen=True, slots=True)
class Scene:
    """Frames to cut cubes from, and the size that cells have in these."""

    frames: tuple[AnnotatedFrame, ...]
    diameter_um: float
    cell_px: float
    side: int

    def cube(self, seed: int, place: int) -> Cube:
        """The cube at a place of the stream of a seed."""
        rng = np.random.default_rng([seed, 9, place])
        counts = np.array([len(f.masks.size) for f in self.frames], dtype=np.float64)
        source = self.frames[int(rng.choice(len(self.frames), p=counts / counts.sum()))]
        tiles = Tiles.for_cells(
            source.images.shape, source.images.scale.um_per_voxel, self.diameter_um, self.cell_px, self.side
        )
        corner = drawn_corner(tiles, source.masks.centre, rng)
        low, high = source.grey
        image = tiles.cut(lambda box: in_range(source.images.read(source.frame, box), low, high), corner)
        labels = tiles.cut_labels(lambda box: source.labels.read(source.frame, box), corner)
        return Cube(image, renumbered(labels), seed)


def annotated_stream(scene: Scene, seed: int, start: int = 0) -> Generator[Cube]:
    """Cubes ``start``, ``start`` + 1, … of annotated frames, without end, in an order that depends on the seed alone."""
    for place in count(start):
        yield scene.cube(seed, place)
