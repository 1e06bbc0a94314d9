"""Cells carried into other frames: exact counts where the network is perfect, and laws that hold for any network."""

from types import SimpleNamespace

import numpy as np
import pytest

from samtrack.config.link import LinkSettings
from samtrack.link import summarise
from samtrack.link.propagate import propagate_cells
from samtrack.models.sam2 import pixels
from samtrack.models.sam2.windows import Lattice, cut, masks_in
from samtrack.types import ArrayFrames, Evidence, Scale, Span

SIDE = 8
"""Tokens across a window; with 4 model pixels per voxel a token is 4 voxels, so a window 32."""

PER_VOXEL = 4.0
"""Samples that are counted per voxel, then."""


class Perfect:
    """Knows each cell by its grey value: its predicted mask is where that value lies; sure in proportion to its size."""

    def __init__(self, memory_gb=1.0):
        self.use = SimpleNamespace(memory_gb=memory_gb)
        self.looked_at, self.remembered, self.cell_px = 0, 0, []

    def lattice(self, shape, cell_px):
        self.cell_px.append(cell_px)
        return Lattice(shape, (4.0, 4.0), 16)

    def look(self, plane, lattice):
        self.looked_at += 1
        return SimpleNamespace(plane=plane, lattice=lattice, maps=(plane,))

    def corners(self, picture, centre):
        return picture.lattice.corners(centre, SIDE)

    def remember_all(self, tasks):
        return [self.remember(t.picture, t.labels, t.label, t.corner) for t in tasks]

    def carry_all(self, tasks):
        return [self.carry(t.memories, t.picture, t.corner) for t in tasks]

    def remember(self, picture, labels, label, corner):
        self.remembered += 1
        mask = masks_in(labels, label, picture.lattice, corner, SIDE)
        value = (cut(picture.plane, picture.lattice, corner, SIDE, 16) * mask).max(axis=(1, 2))
        return SimpleNamespace(value=value, spatial=np.zeros((len(label), 100)), pointer=None, logits=value)

    def carry(self, memories, picture, corner):
        [(_, memory)] = memories
        seen = cut(picture.plane, picture.lattice, corner, SIDE, 4) == memory.value[:, None, None]
        logits = np.where(seen, 10.0, -10.0).astype(np.float32)
        n_voxels = seen.sum(axis=(1, 2))
        object_logit = np.where(n_voxels > 0, 5.0, -5.0).astype(np.float32)
        iou = (n_voxels / 1000).astype(np.float32)
        return SimpleNamespace(
            logits=logits, object_logit=object_logit, iou=iou, corner=corner, lattice=picture.lattice
        )


@pytest.fixture(autouse=True)
def grey_values_as_they_are(monkeypatch):
    monkeypatch.setattr(pixels, "normalised", lambda image: image.astype(np.float32))


FLAT, DEEP = Scale((1.0, 1.0)), Scale((2.0, 1.0, 1.0))


def squares(*cells, shape=(48, 48)):
    """A picture of squares, 6 voxels across: (value, row, column)."""
    image = np.zeros(shape, dtype=np.uint16)
    for value, *corner in cells:
        image[tuple(slice(c, c + 6) for c in corner)] = value
    return image


def carried(greys, masks, measure_movie, engine=None, scale=FLAT, core=None, **settings):
    """The evidence of a movie, and its detections."""
    labels, table = measure_movie(masks, scale)
    images = ArrayFrames(list(greys), scale)
    core = core or Span(0, len(masks))
    parts = propagate_cells(
        engine or Perfect(), images, labels, table, core, summarise(table), LinkSettings(**settings)
    )
    return Evidence.concatenate(list(parts)).ordered(), table


def rows(evidence, table):
    """From ((frame, label), (frame, label or None)) to what was said."""
    found = {}
    for i in range(len(evidence)):
        source, target = int(evidence.source[i]), int(evidence.target[i])
        hit = None if target < 0 else int(table.label[target])
        key = (int(table.frame[source]), int(table.label[source])), (int(evidence.target_frame[i]), hit)
        assert key not in found
        found[key] = {
            n: float(getattr(evidence, n)[i]) for n in ("overlap", "predicted", "target_size", "object_logit")
        }
    return found


def test_a_cell_that_moves_is_found_both_ways(measure_movie):
    greys = [squares((50, 10, 10), (70, 30, 30)), squares((50, 13, 12), (70, 30, 30))]
    masks = [squares((1, 10, 10), (2, 30, 30)), squares((2, 13, 12), (1, 30, 30))]
    evidence, table = carried(greys, masks, measure_movie)
    found = rows(evidence, table)
    whole = 36 * PER_VOXEL
    expected = {"overlap": whole, "predicted": whole, "target_size": whole, "object_logit": 5.0}
    assert set(found) == {
        ((0, 1), (1, 2)),
        ((0, 2), (1, 1)),
        ((1, 2), (0, 1)),
        ((1, 1), (0, 2)),
    }
    assert all(said == expected for said in found.values())


def test_a_mother_lies_on_both_daughters_and_a_cell_that_went_on_nothing(measure_movie):
    greys = [squares((50, 20, 20), (70, 4, 4)), squares((50, 20, 14), (50, 20, 26))]
    masks = [squares((1, 20, 20), (2, 4, 4)), squares((1, 20, 14), (2, 20, 26))]
    found = rows(*carried(greys, masks, measure_movie))
    for daughter in (1, 2):
        said = found[(0, 1), (1, daughter)]
        assert (said["overlap"], said["predicted"], said["target_size"]) == (144, 288, 144)
        assert found[(1, daughter), (0, 1)]["overlap"] == 144
    assert found[(0, 2), (1, None)] == {"overlap": 0, "predicted": 0, "target_size": 0, "object_logit": -5}


def test_a_mask_that_covers_only_part_of_what_is_predicted(measure_movie):
    greys = [squares((50, 20, 20))] * 2
    half = squares((1, 20, 20))
    half[:, 23:] = 0
    found = rows(*carried(greys, [squares((1, 20, 20)), half], measure_movie))
    assert found[(0, 1), (1, 1)]["overlap"] == 72
    assert found[(0, 1), (1, 1)]["predicted"] == 144
    assert found[(0, 1), (1, 1)]["target_size"] == 72


def test_what_lies_beyond_the_picture_does_not_count(measure_movie):
    greys = [squares((50, 0, 0))] * 2
    evidence, _ = carried(greys, [squares((1, 0, 0))] * 2, measure_movie)
    assert evidence.predicted.tolist() == [144, 144]


def test_several_frames_ahead_and_no_farther_than_the_movie(measure_movie):
    greys = [squares((50, 10, 10 + t)) for t in range(4)]
    masks = [squares((1, 10, 10 + t)) for t in range(4)]
    evidence, table = carried(greys, masks, measure_movie, propagate_frames=2)
    pairs = set(zip(table.frame[evidence.source].tolist(), evidence.target_frame.tolist(), strict=True))
    assert pairs == {(s, t) for s in range(4) for t in range(4) if 0 < abs(s - t) <= 2}


def test_a_frame_is_encoded_once_and_its_cells_are_remembered_once(measure_movie):
    greys = [squares((50, 10, 10 + t)) for t in range(5)]
    masks = [squares((1, 10, 10 + t)) for t in range(5)]
    engine = Perfect()
    whole, _ = carried(greys, masks, measure_movie, engine, propagate_frames=2)
    assert (engine.looked_at, engine.remembered) == (5, 5)
    poor = Perfect(memory_gb=1e-9)
    again, _ = carried(greys, masks, measure_movie, poor, propagate_frames=2)
    assert poor.looked_at > 5, "without room pictures are made anew"
    for name in Evidence.__slots__:
        np.testing.assert_array_equal(getattr(whole, name), getattr(again, name))


def test_frames_without_cells(measure_movie):
    empty = squares()
    evidence, table = carried(
        [squares((50, 10, 10)), empty, empty], [squares((1, 10, 10)), empty, empty], measure_movie
    )
    assert rows(evidence, table).keys() == {((0, 1), (1, None))}


def volumes(*planes_of_frames, depth=12):
    """Frames of three axes that hold a square in the given planes, 4 larger ones in the middle of them."""
    frames = []
    for planes in planes_of_frames:
        volume = np.zeros((depth, 48, 48), dtype=np.uint16)
        for i, z in enumerate(planes):
            margin = min(i, len(planes) - 1 - i)
            volume[z, 20 - margin : 26 + margin, 20 - margin : 26 + margin] = 1
        frames.append(volume)
    return frames


def test_a_cell_that_moved_across_z_is_found_in_its_new_plane(measure_movie):
    masks = volumes([3, 4, 5, 6, 7], [4, 5, 6, 7, 8])
    evidence, _ = carried([m * 50 for m in masks], masks, measure_movie, scale=DEEP)
    middle = 10 * 10 * PER_VOXEL  # the widest plane, in both frames and directions
    assert evidence.overlap.tolist() == [middle, middle]
    assert evidence.predicted.tolist() == [middle, middle]
    assert evidence.target_size.tolist() == [middle, middle]


@pytest.mark.parametrize(
    ("which", "voxels"),
    [
        ("largest", 100),
        ("three", 100 + 64 + 64),
        ("orthogonal", 100 + 6 + 8 + 10 + 8 + 6 + 6 + 8 + 10 + 8 + 6),
    ],
)
def test_planes_of_a_cell_are_summed(measure_movie, which, voxels):
    masks = volumes([3, 4, 5, 6, 7], [3, 4, 5, 6, 7])
    engine = Perfect()
    evidence, _ = carried([m * 50 for m in masks], masks, measure_movie, engine, DEEP, propagate_planes=which)
    expected = voxels * PER_VOXEL
    if which == "three":  # a plane half-way is compared with the neighbour in which more of the cell is seen
        assert evidence.overlap[0] >= expected
    else:
        assert evidence.overlap.tolist() == [expected, expected]
        assert evidence.target_size.tolist() == [expected, expected]
    across_z, *along_z = engine.cell_px
    assert across_z[0] == across_z[1]
    assert all(z == pytest.approx(x / 2) for z, x in along_z), "planes along z have a zoom of their own there"


@pytest.fixture(scope="module")
def real(sam2_folder):
    """A maker of engines with random weights."""
    from samtrack.config.sam2 import Sam2Settings
    from samtrack.stages.engine import open_engine

    return lambda gb=1.0: open_engine(Sam2Settings(weights=str(sam2_folder), device="cpu", memory_gb=gb))[0]


@pytest.fixture(scope="module")
def crowd():
    """Frames of noise and squares that drift; masks numbered at random."""
    rng = np.random.default_rng(3)
    corners = [(r, c) for r in (4, 18, 32) for c in (5, 19, 33)]
    greys, masks = [], []
    for t in range(4):
        label = rng.permutation(len(corners)) + 1
        masks.append(squares(*((n, r + t % 2, c + t) for n, (r, c) in zip(label, corners, strict=True))))
        greys.append((100 * (masks[-1] > 0) + rng.integers(0, 60, (48, 48))).astype(np.uint16))
    return greys, masks


def assert_equal(one, other):
    for name in Evidence.__slots__:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def test_blocks_change_nothing(real, crowd, measure_movie):
    engine = real()
    whole, _ = carried(*crowd, measure_movie, engine, propagate_frames=2)
    parts = [carried(*crowd, measure_movie, engine, core=Span(t, t + 1), propagate_frames=2)[0] for t in range(4)]
    assert_equal(whole, Evidence.concatenate(parts).ordered())


def test_chunks_change_nothing(real, crowd, measure_movie):
    """To the rounding of the table; a voxel whose logit is 0 to seven digits might fall to either side."""
    whole, _ = carried(*crowd, measure_movie, real())
    single = real(0.1)
    single.use = SimpleNamespace(**{n: getattr(single.use, n) for n in single.use.__slots__} | {"memory_gb": 1e-6})
    assert single._most == 1
    assert_equal(whole, carried(*crowd, measure_movie, single)[0])


def test_the_numbers_of_labels_change_nothing(real, crowd, measure_movie):
    greys, masks = crowd
    engine = real()
    turned = [np.where(m > 0, 10 - m, 0).astype(m.dtype) for m in masks]
    one, other = (rows(*carried(greys, some, measure_movie, engine)) for some in (masks, turned))

    def turn(cell):
        return cell if cell[1] is None else (cell[0], 10 - cell[1])

    assert {(turn(a), turn(b)): said for (a, b), said in one.items()} == other


def test_back_in_time_is_forward_in_the_reversed_movie(real, crowd, measure_movie):
    greys, masks = crowd
    engine = real()
    one = rows(*carried(greys, masks, measure_movie, engine))
    other = rows(*carried(greys[::-1], masks[::-1], measure_movie, engine))
    last = len(greys) - 1
    assert {((last - s, a), (last - t, b)): said for ((s, a), (t, b)), said in one.items()} == other
