"""Samples under predicted masks are counted like voxel by voxel, however many masks there are."""

import numpy as np
import pytest

from samtrack.link import under_mask
from samtrack.link.under_mask import SAMPLES, count_hits, doubled
from samtrack.models.sam2.windows import Lattice

SIDE = 2


@pytest.fixture
def some(rng):
    """Smooth random logits in windows over a plane of random cells, some of them partly beyond it."""
    logits = rng.normal(size=(9, SIDE * 4, SIDE * 4)).astype(np.float32)
    plane = rng.integers(0, 4, (21, 17)).astype(np.int32)
    return logits, plane, Lattice(plane.shape, (3.0, 3.5), 16), rng.integers(-1, 3, (9, 2))


def counted(logits, plane, lattice, corner):
    """The same, sample by sample: (mask, cell) → samples, and samples of each mask."""
    pairs, predicted = {}, np.zeros(len(logits), dtype=int)
    step = 16 / SAMPLES
    masks = doubled(logits) > 0
    for m, r, c in zip(*np.nonzero(masks), strict=True):
        y = int(np.floor((corner[m, 0] * 16 + (r + 0.5) * step) / lattice.zoom[0]))
        x = int(np.floor((corner[m, 1] * 16 + (c + 0.5) * step) / lattice.zoom[1]))
        if 0 <= y < plane.shape[0] and 0 <= x < plane.shape[1]:
            predicted[m] += 1
            if plane[y, x]:
                key = (int(m), int(plane[y, x]) - 1)
                pairs[key] = pairs.get(key, 0) + 1
    return pairs, predicted.tolist()


@pytest.mark.parametrize("at_once", [2, 100])
def test_counts_are_those_of_single_samples(some, at_once, monkeypatch):
    monkeypatch.setattr(under_mask, "MASKS_AT_ONCE", at_once)
    hits = count_hits(*some)
    pairs, predicted = counted(*some)
    found = {(m, c): n for m, c, n in zip(hits.mask.tolist(), hits.cell.tolist(), hits.count.tolist(), strict=True)}
    assert found == pairs
    assert len(pairs) > 9
    assert hits.predicted.tolist() == predicted


def test_no_mask_at_all(some):
    hits = count_hits(some[0][:0], some[1], some[2], some[3][:0])
    assert len(hits.mask) == len(hits.predicted) == 0


def test_doubled_maps_are_linear_between_samples_and_keep_their_sum():
    ramp = np.broadcast_to(np.arange(4, dtype=np.float32), (1, 4, 4))
    found = doubled(ramp)
    assert found.shape == (1, 8, 8)
    np.testing.assert_allclose(found[0, 3], [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3])
    np.testing.assert_allclose(found.mean(), ramp.mean())


def test_doubling_is_the_network_librarys():
    import torch

    logits = np.random.default_rng(1).normal(size=(3, 8, 8)).astype(np.float32)
    theirs = torch.nn.functional.interpolate(torch.from_numpy(logits)[:, None], scale_factor=2.0, mode="bilinear")
    np.testing.assert_allclose(doubled(logits), theirs[:, 0].numpy(), atol=1e-6)
