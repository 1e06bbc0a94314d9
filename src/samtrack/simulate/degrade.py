"""From light to grey values: field and debris, uneven light, bleaching, photon and camera noise, rounding.

What belongs to the set-up (field, illumination, debris) is drawn from the seed alone and is the same in every frame; noise
is drawn from seed and frame.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from samtrack.config.simulate import SimulateSettings
from samtrack.simulate.randomness import Stream, generator
from samtrack.simulate.shapes import Floats
from samtrack.simulate.texture import Float32s, smooth_noise

FIELD_GRAIN = {"nuclei": 0.1, "phase": 0.012, "dic": 0.01}
"""Standard deviation of the empty field's own structure, as a share of it: medium, glass, dirt out of focus."""

MOST_PHOTONS = 1e9
"""Largest mean of a voxel's photon count, far beyond any camera; keeps the Poisson draw in range."""

Image = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


def degrade_frame(settings: SimulateSettings, light: Float32s, origin_um: Floats, frame: int) -> Image:
    """The recorded picture of one frame; ``origin_um`` is where the stage is."""
    imaging = settings.imaging
    signal = light + imaging.background * (1 + _field(settings)) + _debris(settings, origin_um)
    signal *= illumination(settings)
    if settings.kind == "nuclei":
        signal *= np.float32((1 - imaging.bleaching_per_frame) ** frame)
    rng = generator(settings.seed, Stream.CAMERA, frame)
    photons = rng.poisson(np.clip(signal * imaging.photons, 0, MOST_PHOTONS)).astype(np.float32)
    photons += np.float32(imaging.read_noise_photons) * rng.standard_normal(signal.shape, dtype=np.float32)
    grey = imaging.offset_grey + photons * np.float32(imaging.level_grey / imaging.photons)
    dtype = np.dtype(imaging.dtype)
    return np.rint(np.clip(grey, 0, np.iinfo(dtype).max)).astype(dtype)


def illumination(settings: SimulateSettings) -> Float32s:
    """Relative brightness of the light over the picture, at most 1: darker away from a spot near the middle.

    In 3D also darker with depth, as light is scattered on its way.
    """
    rng = generator(settings.seed, Stream.FIELD, 0)
    shape = settings.shape_px
    spot = rng.uniform(0.3, 0.7, 2)
    fall: Float32s = np.zeros((1,) * len(shape), dtype=np.float32)
    for axis, centre in zip(range(len(shape) - 2, len(shape)), spot, strict=True):
        place = (np.linspace(0, 1, shape[axis]) - centre) ** 2
        fall = fall + place.reshape([-1 if i == axis else 1 for i in range(len(shape))]).astype(np.float32)
    if len(shape) == 3:
        fall = fall + np.linspace(0, 0.5, shape[0]).reshape(-1, 1, 1).astype(np.float32)
    return np.float32(1) - np.float32(settings.imaging.unevenness) * (fall / max(float(fall.max()), 1e-6))


def _field(settings: SimulateSettings) -> Float32s:
    """The empty field's own structure, of mean 0; grain of two widths in 2D, none in 3D, where it would be out of focus."""
    if len(settings.shape_px) == 3:
        return np.zeros((1, 1, 1), dtype=np.float32)
    rng = generator(settings.seed, Stream.FIELD, 1)
    wide = smooth_noise(settings.shape_px, [max(n / 12, 1) for n in settings.shape_px], rng)
    fine = smooth_noise(settings.shape_px, [1.2, 1.2], rng)
    return np.float32(FIELD_GRAIN[settings.kind]) * (wide if settings.kind == "nuclei" else 0.5 * wide + fine)


def _debris(settings: SimulateSettings, origin_um: Floats) -> Float32s:
    """Bright specks that lie still in the dish; in DIC they show their relief as cells do."""
    rng = generator(settings.seed, Stream.DEBRIS)
    n, voxel_um = settings.imaging.debris, settings.scale.voxel_um
    extent_um = np.asarray(settings.shape_px) * voxel_um
    place = rng.random((n, len(extent_um))) * extent_um - origin_um
    width = rng.uniform(0.06, 0.14, n) * settings.cells.diameter_um
    height = rng.uniform(0.3, 1.2, n) * settings.imaging.contrast
    specks = np.zeros(settings.shape_px, dtype=np.float32)
    for centre, sigma, peak in zip(place, width, height, strict=True):
        start = np.clip(np.floor((centre - 3 * sigma) / voxel_um).astype(int), 0, settings.shape_px)
        stop = np.clip(np.ceil((centre + 3 * sigma) / voxel_um).astype(int) + 1, start, settings.shape_px)
        spot = np.float32(peak)
        for axis in range(len(extent_um)):
            away = np.arange(start[axis], stop[axis]) * voxel_um[axis] - centre[axis]
            profile = np.exp(-(away**2) / (2 * sigma**2)).astype(np.float32)
            spot = spot * profile.reshape([-1 if i == axis else 1 for i in range(len(extent_um))])
        specks[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))] += spot
    return specks if settings.kind != "dic" else np.asarray(np.gradient(specks, axis=0) + np.gradient(specks, axis=1))
