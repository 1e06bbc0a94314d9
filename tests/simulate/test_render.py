from dataclasses import replace

import numpy as np
import pytest

from samtrack.config.simulate import SimulateSettings
from samtrack.simulate.lineage import CellsInFrame, simulate_lineage
from samtrack.simulate.render import render_frame

CALM = {"count": 1, "may_leave": False, "cycle_hours": None, "death_per_hour": 0.0, "brightness_spread": 0.0}


def lone_cell(kind: str = "nuclei", **imaging: object) -> tuple[SimulateSettings, CellsInFrame]:
    settings = SimulateSettings(kind=kind, frames=1, shape_px=(128, 128), cells=CALM, imaging=imaging)
    return settings, simulate_lineage(settings).frames[0]


def test_a_nucleus_is_bright_where_the_truth_is() -> None:
    settings, cells = lone_cell(haze=0.0, texture=0.0)
    labels, light = render_frame(settings, cells, 0)
    assert set(np.unique(labels)) == {0, 1}
    assert light[labels == 1].mean() > 0.5
    assert light[labels == 0].mean() < 0.01
    assert light.max() == pytest.approx(1.0, abs=0.1)


def test_condensed_and_dying_nuclei_are_brighter_and_parting_ones_dark_in_the_middle() -> None:
    settings, cells = lone_cell(haze=0.0, texture=0.0)
    labels, light = render_frame(settings, cells, 0)
    _, condensed = render_frame(settings, replace(cells, condensed=np.ones(1)), 0)
    assert condensed[labels == 1].mean() == pytest.approx(2.1 * light[labels == 1].mean(), rel=0.01)
    _, dying = render_frame(settings, replace(cells, dying=np.ones(1)), 0)
    assert dying[labels == 1].mean() == pytest.approx(1.8 * light[labels == 1].mean(), rel=0.01)
    _, parting = render_frame(settings, replace(cells, parting=np.ones(1)), 0)
    middle = tuple(cells.anchor[0])
    assert parting[middle] < 0.6 * light[middle]


@pytest.mark.parametrize(("polarity", "sign"), [("bright", 1), ("dark", -1)])
def test_a_phase_contrast_cell_has_a_halo_of_the_other_sign(polarity: str, sign: int) -> None:
    settings, cells = lone_cell("phase", polarity=polarity)
    labels, light = render_frame(settings, cells, 0)
    assert sign * light[labels == 1].mean() > 0.05
    assert sign * light[labels == 0].min() < 0 if sign > 0 else light[labels == 0].max() > 0
    far = light[:10, :10] if cells.anchor[0].sum() > 128 else light[-10:, -10:]
    assert abs(far).max() < 0.01


def test_a_relief_is_light_on_one_side_and_dark_on_the_other() -> None:
    settings, cells = lone_cell("dic", texture=0.0)
    labels, light = render_frame(settings, cells, 0)
    rows, columns = np.nonzero(labels)
    side = (rows - rows.mean()) + (columns - columns.mean())
    value = light[rows, columns]
    assert value[side < 0].mean() > 0.02
    assert value[side > 0].mean() < -0.02
    assert abs(light[labels == 0].mean()) < 0.01


def test_blur_reaches_farther_along_z() -> None:
    settings = SimulateSettings(
        frames=1,
        shape_px=(40, 64, 64),
        um_per_voxel=(1.0, 1.0, 1.0),
        cells=CALM,
        imaging={"blur_um": 0.5, "blur_z_um": 3.0, "haze": 0.0, "texture": 0.0},
    )
    cells = simulate_lineage(settings).frames[0]
    labels, light = render_frame(settings, cells, 0)
    z, y, x = cells.anchor[0]
    size = [
        (p > 0.25 * p.max()).sum() - (q > 0).sum()
        for p, q in [(light[:, y, x], labels[:, y, x]), (light[z, :, x], labels[z, :, x])]
    ]
    assert size[0] >= size[1] + 2
