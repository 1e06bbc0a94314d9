import numpy as np
import pytest
from scipy import ndimage

from samtrack.simulate.texture import blur, cell_spots, cell_waves, smooth_noise

LOCAL = [c.astype(np.float32) for c in np.meshgrid(np.linspace(-3, 3, 200), np.linspace(-3, 3, 200), indexing="ij")]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_waves_have_unit_contrast_and_change_slowly() -> None:
    patterns = [cell_waves(LOCAL, rng(5), frame, (4.0, 12.0)) for frame in (0, 1, 60)]
    assert patterns[0].std() == pytest.approx(1.0, rel=0.2)
    assert abs(patterns[0].mean()) < 0.1
    like = [np.corrcoef(patterns[0].ravel(), p.ravel())[0, 1] for p in patterns[1:]]
    assert like[0] > 0.95
    assert like[1] < 0.6


def test_spots_have_height_one_and_stay_inside() -> None:
    spots = cell_spots(LOCAL, rng(), 1, (0.1, 0.1), 0.5)
    assert spots.max() == pytest.approx(1.0, abs=0.02)
    peak = np.unravel_index(spots.argmax(), spots.shape)
    assert np.hypot(LOCAL[0][peak], LOCAL[1][peak]) <= 0.52


@pytest.mark.parametrize("sigma", [1.5, 5.0, 9.0, 30.0])
def test_wide_blurs_by_boxes_are_as_wide_as_gaussians(sigma: float) -> None:
    line = np.zeros((1, 401), dtype=np.float32)
    line[0, 200] = 1
    ours, exact = blur(line, [0, sigma])[0], ndimage.gaussian_filter1d(line[0].astype(float), sigma)
    assert ours.sum() == pytest.approx(1, abs=0.01)
    assert np.sqrt((ours * (np.arange(401) - 200) ** 2).sum()) == pytest.approx(sigma, rel=0.03)
    assert np.abs(ours - exact).max() < 0.1 * exact.max()


def test_noise_varies_over_the_length_asked_for() -> None:
    field = smooth_noise((300, 300), [8.0, 8.0], rng())
    assert field.mean() == pytest.approx(0, abs=1e-4)
    assert field.std() == pytest.approx(1, rel=1e-3)
    like = [np.corrcoef(field[:, :-k].ravel(), field[:, k:].ravel())[0, 1] for k in (8, 40)]
    assert like[0] == pytest.approx(np.exp(-0.25), abs=0.08)  # a Gaussian's autocorrelation at one sigma
    assert abs(like[1]) < 0.3
