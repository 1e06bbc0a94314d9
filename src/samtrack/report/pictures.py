"""Pictures of frames: what part of them, how large, the grey image, and the labels that lie under its pixels.

Volumes are seen from above, the brightest voxel of each column and the first label met, or slice by slice. Pixels are rows
and columns; a whole number is a pixel's edge. Outlines and tails are drawn by the page's script.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from samtrack.blocks import plan_slabs
from samtrack.blocks.slabs import LAYER_VOXELS
from samtrack.types import Box, Detections, Frames, Scale

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PICTURE_PX = 960
"""Longest side of a picture: fills the page's column, and a dozen of them stay below 3 MB."""

MAX_ZOOM = 8.0
"""Pixels per voxel, at most: more would only show voxels."""

MIN_CELL_PX = 6.0
"""Least diameter of a typical cell in a picture; where the whole frame would show smaller ones, a part is shown."""

CONTRAST_PERCENTILES = (0.5, 99.7)
"""What becomes black and white: a few hot pixels and the noise below the background may be lost."""

MEAN_GREY = 0.2
"""Darker movies, as a share of white on average, are brightened: else their dim cells could not be seen."""

LEAST_GAMMA = 0.5
"""Strongest brightening, as an exponent: more would show little but noise."""

PROJECTION = "projection"
"""Name of the view of a volume from above."""


@dataclass(frozen=True, slots=True)
class View:
    """What part of each frame is drawn, how large, and under which name; ``box`` is (z)yx in voxels."""

    name: str
    box: Box
    shape: tuple[int, int]

    def place(self, centroid_um: Floats, scale: Scale) -> Floats:
        """Rows and columns in the picture of points in micrometres, (n, 2)."""
        start = np.array(self.box.start[-2:])
        zoom = np.array(self.shape) / np.array(self.box.shape[-2:])
        return (centroid_um[:, -2:] / scale.voxel_um[-2:] + 0.5 - start) * zoom

    @property
    def z(self) -> int | None:
        """The plane that is shown; None for pictures and projections."""
        return (
            None if len(self.box.start) == 2 or self.box.shape[0] > 1 or self.name == PROJECTION else self.box.start[0]
        )


def choose_views(shape: tuple[int, ...], scale: Scale, detections: Detections, slices: int = 1) -> list[View]:
    """The views of a movie: one in 2D; in 3D from above, and at most ``slices`` planes, evenly spread."""
    y, x, picture = _choose_part(shape, scale, detections)
    if len(shape) == 2:
        return [View("image", Box((y[0], x[0]), (y[1], x[1])), picture)]
    n = min(slices, shape[0])
    planes = np.unique(np.round((np.arange(n) + 0.5) * shape[0] / max(n, 1) - 0.5).astype(int)).tolist()
    return [
        View(PROJECTION, Box((0, y[0], x[0]), (shape[0], y[1], x[1])), picture),
        *(View(f"z = {z}", Box((z, y[0], x[0]), (z + 1, y[1], x[1])), picture) for z in planes),
    ]


def _choose_part(
    shape: tuple[int, ...], scale: Scale, detections: Detections
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Voxels along y and x that are shown (start, stop), and the shape of the picture."""
    size, um = np.array(shape[-2:]), scale.voxel_um[-2:]
    stretch = um / um.min()  # a picture has square pixels
    zoom = min(MAX_ZOOM, float(PICTURE_PX / (size * stretch).max()))
    start, stop = np.zeros(2, dtype=np.int64), size
    if len(detections):
        radius = float(np.median(scale.radius_um(detections.size_um)))
        least = min(1.0, MIN_CELL_PX / (2 * radius / float(um.min())))
        if zoom < least:
            zoom = least
            shown = np.minimum(size, np.floor(PICTURE_PX / (zoom * stretch)).astype(np.int64))
            middle = np.median(detections.centroid_um[:, -2:], axis=0) / um
            start = np.clip(np.round(middle - shown / 2).astype(np.int64), 0, size - shown)
            stop = start + shown
    rows, columns = np.maximum(np.round((stop - start) * stretch * zoom), 1).astype(int).tolist()
    return (int(start[0]), int(stop[0])), (int(start[1]), int(stop[1])), (rows, columns)


def read_picture(images: Frames, frame: int, view: View) -> npt.NDArray[np.float32]:
    """The image of a view as floats, at most as large as the picture; what is not finite becomes 0."""
    seen: npt.NDArray[np.float32] | None = None
    for box in _parts(view.box):
        slab = images.read(frame, box).astype(np.float32)
        slab = np.nan_to_num(slab, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        top = slab if slab.ndim == 2 else slab.max(axis=0)
        seen = top if seen is None else np.maximum(seen, top)
    if seen is None:
        return np.zeros(view.shape, dtype=np.float32)
    rows, columns = (min(a, b) for a, b in zip(view.shape, seen.shape, strict=True))
    if seen.shape == (rows, columns):
        return seen
    return np.asarray(Image.fromarray(seen).resize((columns, rows), Image.Resampling.BOX))


def read_labels(labels: Frames, frame: int, view: View) -> npt.NDArray[np.uint32]:
    """The labels of a view, as large as the picture: nearest voxel, and in a volume the first label from above."""
    seen: npt.NDArray[np.uint32] | None = None
    for box in _parts(view.box):
        slab = labels.read(frame, box).astype(np.uint32, copy=False)
        if slab.ndim == 3:
            first = (slab > 0).argmax(axis=0)[None]
            slab = np.take_along_axis(slab, first, axis=0)[0]
        seen = slab if seen is None else np.where(seen > 0, seen, slab)
    if seen is None:
        return np.zeros(view.shape, dtype=np.uint32)
    return seen[np.ix_(*(_nearest(n, m) for n, m in zip(view.shape, seen.shape, strict=True)))]


def _nearest(n: int, of: int) -> Ints:
    """Index of the voxel under the middle of each of ``n`` pixels that show ``of`` voxels."""
    return ((np.arange(n) + 0.5) * of / n).astype(np.int64)


def _parts(box: Box) -> list[Box]:
    """A box of a volume cut along z into parts that fit the memory; a box of an image as it is."""
    if len(box.start) == 2:
        return [box]
    planes = max(1, LAYER_VOXELS // max(1, box.shape[1] * box.shape[2]))
    return plan_slabs(box, planes * box.shape[1] * box.shape[2])


@dataclass(frozen=True, slots=True)
class Contrast:
    """The values that become black and white, and the exponent between them (below 1: dark parts are raised)."""

    low: float
    high: float
    gamma: float = 1.0


def measure_contrast(pictures: list[npt.NDArray[np.float32]]) -> Contrast:
    """The contrast that some pictures of a movie need; ``low`` equals ``high`` if all pixels are equal."""
    pixels = np.concatenate([picture.ravel() for picture in pictures]).astype(np.float64)
    low, high = np.percentile(pixels, CONTRAST_PERCENTILES)
    if high <= low:  # nearly all pixels are equal: what differs is worth seeing
        low, high = pixels.min(), pixels.max()
    if high <= low:
        return Contrast(float(low), float(high))
    mean = float(np.clip((pixels - low) / (high - low), 0, 1).mean())
    gamma = np.log(MEAN_GREY) / np.log(mean) if 0 < mean < MEAN_GREY else 1.0
    return Contrast(float(low), float(high), max(LEAST_GAMMA, float(gamma)))


def to_grey(picture: npt.NDArray[np.float32], contrast: Contrast) -> Bytes:
    """Grey values 0 to 255; mid grey throughout where the movie has no contrast at all."""
    if contrast.high <= contrast.low:
        return np.full(picture.shape, 128, dtype=np.uint8)
    share = np.clip((picture.astype(np.float64) - contrast.low) / (contrast.high - contrast.low), 0, 1)
    return np.round(share**contrast.gamma * 255).astype(np.uint8)


def find_outlines(labels: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Pixels of a label that touch, by an edge, something other than their label. The picture's rim is no border."""
    border = np.zeros(labels.shape, dtype=np.bool_)
    down, right = labels[1:] != labels[:-1], labels[:, 1:] != labels[:, :-1]
    border[1:] |= down
    border[:-1] |= down
    border[:, 1:] |= right
    border[:, :-1] |= right
    return border & (labels > 0)
