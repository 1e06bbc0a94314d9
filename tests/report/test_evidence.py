"""The small pictures of single decisions."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from samtrack.report.evidence import CHOSEN_RGB, CROP_PX, GAP_PX, OTHER_RGB, _draw_pair, draw_evidence
from samtrack.report.pictures import Contrast
from samtrack.report.tables import list_doubtful

CONTRAST = Contrast(0, 255)


def is_colour(picture: np.ndarray, rgb: tuple[int, int, int]) -> np.ndarray:
    return (picture == rgb).all(axis=-1)


@pytest.mark.parametrize("ndim", [2, 3])
def test_a_division_shows_the_mother_beside_her_daughters(small, ndim: int) -> None:
    data = small(ndim=ndim)
    row = next(list_doubtful(data).itertuples(index=False))
    pair = _draw_pair(data, row, CONTRAST)
    assert pair.shape == (CROP_PX, 2 * CROP_PX + GAP_PX, 3)
    before, after = is_colour(pair[:, :CROP_PX], CHOSEN_RGB), is_colour(pair[:, CROP_PX + GAP_PX :], CHOSEN_RGB)
    middle = slice(CROP_PX // 2 - 2, CROP_PX // 2 + 2)
    assert before.any()
    assert after[: CROP_PX // 2].any()
    assert after[CROP_PX // 2 :].any()
    assert before[middle].any()
    assert not after[middle].any()  # the space between the daughters


def test_other_cells_are_told_apart(small) -> None:
    data = small()
    rows = list_doubtful(data)
    daughter = rows[(rows["kind"] == "link") & (rows["frame"] == 4)]
    pairs = [_draw_pair(data, row, CONTRAST) for row in daughter.itertuples(index=False)]
    assert all(is_colour(pair, CHOSEN_RGB).any() for pair in pairs)
    assert any(is_colour(pair, OTHER_RGB).any() for pair in pairs)  # a daughter sees her sister


def test_beyond_the_image_is_black(small) -> None:
    data = small()
    rows = list_doubtful(data)
    first = rows[rows["frame"] == 0].iloc[[0]]
    pair = _draw_pair(data, next(first.itertuples(index=False)), CONTRAST)
    assert not pair[-1, :CROP_PX].any()  # track 2 lies near the lower edge
    assert pair[0, :CROP_PX].any()


def test_one_picture_per_row(small) -> None:
    data = small()
    rows = list_doubtful(data, 3)
    pictures = draw_evidence(data, rows, CONTRAST)
    assert len(pictures) == 3
    image = Image.open(io.BytesIO(base64.b64decode(pictures[0].split(",")[1])))
    assert image.size == (2 * CROP_PX + GAP_PX, CROP_PX)


def test_a_cell_in_the_corner_can_be_drawn(small) -> None:
    data = small()
    for corner in ([0.0, 0.0], [19.5, 29.5]):
        moved = np.tile(corner, (len(data.detections), 1))
        there = replace(data, detections=replace(data.detections, centroid_um=moved))
        assert len(draw_evidence(there, list_doubtful(there, 2), CONTRAST)) == 2
