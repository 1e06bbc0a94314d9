import numpy as np
import pytest

from samtrack.config.simulate import SimulateSettings
from samtrack.simulate.degrade import degrade_frame, illumination

FLAT = {"unevenness": 0.0, "background": 0.0, "debris": 0, "bleaching_per_frame": 0.0}
ORIGIN = np.zeros(2)


def test_noise_is_that_of_photons_and_camera() -> None:
    imaging = {**FLAT, "photons": 100.0, "read_noise_photons": 3.0, "level_grey": 1000.0, "offset_grey": 50.0}
    settings = SimulateSettings(shape_px=(200, 200), imaging=imaging)
    image = degrade_frame(settings, np.full((200, 200), 2.0, dtype=np.float32), ORIGIN, 0).astype(float)
    assert image.mean() == pytest.approx(50 + 2000, rel=0.01)
    assert image.std() == pytest.approx(np.sqrt(200 + 9) * 10, rel=0.03)


def test_fluorescence_fades_and_transmitted_light_does_not() -> None:
    light = np.full((64, 64), 1.0, dtype=np.float32)
    means = {}
    for kind in ("nuclei", "phase"):
        imaging = {**FLAT, "bleaching_per_frame": 0.05, "offset_grey": 0.0, "level_grey": 100.0, "photons": 1e5}
        settings = SimulateSettings(kind=kind, shape_px=(64, 64), cells={"count": 0}, imaging=imaging)
        means[kind] = [degrade_frame(settings, light, ORIGIN, t).mean() for t in (0, 10)]
    assert means["nuclei"][1] / means["nuclei"][0] == pytest.approx(0.95**10, rel=0.02)
    assert means["phase"][1] == pytest.approx(means["phase"][0], rel=0.01)


def test_grey_values_end_at_the_type() -> None:
    settings = SimulateSettings(shape_px=(16, 16), imaging={**FLAT, "dtype": "uint8", "level_grey": 150.0})
    image = degrade_frame(settings, np.full((16, 16), 50.0, dtype=np.float32), ORIGIN, 0)
    assert image.dtype == np.uint8
    assert (image == 255).all()


@pytest.mark.parametrize("shape", [(40, 60), (8, 40, 60)])
def test_light_is_uneven_as_asked_for(shape: tuple[int, ...]) -> None:
    light = illumination(SimulateSettings(shape_px=shape, cells={"count": 0}, imaging={"unevenness": 0.4}))
    assert light.shape == shape
    assert light.max() <= 1
    assert light.min() == pytest.approx(0.6, abs=0.01)
    assert light.max() > 0.97


def test_debris_lies_still_in_the_dish() -> None:
    imaging = {**FLAT, "debris": 5, "photons": 1e6}
    settings = SimulateSettings(shape_px=(128, 128), imaging=imaging)
    dark = np.zeros((128, 128), dtype=np.float32)
    here = degrade_frame(settings, dark, ORIGIN, 0).astype(float)
    moved = degrade_frame(settings, dark, np.array([10.0, 5.0]), 0).astype(float)
    assert here.max() > 250
    assert np.corrcoef(here[20:, 10:].ravel(), moved[:-20, :-10].ravel())[0, 1] > 0.95
