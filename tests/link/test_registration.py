import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from samtrack.blocks import slabs
from samtrack.link import registration
from samtrack.link.registration import Registration
from samtrack.types import ArrayFrames, Scale


def spots(rng, shape, sigma=1.5):
    return gaussian_filter(rng.normal(size=shape), sigma) * 100 + 50


def moved_by(image, step):
    """A window of the image in which everything has moved by ``step`` (new things come in from the rim)."""
    rim = 24
    start = [rim - s for s in step]
    shape = [n - 2 * rim for n in image.shape]
    return np.ascontiguousarray(image[tuple(slice(a, a + n) for a, n in zip(start, shape, strict=True))])


def shift_between(first, second, radius_um=2.0, um_per_voxel=None):
    scale = Scale(um_per_voxel or (1.0,) * first.ndim)
    return Registration(ArrayFrames([first, second], scale), radius_um).shift_um(0, 1)


@pytest.mark.parametrize("step", [(11, -6), (0, 0), (-3, 17), (9, -4, 5), (-7, 0, 12)])
def test_a_shift_of_the_content_is_found_with_its_sign(rng, step):
    shape = (148, 148) if len(step) == 2 else (90, 96, 100)
    world = spots(rng, shape)
    first, second = moved_by(world, (0,) * len(step)), moved_by(world, step)
    # the same spots lie at p in the first and at p + step in the second
    assert shift_between(first, second) == pytest.approx(step)
    assert shift_between(second, first) == pytest.approx(np.negative(step))


def test_a_shift_is_in_micrometres_along_each_axis(rng):
    world = spots(rng, (140, 150))
    found = shift_between(moved_by(world, (0, 0)), moved_by(world, (5, 12)), 1.0, (2.0, 0.5))
    assert found == pytest.approx([10.0, 6.0])


def test_large_cells_are_seen_at_a_coarse_resolution(rng):
    world = spots(rng, (248, 248), sigma=5)
    found = shift_between(moved_by(world, (0, 0)), moved_by(world, (-16, 20)), radius_um=8.0)
    assert found == pytest.approx([-16, 20])
    assert np.all(found % 4 == 0)  # half a radius is a bin
    off_the_bins = shift_between(moved_by(world, (0, 0)), moved_by(world, (-15, 18)), radius_um=8.0)
    assert off_the_bins == pytest.approx([-15, 18], abs=4)


def test_a_huge_picture_is_binned_whatever_the_radius(rng, monkeypatch):
    monkeypatch.setattr(registration, "MOST_PIXELS", 2**10)
    world = spots(rng, (304, 304), sigma=10)
    found = shift_between(moved_by(world, (0, 0)), moved_by(world, (16, -24)), radius_um=1.0)
    assert found == pytest.approx([16, -24], abs=8)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 2), (5, 3), (1, 1, 1), (2, 30, 30)])
@pytest.mark.parametrize("radius_um", [0.0, 2.0, 1000.0])
def test_tiny_pictures_and_odd_radii(rng, shape, radius_um):
    image = rng.normal(size=shape)
    assert shift_between(image, image.copy(), radius_um) == pytest.approx((0.0,) * len(shape))
    other = shift_between(image, rng.normal(size=shape), radius_um)
    assert np.all(np.abs(other) <= np.array(shape) / 2 + 1)


@pytest.mark.parametrize("values", [(7, 7), (0, 9), (0.1, 0.3), (1000.3, 0.7)])
@pytest.mark.parametrize("shape", [(50, 61), (12, 31, 30)])
def test_an_even_picture_shows_no_shift(rng, shape, values):
    first, second = (np.full(shape, v, dtype=np.float32) for v in values)
    assert shift_between(first, second).tolist() == [0.0] * len(shape)
    assert shift_between(first, rng.normal(size=shape).astype(np.float32)).tolist() == [0.0] * len(shape)


def test_frames_are_read_once_until_forgotten(rng):
    class Counting(ArrayFrames):
        reads = 0

        def read(self, frame, box=None):
            self.reads += 1
            return super().read(frame, box)

    frames = Counting([rng.normal(size=(20, 20)) for _ in range(3)], Scale((1.0, 1.0)))
    shifts = Registration(frames, 2.0)
    shifts.shift_um(0, 1)
    shifts.shift_um(1, 2)
    assert frames.reads == 3
    shifts.forget_before(2)
    shifts.shift_um(2, 1)
    assert frames.reads == 4


@pytest.mark.parametrize("shape", [(70, 81), (30, 44, 38)])
def test_a_thumbnail_made_box_by_box_is_the_same(rng, monkeypatch, shape):
    movie = ArrayFrames([spots(rng, shape).astype(np.float32) for _ in range(2)], Scale((1.0,) * len(shape)))
    whole = Registration(movie, 6.0)._spectrum(0)
    monkeypatch.setattr(slabs, "HELD_VOXELS", 0)
    monkeypatch.setattr(slabs, "SLAB_VOXELS", 500)
    np.testing.assert_allclose(Registration(movie, 6.0)._spectrum(0), whole, rtol=1e-12, atol=1e-9)
