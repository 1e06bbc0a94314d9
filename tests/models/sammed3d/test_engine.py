"""Arrays in, arrays out; the same whatever the memory."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from samtrack.models.sammed3d.engine import SamMed3DEngine, Use3D, bytes_per_object, standardised

RNG = np.random.default_rng(5)
TILE = RNG.uniform(0.1, 1, (16, 16, 16)).astype(np.float32)
POINTS = RNG.uniform(0, 16, (5, 2, 3))
IS_IN = np.array([[1, 0], [1, -1], [1, 1], [1, 0], [1, -1]])
USE = Use3D(torch.device("cpu"))


@pytest.fixture
def engine(small):
    return SamMed3DEngine(small, USE)


def test_batches_do_not_change_the_answer(small, engine):
    (seen,) = engine.look([TILE])
    whole = engine.ask(seen, POINTS, IS_IN)
    two = 2 * bytes_per_object(small.sizes) / 1e9 / 0.5
    assert SamMed3DEngine(small, replace(USE, memory_gb=1.01 * two))._at_once() == 2
    for memory_gb in (1e-9, 1.01 * two):
        parts = SamMed3DEngine(small, replace(USE, memory_gb=memory_gb)).ask(seen, POINTS, IS_IN)
        assert np.allclose(parts.logits, whole.logits, atol=1e-5)
        assert np.allclose(parts.iou, whole.iou, atol=1e-5)


def test_no_object_no_answer(engine):
    (seen,) = engine.look([TILE])
    answer = engine.ask(seen, np.zeros((0, 1, 3)), np.zeros((0, 1), dtype=np.int64))
    assert (answer.logits.shape, answer.iou.shape) == ((0, 16, 16, 16), (0,))


def test_a_second_round_is_shown_the_first(engine):
    (seen,) = engine.look([TILE])
    first = engine.ask(seen, POINTS, IS_IN)
    shown = engine.ask(seen, POINTS, IS_IN, first.logits)
    assert np.allclose(engine.ask(seen, POINTS, IS_IN, rounds=2).logits, shown.logits)


def test_half_precision_is_near(small, engine):
    (seen,) = engine.look([TILE])
    half = SamMed3DEngine(small, replace(USE, dtype=torch.bfloat16))
    (seen_half,) = half.look([TILE])
    got, expected = half.ask(seen_half, POINTS, IS_IN), engine.ask(seen, POINTS, IS_IN)
    assert got.logits.dtype == np.float32
    assert np.abs(got.logits - expected.logits).max() < 0.1 * np.abs(expected.logits).max()


def test_brightness_does_not_matter(engine):
    seen = engine.look([TILE, 1000 * TILE])
    assert torch.allclose(seen[0].features, seen[1].features, atol=1e-4)


def test_standardised_by_what_is_image():
    tile = np.zeros((4, 4, 4))
    tile[:2] = RNG.uniform(5, 9, (2, 4, 4))
    found = standardised(tile)
    assert found.dtype == np.float32
    assert abs(found[:2].mean()) < 1e-5
    assert abs(found[:2].std(ddof=1) - 1) < 1e-5
    assert np.allclose(found[2:], -tile[:2].mean() / tile[:2].std(ddof=1), atol=1e-5)


@pytest.mark.parametrize("value", [0, 7])
def test_a_flat_tile_is_no_error(value):
    assert not standardised(np.full((4, 4, 4), value)).any()
