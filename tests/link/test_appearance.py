import numpy as np
import pytest

from samtrack.blocks import slabs
from samtrack.link import appearance
from samtrack.link.appearance import SAMPLES, Appearance, likeness
from samtrack.link.cells import split_by_frame
from samtrack.types import ArrayFrames, Detections, Scale

RADIUS = 4.0


def cells_at(points):
    points = np.asarray(points, dtype=float)
    n, ndim = points.shape
    ones = np.ones(n)
    names = ("intensity", "intensity_sd", "elongation", "spread", "neighbour_um", "border_um")
    table = Detections(
        frame=0 * ones,
        label=np.arange(1, n + 1),
        centroid_um=points,
        size_um=50 * ones,
        box_start=np.zeros((n, ndim)),
        box_stop=np.ones((n, ndim)),
        origin=0 * ones,
        **dict.fromkeys(names, ones),
    )
    return split_by_frame(table, [0])[0]


def patches_of(image, points, um_per_voxel=1.0):
    frames = ArrayFrames([image], Scale((um_per_voxel,) * image.ndim))
    return Appearance(frames, RADIUS).read(0, cells_at(points))


def all_pairs(a, b):
    rows = np.arange(len(a))
    return likeness(a, b, rows, rows)


@pytest.fixture(params=[2, 3], ids=["2D", "3D"])
def scene(request, rng):
    """A picture of noise and three places in it."""
    ndim = request.param
    image = rng.normal(100, 20, (40,) * ndim).astype(np.float32)
    return image, rng.uniform(8, 31, (3, ndim))


def test_a_patch_is_like_itself_and_unlike_its_negative(scene):
    image, points = scene
    patches = patches_of(image, points)
    assert patches.shape == (3, SAMPLES[image.ndim] ** image.ndim)
    assert all_pairs(patches, patches) == pytest.approx(1, abs=1e-5)
    assert all_pairs(patches, patches_of(300 - image, points)) == pytest.approx(-1, abs=1e-5)
    other = likeness(patches, patches, np.array([0, 1]), np.array([1, 2]))
    assert np.abs(other).max() < 0.5


def test_exposure_does_not_matter(scene):
    image, points = scene
    brighter = patches_of(image * 7 + 2000, points)
    assert all_pairs(patches_of(image, points), brighter) == pytest.approx(1, abs=1e-3)


def test_a_cell_that_moved_with_its_surroundings_looks_the_same(scene):
    image, points = scene
    step = np.array([2, -1, 1])[: image.ndim]  # another one along each axis
    moved = np.roll(image, step, tuple(range(image.ndim)))
    assert all_pairs(patches_of(image, points), patches_of(moved, points + step)) == pytest.approx(1, abs=1e-3)


def test_a_patch_is_as_wide_as_the_cell_whatever_the_voxels(rng):
    coarse = rng.normal(100, 20, (40, 40)).astype(np.float32)
    fine = coarse.repeat(4, axis=0).repeat(4, axis=1)  # of the coarse voxel i the fine centre is 4 i + 1.5
    points = rng.uniform(12, 28, (4, 2))
    same = patches_of(fine, points + 0.375, um_per_voxel=0.25)
    assert all_pairs(patches_of(coarse, points), same).min() > 0.8


@pytest.mark.parametrize("value", [0, 7, 0.1, 1000.3, 65535])
@pytest.mark.parametrize("ndim", [2, 3])
def test_an_even_patch_is_like_nothing(ndim, value):
    even = patches_of(np.full((30,) * ndim, value, dtype=np.float32), [(9.3,) * ndim, (15.7,) * ndim])
    assert not even.any()
    grey = np.random.default_rng(0).normal(size=(30,) * ndim).astype(np.float32)
    seen = patches_of(grey, [(9.3,) * ndim, (15.7,) * ndim])
    for pair in ((even, seen), (seen, even), (even, even)):
        assert np.isnan(all_pairs(*pair)).all()


def test_pairs_are_compared_one_by_one(scene, rng, monkeypatch):
    image, _ = scene
    patches = patches_of(image, rng.uniform(5, 35, (30, image.ndim)))
    a, b = rng.integers(0, 30, (2, 200))
    found = likeness(patches, patches, a, b)
    monkeypatch.setattr(appearance, "PAIRS_AT_ONCE", 7)
    np.testing.assert_array_equal(likeness(patches, patches, a, b), found)
    order = rng.permutation(200)
    np.testing.assert_array_equal(likeness(patches, patches, a[order], b[order]), found[order])
    np.testing.assert_array_equal(likeness(patches, patches, b, a), found)


def test_no_cells_and_no_pairs(scene):
    image, points = scene
    none = patches_of(image, np.zeros((0, image.ndim)))
    assert none.shape == (0, SAMPLES[image.ndim] ** image.ndim)
    nothing = np.zeros(0, dtype=np.int64)
    assert len(likeness(none, patches_of(image, points), nothing, nothing)) == 0


def test_a_frame_is_read_once_until_it_is_forgotten(rng):
    class Counting(ArrayFrames):
        reads = 0

        def read(self, frame, box=None):
            self.reads += 1
            return super().read(frame, box)

    frames = Counting([rng.normal(size=(20, 20))] * 2, Scale((1.0, 1.0)))
    looks, cells = Appearance(frames, RADIUS), cells_at([(10, 10)])
    looks.read(0, cells)
    looks.read(0, cells)
    looks.read(1, cells)
    assert frames.reads == 2
    looks.forget_before(1)
    looks.read(1, cells)
    assert frames.reads == 2
    looks.read(0, cells)
    assert frames.reads == 3


def test_patches_of_a_frame_read_by_box_are_the_same_bits(scene, rng, monkeypatch):
    image, _ = scene
    points = rng.uniform(-1, 40, (60, image.ndim))
    whole = patches_of(image, points)
    monkeypatch.setattr(slabs, "HELD_VOXELS", 0)
    monkeypatch.setattr(slabs, "SLAB_VOXELS", 15**image.ndim)
    monkeypatch.setattr(appearance, "CELLS_AT_ONCE", 4)
    np.testing.assert_array_equal(patches_of(image, points), whole)
