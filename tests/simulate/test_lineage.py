from itertools import pairwise

import numpy as np
import pytest

from samtrack.config.simulate import SimulateSettings
from samtrack.errors import SettingsError
from samtrack.simulate.lineage import Lineage, simulate_lineage
from samtrack.simulate.shapes import Floats


def sizes(lineage: Lineage, frame: int) -> Floats:
    return np.asarray(lineage.frames[frame].bodies.semi_um.prod(axis=1))


def row_of(lineage: Lineage, frame: int, cell: int) -> int | None:
    rows = np.flatnonzero(lineage.frames[frame].cell == cell)
    return int(rows[0]) if len(rows) else None


def divisions(lineage: Lineage) -> list[tuple[int, int, int, int]]:
    """(frame of the daughters, mother's row before, daughters' rows), for divisions of which all three are recorded."""
    found = []
    for frame in range(1, len(lineage.frames)):
        born = np.setdiff1d(lineage.frames[frame].cell, np.concatenate([f.cell for f in lineage.frames[:frame]]))
        for cell in born:
            mother = int(lineage.mother[cell])
            sister = [c for c in born if c != cell and lineage.mother[c] == mother]
            rows = row_of(lineage, frame - 1, mother) if mother >= 0 else None
            if rows is not None and sister and cell < sister[0]:
                found.append((frame, rows, row_of(lineage, frame, cell), row_of(lineage, frame, sister[0])))
    return found


@pytest.mark.parametrize(
    ("kind", "shape"), [("nuclei", (256, 256)), ("phase", (256, 256)), ("dic", (400, 400)), ("nuclei", (24, 128, 128))]
)
def test_a_division_looks_like_one(kind: str, shape: tuple[int, ...]) -> None:
    settings = SimulateSettings(kind=kind, shape_px=shape, frames=40, cells={"cycle_hours": 6.0})
    lineage = simulate_lineage(settings)
    found = divisions(lineage)
    assert len(found) >= 5
    along = []
    for frame, m, a, b in found:
        before, after = lineage.frames[frame - 1], lineage.frames[frame]
        assert before.condensed[m] == before.parting[m] == 1
        assert before.bodies.semi_um[m, 0] / before.bodies.semi_um[m, 1] == pytest.approx(1.75)
        # the two lie on opposite sides of where she was, along her long axis
        apart = after.bodies.centre_um[a] - after.bodies.centre_um[b]
        middle = (after.bodies.centre_um[a] + after.bodies.centre_um[b]) / 2
        assert np.linalg.norm(middle - before.bodies.centre_um[m]) < settings.cells.diameter_um
        along.append(abs(apart @ before.bodies.axes[m, 0]) / np.linalg.norm(apart))
        share = sizes(lineage, frame)[[a, b]] / sizes(lineage, frame - 1)[m]
        assert share.sum() == pytest.approx(1, abs=0.02)
        assert share == pytest.approx([0.5, 0.5], abs=0.1)
    assert np.median(along) > 0.95  # neighbours and walls push some aside
    assert np.mean(np.array(along) > 0.6) > 0.9


def test_daughters_grow_back() -> None:
    lineage = simulate_lineage(SimulateSettings(frames=60, cells={"cycle_hours": 10.0, "death_per_hour": 0.0}))
    grown = []
    for frame, _, a, _ in divisions(lineage):
        cell = lineage.frames[frame].cell[a]
        later = row_of(lineage, frame + 25, int(cell)) if frame + 25 < 60 else None
        if later is not None:
            grown.append(sizes(lineage, frame + 25)[later] / sizes(lineage, frame)[a])
    assert len(grown) >= 5
    assert np.median(grown) > 1.8


def test_cells_make_room_for_each_other() -> None:
    lineage = simulate_lineage(SimulateSettings(frames=20, cells={"count": 80}))
    last = lineage.frames[-1].bodies
    gap = np.linalg.norm(last.centre_um[:, None] - last.centre_um[None], axis=-1) + 1e9 * np.eye(len(last))
    narrow = last.semi_um.min(axis=1)
    assert len(last) > 80
    assert (gap > 0.6 * (narrow[:, None] + narrow[None])).all()


def test_cells_that_may_not_leave_stay_in_one_track() -> None:
    cells = {"may_leave": False, "cycle_hours": None, "death_per_hour": 0.0}
    for shape in ((256, 256), (24, 100, 100)):
        lineage = simulate_lineage(SimulateSettings(shape_px=shape, frames=25, cells={**cells, "count": 12}))
        assert lineage.tracks.tolist() == [[i, 0, 24, 0] for i in range(1, 13)]


def test_cells_enter_and_leave_a_picture_of_a_larger_world() -> None:
    lineage = simulate_lineage(SimulateSettings(frames=60, cells={"cycle_hours": None, "death_per_hour": 0.0}))
    tracks = lineage.tracks
    assert (tracks[:, 1] > 0).sum() > 3
    assert (tracks[:, 2] < 59).sum() > 3
    again = tracks[tracks[:, 3] > 0]
    assert len(again)
    assert np.bincount(again[:, 3]).max() == 1, "without divisions a parent is an earlier sighting of the same cell"
    gap = again[:, 1] - tracks[again[:, 3] - 1, 2] - 1
    assert gap.min() >= 1
    assert gap.max() <= 10


def test_no_room_is_an_error_with_numbers() -> None:
    with pytest.raises(SettingsError, match=r"10\.0\] µm .* cells of 12\.0 µm"):
        simulate_lineage(
            SimulateSettings(shape_px=(20, 20), cells={"count": 1, "may_leave": False}, imaging={"debris": 0})
        )


def test_speed_and_drift_are_as_asked_for() -> None:
    calm = {"cycle_hours": None, "death_per_hour": 0.0, "count": 30, "clustered": 0.0}
    still = {"flow_um_per_hour": 0.0, "drift_um_per_hour": 0.0, "jitter_um": 0.0}
    motion = {**still, "speed_um_per_hour": 12.0, "speed_spread": 0.0, "persistence_minutes": 600.0}
    step = steps(SimulateSettings(frames=20, shape_px=(1024, 1024), cells=calm, motion=motion))
    assert np.sqrt((step**2).sum(axis=1).mean()) == pytest.approx(12.0 / 4, rel=0.15)
    motion = {**still, "speed_um_per_hour": 0.0, "drift_um_per_hour": 8.0}
    step = steps(SimulateSettings(frames=20, shape_px=(1024, 1024), cells=calm, motion=motion))
    drift = np.linalg.norm(step, axis=1)
    assert np.mean(np.abs(drift - 2.0) < 0.01) > 0.9  # the others push each other aside


def steps(settings: SimulateSettings) -> Floats:
    """Displacements between neighbouring frames, in micrometres."""
    frames = simulate_lineage(settings).frames
    found = []
    for before, after in pairwise(frames):
        _, i, j = np.intersect1d(before.cell, after.cell, return_indices=True)
        found.append(after.bodies.centre_um[j] - before.bodies.centre_um[i])
    return np.concatenate(found)


def test_neighbours_flow_together() -> None:
    settings = SimulateSettings(
        frames=2,
        shape_px=(512, 512),
        cells={"count": 150, "cycle_hours": None, "death_per_hour": 0.0, "clustered": 0.0},
        motion={"speed_um_per_hour": 0.0, "flow_um_per_hour": 8.0, "drift_um_per_hour": 0.0, "jitter_um": 0.0},
    )
    frames = simulate_lineage(settings).frames
    _, i, j = np.intersect1d(frames[0].cell, frames[1].cell, return_indices=True)
    place, step = frames[0].bodies.centre_um[i], frames[1].bodies.centre_um[j] - frames[0].bodies.centre_um[i]
    gap = np.linalg.norm(place[:, None] - place[None], axis=-1)
    near = (gap > 0) & (gap < 30)
    together = (step[:, None] * step[None]).sum(axis=-1)
    assert together[near].mean() > 0.6 * (step**2).sum(axis=1).mean()


def test_a_crowded_culture_stops_dividing() -> None:
    lineage = simulate_lineage(
        SimulateSettings(
            frames=80,
            shape_px=(128, 128),
            cells={"count": 20, "cycle_hours": 3.0, "cycle_spread": 0.1, "death_per_hour": 0.0, "may_leave": False},
        )
    )
    filled = np.array([np.pi * sizes(lineage, t).sum() for t in range(80)]) / 64**2
    assert filled.max() < 1.2
    assert len(lineage.frames[-1].cell) < 60


def test_an_empty_movie_is_possible() -> None:
    lineage = simulate_lineage(SimulateSettings(frames=3, cells={"count": 0}))
    assert lineage.tracks.shape == (0, 4)
    assert [len(f.cell) for f in lineage.frames] == [0, 0, 0]


@pytest.mark.parametrize("swelling", [0.0, 0.4])
def test_a_mother_swells_in_her_last_frame(swelling: float) -> None:
    cells = {"count": 10, "cycle_hours": 3.0, "mitotic_rounding": 0.0, "mitotic_swelling": swelling}
    lineage = simulate_lineage(SimulateSettings(frames=16, shape_px=(160, 160), cells=cells))
    grown = []
    for frame, row, _, _ in divisions(lineage):
        earlier = row_of(lineage, frame - 2, int(lineage.frames[frame - 1].cell[row])) if frame > 1 else None
        if earlier is not None:
            grown.append(sizes(lineage, frame - 1)[row] / sizes(lineage, frame - 2)[earlier])
            assert lineage.frames[frame - 1].condensed[row] == lineage.frames[frame - 1].parting[row] == 0
    assert len(grown) >= 3
    assert np.array(grown) == pytest.approx(1 + swelling, rel=0.03)
