import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import label as connected
from skimage.measure import regionprops

from samtrack.blocks import slabs
from samtrack.errors import DataError
from samtrack.link import measure_detections, measure_frame, summarise, voxels
from samtrack.types import ArrayFrames, Detections, Origin, Scale


def random_labels(seed, shape):
    """Blobs of random shape under random labels up to 2^32, some of them in several pieces."""
    rng = np.random.default_rng(seed)
    blobs = connected(rng.random(shape) < 0.5, connectivity=1)
    n = int(blobs.max())
    numbers = np.concatenate([[0], rng.choice(2**32 - 2, n, replace=False) + 1]).astype(np.uint32)
    image = rng.integers(0, 60000, shape).astype(np.uint16)
    return numbers[blobs], image


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([(23, 31), (7, 11, 9), (1, 12, 13)]))
def test_measures_equal_regionprops(seed, shape):
    labels, image = random_labels(seed, shape)
    table = measure_detections(labels, 3, Scale((1.0,) * len(shape)), image, Origin.SEEDS)
    known, dense = np.unique(labels, return_inverse=True)
    props = regionprops(dense.reshape(shape), intensity_image=image)
    assert table.label.tolist() == known[known > 0].tolist()
    assert (table.frame == 3).all()
    assert (table.origin == Origin.SEEDS).all()
    np.testing.assert_allclose(table.centroid_um, [p.centroid for p in props])
    np.testing.assert_allclose(table.size_um, [p.area for p in props])
    np.testing.assert_array_equal(np.hstack([table.box_start, table.box_stop]), [p.bbox for p in props])
    np.testing.assert_allclose(table.intensity, [p.intensity_mean for p in props])
    np.testing.assert_allclose(table.intensity_sd, [p.image_intensity[p.image].std() for p in props], atol=1e-9)
    coordinates = [p.coords - p.coords.mean(axis=0) for p in props]
    covariance = np.stack([c.T @ c / len(c) for c in coordinates]) + np.eye(len(shape)) / 12
    principal = np.linalg.eigvalsh(covariance)
    np.testing.assert_allclose(table.elongation, np.sqrt(principal[:, -1] / principal[:, 0]))
    compact = {2: 0.5, 3: 0.6}[len(shape)] * Scale((1.0,) * len(shape)).radius_um(table.size_um) ** 2
    np.testing.assert_allclose(table.spread, principal.sum(axis=1) / compact)
    edges = [min(*p.bbox[: len(shape)], *np.subtract(shape, p.bbox[len(shape) :])) for p in props]
    np.testing.assert_array_equal(table.border_um, edges)


def test_neighbours_are_the_nearest_other_centres(rng, draw_balls):
    centres = rng.uniform(8, 92, (12, 2))
    table = measure_detections(draw_balls((100, 100), centres, 3), 0, Scale((0.5, 2.0)))
    apart = np.linalg.norm(table.centroid_um[:, None] - table.centroid_um[None], axis=-1)
    np.fill_diagonal(apart, np.inf)
    np.testing.assert_allclose(table.neighbour_um, apart.min(axis=1))


def test_disc_and_ball_are_round_and_compact(draw_balls):
    disc = measure_detections(draw_balls((41, 41), [(20, 20)], 15), 0, Scale((1.0, 1.0)))
    ball = measure_detections(draw_balls((31, 31, 31), [(15, 15, 15)], 12), 0, Scale((1.0, 1.0, 1.0)))
    for table in (disc, ball):
        assert table.elongation[0] == pytest.approx(1.0, abs=1e-6)
        assert table.spread[0] == pytest.approx(1.0, abs=0.01)
        assert np.isinf(table.neighbour_um[0])


def test_lengths_are_micrometres(draw_balls):
    labels = draw_balls((9, 20, 30), [(4, 10, 15)], 3)
    table = measure_detections(labels, 0, Scale((3.0, 0.5, 1.0)))
    np.testing.assert_allclose(table.centroid_um, [[12.0, 5.0, 15.0]])
    assert table.size_um[0] == (labels > 0).sum() * 1.5
    assert table.border_um[0] == min(1 * 3.0, 7 * 0.5, 12 * 1.0)


def test_without_image_intensities_are_unknown(draw_balls):
    table = measure_detections(draw_balls((20, 20), [(9, 9)], 3), 0, Scale((1.0, 1.0)))
    assert np.isnan(table.intensity).all()
    assert np.isnan(table.intensity_sd).all()


def test_renumbering_changes_no_measure(rng):
    labels, image = random_labels(1, (40, 50))
    known = np.unique(labels)[1:]
    other = rng.permutation(known)
    renamed = np.zeros_like(labels)
    for a, b in zip(known, other, strict=True):
        renamed[labels == a] = b
    before = measure_detections(labels, 0, Scale((1.0, 1.0)), image)
    after = measure_detections(renamed, 0, Scale((1.0, 1.0)), image)
    rows = after.rows_of(np.zeros(len(other), dtype=int), other)
    for column in ("centroid_um", "size_um", "intensity", "intensity_sd", "elongation", "spread", "neighbour_um"):
        np.testing.assert_array_equal(getattr(before, column), getattr(after, column)[rows])


@pytest.mark.parametrize("per_slab", [1, 100])
def test_runs_change_nothing_but_rounding(monkeypatch, per_slab):
    labels, image = random_labels(2, (9, 12, 14))
    scale = Scale((2.0, 1.0, 1.0))
    whole = measure_detections(labels, 0, scale, image)
    monkeypatch.setattr(voxels, "RUN_VOXELS", per_slab)
    parts = measure_detections(labels, 0, scale, image)
    for column in Detections.__slots__:
        np.testing.assert_allclose(getattr(parts, column), getattr(whole, column), rtol=1e-12)


@pytest.mark.parametrize("per_slab", [10, 100, 700])
def test_a_frame_read_slab_by_slab_gives_the_same_bits(monkeypatch, per_slab):
    labels, image = random_labels(2, (9, 12, 14))
    image = image / 7  # no whole numbers: the order of sums shows
    scale = Scale((2.0, 1.0, 1.0))
    monkeypatch.setattr(voxels, "RUN_VOXELS", 400)
    whole = measure_detections(labels, 3, scale, image)
    monkeypatch.setattr(slabs, "SLAB_VOXELS", per_slab)
    monkeypatch.setattr(slabs, "HELD_VOXELS", per_slab)
    movie = ArrayFrames([labels], scale)
    parts = measure_frame(movie, 0, ArrayFrames([image], scale))
    for column in set(Detections.__slots__) - {"frame"}:
        np.testing.assert_array_equal(getattr(parts, column), getattr(whole, column))
    assert np.isnan(measure_frame(movie, 0, None).intensity).all()


def test_empty_frame_has_no_rows():
    table = measure_detections(np.zeros((8, 9), np.uint16), 0, Scale((1.0, 1.0)))
    assert len(table) == 0
    assert table.ndim == 2
    typical = summarise(table)
    assert (typical.n_detections, typical.radius_um, typical.cells_per_frame) == (0, 0.0, 0.0)


def test_wrong_input_is_named():
    flat = np.zeros((8, 9), np.uint16)
    with pytest.raises(DataError, match="2 axes, expected 3"):
        measure_detections(flat, 0, Scale((1.0, 1.0, 1.0)))
    with pytest.raises(DataError, match="float64"):
        measure_detections(flat.astype(float), 0, Scale((1.0, 1.0)))
    with pytest.raises(DataError, match=r"frame 4: image is \(3, 3\)"):
        measure_detections(flat, 4, Scale((1.0, 1.0)), np.zeros((3, 3)))
    with pytest.raises(DataError, match="-7"):
        measure_detections(np.full((2, 2), -7), 0, Scale((1.0, 1.0)))


def test_summary_takes_medians_over_all_frames(draw_balls):
    scale = Scale((2.0, 2.0))
    one = measure_detections(draw_balls((60, 60), [(20, 20), (20, 40)], 6), 0, scale)
    two = measure_detections(draw_balls((60, 60), [(30, 30)], 6), 1, scale)
    typical = summarise(Detections.concatenate([one, two]))
    assert typical.radius_um == pytest.approx(12.0, rel=0.05)
    assert typical.neighbour_um == pytest.approx(40.0)
    assert typical.cells_per_frame == 1.5
    assert typical.n_detections == 3
    assert np.isinf(summarise(two).neighbour_um)
