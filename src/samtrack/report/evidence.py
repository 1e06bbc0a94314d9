"""Small pictures of single decisions: the cell in one frame beside what it was linked to in the next."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from samtrack.report.data import ReportData
from samtrack.report.encode import encode_grey
from samtrack.report.pictures import Contrast, View, find_outlines, read_labels, read_picture, to_grey
from samtrack.types import Box

Bytes = npt.NDArray[np.uint8]

CROP_PX = 128
"""Side of one small picture; the page shows it about twice as large, and a hundred pairs are about 1 MB."""

CROP_RADII = 3.0
"""From the middle to the side of a small picture, in typical cell radii: the cell and its neighbours."""

GAP_PX = 4
"""White space between the two pictures of a pair."""

CHOSEN_RGB = (255, 209, 71)
"""Outline of the cells that the decision is about: yellow, on grey seen by everybody."""

OTHER_RGB = (120, 150, 175)
"""Outline of all other cells."""


def draw_evidence(data: ReportData, doubtful: pd.DataFrame, contrast: Contrast) -> list[str]:
    """One picture address per row of `tables.list_doubtful`: before on the left, after on the right, same place."""
    return [encode_grey(_draw_pair(data, row, contrast)) for row in doubtful.itertuples(index=False)]


def _draw_pair(data: ReportData, row: object, contrast: Contrast) -> Bytes:
    """Both frames of one decision, (CROP_PX, 2 * CROP_PX + GAP_PX, 3)."""
    sources = [int(row.source), int(row.partner)]  # type: ignore[attr-defined]
    targets = [int(row.target_a), int(row.target_b)]  # type: ignore[attr-defined]
    sources, targets = ([cell for cell in cells if cell >= 0] for cells in (sources, targets))
    view = _choose_view(data, [*sources, *targets])
    gap = np.full((CROP_PX, GAP_PX, 3), 255, dtype=np.uint8)
    before = _draw_crop(data, int(row.frame), view, sources, contrast)  # type: ignore[attr-defined]
    after = _draw_crop(data, int(row.to_frame), view, targets, contrast)  # type: ignore[attr-defined]
    return np.concatenate([before, gap, after], axis=1)


def _choose_view(data: ReportData, rows: list[int]) -> View:
    """A square round some detections, wide enough for all of them; it may reach beyond the image."""
    detections, voxel = data.detections, data.images.scale.voxel_um
    centre = detections.centroid_um[rows]
    middle = (centre.min(axis=0) + centre.max(axis=0)) / 2
    radius = float(data.images.scale.radius_um(np.median(detections.size_um[rows])))
    spread = float((centre.max(axis=0) - centre.min(axis=0))[-2:].max()) / 2
    half = np.full(len(voxel), max(CROP_RADII * radius, spread + 2 * radius))
    half[:-2] = radius + (centre.max(axis=0) - centre.min(axis=0))[:-2] / 2
    start = np.floor((middle - half) / voxel + 0.5).astype(int)
    stop = np.maximum(np.ceil((middle + half) / voxel + 0.5).astype(int), start + 1)
    return View("crop", Box(tuple(start.tolist()), tuple(stop.tolist())), (CROP_PX, CROP_PX))


def _draw_crop(data: ReportData, frame: int, view: View, rows: list[int], contrast: Contrast) -> Bytes:
    """One frame of a pair, (CROP_PX, CROP_PX, 3); black beyond the image's edge."""
    inside = view.box.clipped(data.images.shape)
    zoom = CROP_PX / np.array(view.box.shape[-2:])
    corner = np.round((np.array(inside.start[-2:]) - view.box.start[-2:]) * zoom).astype(int)
    size = np.maximum(np.round(np.array(inside.shape[-2:]) * zoom).astype(int), 1)
    size = np.minimum(size, CROP_PX - corner)
    part = View(view.name, inside, (int(size[0]), int(size[1])))
    grey = to_grey(read_picture(data.images, frame, part), contrast)
    labels = read_labels(data.labels, frame, part)
    rgb = np.repeat(_enlarge(grey, part.shape)[..., None], 3, axis=2)
    border = find_outlines(labels)
    rgb[border] = OTHER_RGB
    rgb[border & np.isin(labels, data.tracks.track_of[rows])] = CHOSEN_RGB
    crop = np.zeros((CROP_PX, CROP_PX, 3), dtype=np.uint8)
    crop[corner[0] : corner[0] + size[0], corner[1] : corner[1] + size[1]] = rgb
    return crop


def _enlarge(grey: Bytes, shape: tuple[int, int]) -> Bytes:
    """A grey picture at the given shape, each voxel repeated where it is smaller."""
    rows, columns = ((np.arange(n) * m) // n for n, m in zip(shape, grey.shape, strict=True))
    return grey[np.ix_(rows, columns)]
