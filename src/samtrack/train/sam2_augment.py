"""What makes one cut of a movie look like another recording of it, and true masks like those of a segmentation.

Pictures are (t, y, x) from 0 to 1, as a network gets them; labels are (t, y, x) with 0 as background.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from samtrack.simulate.texture import Float32s, blur, smooth_noise
from samtrack.train.link_recipes import balls_on, log_uniform, resized
from samtrack.types import Scale

Labels = npt.NDArray[np.int32]

PROMPT_HABITS = {"true": 0.5, "rough": 0.25, "resized": 0.15, "balls": 0.1}
"""How often the masks of a clip have which errors, all clips taken together."""

MOST_RESIZED = 0.12
"""Most by which masks are wider or tighter, as a share of the cells' diameter."""

MOST_ROUGH = 0.07
"""Typical displacement of a rough outline, at most, as a share of the cells' diameter."""


def turned(pictures: npt.NDArray[np.generic], way: int) -> npt.NDArray[np.generic]:
    """One of the eight ways to lay square pictures down: quarter turns, and mirrored."""
    spun = np.rot90(pictures, way % 4, axes=(-2, -1))
    return np.ascontiguousarray(spun[..., ::-1] if way >= 4 else spun)


def repainted(images: Float32s, cell_px: float, rng: np.random.Generator) -> Float32s:
    """Another camera, another window of grey values, another light: each of these changes in a share of the clips."""
    shown = images.copy()
    if rng.random() < 0.15:
        shown = 1 - shown
    if rng.random() < 0.08:
        shown = _outlined(shown, log_uniform(rng, 0.05, 0.3) * cell_px, rng)
    if rng.random() < 0.6:
        np.power(shown, np.float32(log_uniform(rng, 0.4, 2.5)), out=shown)
    if rng.random() < 0.25:
        shown = blur(shown, [0, *[log_uniform(rng, 0.01, 0.08) * cell_px] * 2])
    if rng.random() < 0.3:
        shown *= _light(shown.shape[-2:], rng)
    if rng.random() < 0.3:
        low, high = rng.uniform(-0.1, 0.2), rng.uniform(0.6, 1.2)
        shown = (shown - np.float32(low)) / np.float32(high - low)
    if rng.random() < 0.5:
        gain, shift = np.exp(rng.normal(0, 0.15)), rng.normal(0, 0.06)
        per_frame = rng.normal(0, 0.03 * rng.random(), (2, len(shown), 1, 1))
        shown = shown * (gain * (1 + per_frame[0])).astype(np.float32) + (shift + per_frame[1]).astype(np.float32)
    if rng.random() < 0.4:
        # noise is smooth where small pictures were enlarged
        grain, strength = float(rng.choice([0.0, rng.uniform(0.4, 1.5)])), log_uniform(rng, 0.01, 0.15)
        noise = blur(rng.standard_normal(shown.shape, dtype=np.float32), [0, grain, grain])
        shown = shown + np.float32(strength * (1 + 2 * grain)) * noise
    return np.clip(shown, 0, 1, out=shown)


def _outlined(images: Float32s, width_px: float, rng: np.random.Generator) -> Float32s:
    """Rims and grain on an even grey, as bright field and defocused phase contrast show cells."""
    narrow_px = 0.35 * width_px  # lets noise below it vanish
    fine = blur(images, [0, narrow_px, narrow_px]) - blur(images, [0, width_px, width_px])
    strength = rng.uniform(0.08, 0.2) / max(float(fine.std()), 1e-6)
    return np.clip(np.float32(0.5) + fine * np.float32(strength * rng.choice([-1.0, 1.0])), 0, 1)


def _light(shape: tuple[int, ...], rng: np.random.Generator) -> Float32s:
    """A slope of brightness over the picture, at most 1 and at least 0.3."""
    y, x = (np.linspace(-0.5, 0.5, n, dtype=np.float32) for n in shape)
    angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.7)
    slope = np.float32(np.cos(angle)) * y[:, None] + np.float32(np.sin(angle)) * x[None, :]
    slope = (slope - slope.min()) / np.float32(np.ptp(slope))
    return np.asarray(1 - np.float32(depth) * slope)


def as_segmented(labels: Labels, cell_px: float, rng: np.random.Generator) -> Labels:
    """The same labels with the habit of a segmentation: true, rough, all too wide or too tight, or balls.

    Every label that is in a frame stays in it.
    """
    habit = str(rng.choice(list(PROMPT_HABITS), p=list(PROMPT_HABITS.values())))
    if habit == "true" or not labels.any():
        return labels
    if habit == "rough":
        sigma = log_uniform(rng, 0.06, 0.3) * cell_px
        reach = rng.uniform(0.02, MOST_ROUGH) * cell_px
        spoilt = np.stack([_roughened(frame, sigma, reach, rng) for frame in labels])
    elif habit == "resized":
        rim = round(rng.uniform(0.3, 1) * MOST_RESIZED * cell_px) or 1
        sign = 1 if rng.random() < 0.5 else -1
        spoilt = np.stack([resized(frame, sign * rim) for frame in labels])
    else:
        radius = rng.uniform(0.25, 0.5) * cell_px
        spoilt = np.stack([balls_on(frame, Scale((1.0, 1.0), 1.0), radius) for frame in labels])
    return _with_lost(labels, spoilt.astype(np.int32))


def _roughened(frame: Labels, sigma_px: float, reach_px: float, rng: np.random.Generator) -> Labels:
    """Labels looked up at places displaced by a smooth random field."""
    place = []
    for axis, n in enumerate(frame.shape):
        away = reach_px * smooth_noise(frame.shape, [sigma_px, sigma_px], rng)
        index = np.arange(n, dtype=np.float32).reshape((-1, 1) if axis == 0 else (1, -1))
        place.append(np.clip(np.rint(index + away), 0, n - 1).astype(np.intp))
    return np.asarray(frame[tuple(place)])


def _with_lost(labels: Labels, spoilt: Labels) -> Labels:
    """Put back the labels that a frame has lost."""
    n = int(labels.max()) + 1
    for true, changed in zip(labels, spoilt, strict=True):
        is_lost = np.ones(n, dtype=np.bool_)
        is_lost[changed.reshape(-1)] = False
        back = is_lost[true]
        changed[back] = true[back]
    return spoilt
