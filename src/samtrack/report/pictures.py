"""Pictures of frames: grey image below, and above it one layer with outlines, tails and marks.

The two layers stay apart, so that the page can hide the upper one and each compresses well. The upper layer holds small
integers, one per colour (`LayerColour`, `layer_palette`); 0 is transparent. Volumes are seen from above: the brightest
voxel of each column, and the first label met. Pixels are rows and columns; a whole number is a pixel's edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
from PIL import Image

from samtrack.blocks import plan_slabs
from samtrack.blocks.slabs import LAYER_VOXELS
from samtrack.report.colours import picture_colours
from samtrack.report.lineages import HUES, SHADES
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

DASH_PX = 4
"""Length of the dashes, and of the spaces between them, of filled masks' outlines."""

WIDE_FROM_PX = 150
"""Pixels of a typical label (14 across) from which outlines are two pixels wide: easier to see, and room inside."""

HATCH_PX = 7
"""Distance of the lines inside of filled masks."""

CONTRAST_PERCENTILES = (0.5, 99.7)
"""What becomes black and white: a few hot pixels and the noise below the background may be lost."""

MEAN_GREY = 0.2
"""Darker movies, as a share of white on average, are brightened: else their dim cells could not be seen."""

LEAST_GAMMA = 0.5
"""Strongest brightening, as an exponent: more would show little but noise."""

COLOURS = HUES * SHADES


class LayerColour(IntEnum):
    """Where the upper layer's groups of colours begin."""

    NOTHING = 0
    OUTLINE = 1
    TAIL = OUTLINE + COLOURS
    HATCH = TAIL + COLOURS
    RING = HATCH + COLOURS
    HALO = RING + 1


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

    def is_near(self, centroid_um: Floats, scale: Scale, margin_um: float) -> npt.NDArray[np.bool_]:
        """Whether points lie at most ``margin_um`` above or below what is shown; always true in 2D."""
        if len(self.box.start) == 2:
            return np.ones(len(centroid_um), dtype=np.bool_)
        z, um = centroid_um[:, 0], scale.um_per_voxel[0]
        return (z >= self.box.start[0] * um - margin_um) & (z <= (self.box.stop[0] - 1) * um + margin_um)


def choose_views(shape: tuple[int, ...], scale: Scale, detections: Detections) -> list[View]:
    """The views of a movie: one in 2D; from above and through the middle of the cells in 3D."""
    y, x, picture = _choose_part(shape, scale, detections)
    if len(shape) == 2:
        return [View("image", Box((y[0], x[0]), (y[1], x[1])), picture)]
    middle = np.median(detections.centroid_um[:, 0]) / scale.um_per_voxel[0] if len(detections) else shape[0] / 2
    z = int(np.clip(round(float(middle)), 0, shape[0] - 1))
    return [
        View("projection", Box((0, y[0], x[0]), (shape[0], y[1], x[1])), picture),
        View(f"slice z = {z}", Box((z, y[0], x[0]), (z + 1, y[1], x[1])), picture),
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


def draw_outlines(layer: Bytes, labels: npt.NDArray[np.uint32], colour_of: Ints, filled: Ints) -> None:
    """Outline each label in the colour of its track; ``filled`` tracks get dashes and a hatched inside.

    Outlines are two pixels wide, inside of the label; one pixel where typical labels are too small for that.
    """
    present, at, size = np.unique(labels, return_inverse=True, return_counts=True)
    known = np.where(present < len(colour_of), present, 0)
    colour = colour_of[known][at].reshape(labels.shape)
    is_filled = (np.isin(present, filled) & (present > 0))[at].reshape(labels.shape)
    diagonal = np.add.outer(np.arange(labels.shape[0]), np.arange(labels.shape[1]))
    border = find_outlines(labels)
    if len(present) > 1 and np.median(size[present > 0]) >= WIDE_FROM_PX:
        border |= find_outlines(np.where(border, 0, labels))
    hatch = is_filled & (diagonal % HATCH_PX == 0)
    layer[hatch] = LayerColour.HATCH + colour[hatch]
    drawn = border & ~(is_filled & (diagonal // DASH_PX % 2 == 1))
    layer[drawn] = LayerColour.OUTLINE + colour[drawn]


def draw_lines(layer: Bytes, start: Floats, stop: Floats, value: npt.NDArray[np.integer]) -> None:
    """Straight lines between points (n, 2), each in its value; where lines cross, the later one is seen."""
    length = np.ceil(np.abs(stop - start).max(axis=1, initial=0)).astype(np.int64) + 1
    line = np.repeat(np.arange(len(length)), length)
    along = np.arange(len(line)) - np.repeat(np.cumsum(length) - length, length)
    share = (along / np.maximum(length - 1, 1)[line])[:, None]
    _put(layer, start[line] + share * (stop - start)[line], np.asarray(value)[line])


def draw_rings(layer: Bytes, centre: Floats, radius_px: float) -> None:
    """White rings with a dark halo round points (n, 2): the mark of a division."""
    for value, inner, outer in (
        (LayerColour.HALO, radius_px - 2.0, radius_px + 2.0),
        (LayerColour.RING, radius_px - 0.9, radius_px + 0.9),
    ):
        reach = np.arange(-np.ceil(outer), np.ceil(outer) + 1)
        offset = np.stack(np.meshgrid(reach, reach, indexing="ij"), axis=-1).reshape(-1, 2)
        distance = np.hypot(offset[:, 0], offset[:, 1])
        offset = offset[(distance >= inner) & (distance <= outer)]
        points = (centre[:, None] + offset[None]).reshape(-1, 2)
        _put(layer, points, np.full(len(points), value))


def _put(layer: Bytes, points: Floats, value: npt.NDArray[np.integer]) -> None:
    """Set the pixels that hold the points; points outside of the picture are left out."""
    pixel = np.floor(points).astype(np.int64)
    inside = ((pixel >= 0) & (pixel < layer.shape)).all(axis=1)
    layer[tuple(pixel[inside].T)] = value[inside]


def layer_palette() -> Bytes:
    """Colours of the upper layer, (256, 4) as RGBA."""
    palette = np.zeros((256, 4), dtype=np.uint8)
    for begin, alpha in ((LayerColour.OUTLINE, 255), (LayerColour.TAIL, 190), (LayerColour.HATCH, 120)):
        palette[begin : begin + COLOURS, :3] = picture_colours()
        palette[begin : begin + COLOURS, 3] = alpha
    palette[LayerColour.RING] = (255, 255, 255, 255)
    palette[LayerColour.HALO] = (0, 0, 0, 150)
    return palette
