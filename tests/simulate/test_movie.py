import subprocess
import sys

import numpy as np
import pytest
from scipy import ndimage

from samtrack.config.simulate import SimulateSettings
from samtrack.simulate import SimulatedMovie, simulate_movie
from samtrack.testing import require_consistent, table_faults
from samtrack.types import ArrayFrames

LIVELY = {"cycle_hours": 3.0, "death_per_hour": 0.05}
FAST = {"speed_um_per_hour": 40.0, "flow_um_per_hour": 20.0, "drift_um_per_hour": 10.0, "jitter_um": 1.0}


def truth_of(movie: SimulatedMovie) -> ArrayFrames:
    return ArrayFrames([movie.frame(t).truth for t in range(movie.n_frames)], movie.scale)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "recipe",
    [
        {"kind": "nuclei", "shape_px": (96, 128), "cells": {**LIVELY, "density": 0.7}},
        {"kind": "phase", "shape_px": (128, 128), "cells": {**LIVELY, "count": 20}},
        {"kind": "dic", "shape_px": (160, 160), "cells": {**LIVELY, "count": 6}},
        {"kind": "nuclei", "shape_px": (12, 64, 64), "cells": {**LIVELY, "count": 12}},
        {"kind": "nuclei", "shape_px": (6, 24, 24), "um_per_voxel": (6.0, 2.0, 2.0), "cells": {**LIVELY, "count": 12}},
        {"kind": "nuclei", "shape_px": (32, 32), "um_per_voxel": (6.0, 6.0), "cells": {**LIVELY, "count": 180}},
    ],
    ids=["nuclei", "phase", "dic", "3D", "coarse 3D", "coarse 2D"],
)
def test_truth_and_table_agree_exactly(recipe: dict[str, object], seed: int) -> None:
    movie = simulate_movie(SimulateSettings.model_validate({**recipe, "seed": seed, "frames": 12, "motion": FAST}))
    truth = truth_of(movie)
    require_consistent(movie.tracks, truth)
    assert len(movie.tracks) > 5
    for frame in range(movie.n_frames):
        labels = truth.read(frame)
        for label, box in enumerate(ndimage.find_objects(labels.astype(np.int32)), start=1):
            assert box is None or ndimage.label(labels[box] == label)[1] == 1


def test_the_property_test_would_notice() -> None:
    movie = simulate_movie(SimulateSettings(frames=3, shape_px=(96, 96), cells={"count": 8}))
    frames = [movie.frame(t).truth for t in range(3)]
    frames[1][frames[1] == movie.tracks[0, 0]] = 0
    assert table_faults(movie.tracks, ArrayFrames(frames, movie.scale))


@pytest.mark.parametrize("kind", ["nuclei", "phase", "dic"])
def test_one_seed_gives_the_same_bytes_in_any_order(kind: str) -> None:
    settings = SimulateSettings(kind=kind, frames=4, shape_px=(128, 128), cells={"count": 3}, seed=7)
    forward, backward = simulate_movie(settings), simulate_movie(settings)
    first = [forward.frame(t) for t in range(3)]
    second = [backward.frame(t) for t in reversed(range(3))][::-1]
    for a, b in zip(first, second, strict=True):
        for name in ("image", "truth", "masks"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    other = simulate_movie(settings.model_copy(update={"seed": 8}))
    assert not np.array_equal(other.frame(0).image, first[0].image)


def test_another_process_makes_the_same_bytes() -> None:
    code = (
        "import hashlib; from samtrack.simulate import simulate_movie;"
        "from samtrack.config.simulate import SimulateSettings;"
        "f = simulate_movie(SimulateSettings(frames=3, shape_px=(64, 64), cells={'count': 4})).frame(2);"
        "import sys; sys.stdout.write(hashlib.sha256(f.image.tobytes() + f.truth.tobytes() + f.masks.tobytes()).hexdigest())"
    )
    said = {subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout for _ in range(2)}
    assert len(said) == 1


def test_what_a_frame_holds() -> None:
    movie = simulate_movie(SimulateSettings(frames=2, shape_px=(10, 40, 48), cells={"count": 4}))
    made = movie.frame(1)
    assert (movie.n_frames, movie.shape, movie.scale.um_per_voxel) == (2, (10, 40, 48), (1.5, 0.5, 0.5))
    assert made.image.dtype == made.truth.dtype == made.masks.dtype == np.uint16
    assert made.image.shape == made.truth.shape == made.masks.shape == (10, 40, 48)
    with pytest.raises(IndexError, match="frame 2 of a movie of 2"):
        movie.frame(2)


def test_cells_can_be_told_from_the_field() -> None:
    made = simulate_movie(SimulateSettings(frames=1)).frame(0)
    inside, outside = made.image[made.truth > 0], made.image[made.truth == 0]
    assert np.median(inside) > 3 * np.median(outside)
    assert np.percentile(inside, 10) > np.percentile(outside, 80)


def test_a_texture_moves_with_its_cell() -> None:
    still = {"speed_um_per_hour": 0.0, "flow_um_per_hour": 0.0, "drift_um_per_hour": 60.0, "jitter_um": 0.0}
    settings = SimulateSettings(
        frames=2,
        um_per_voxel=(0.25, 0.25),
        cells={"count": 4, "cycle_hours": None, "death_per_hour": 0.0, "clustered": 0.0},
        motion=still,
        imaging={"photons": 1e6, "texture": 0.5, "blur_um": 0.2},
    )
    movie = simulate_movie(settings)
    before, after = movie.frame(0), movie.frame(1)
    likeness = []
    for label in np.intersect1d(before.truth, after.truth)[1:]:
        old, new = (np.argwhere(f.truth == label) for f in (before, after))
        shift = np.rint(new.mean(axis=0) - old.mean(axis=0)).astype(int)
        to = old + shift
        if ((to >= 0) & (to < 256)).all() and (old > 0).all() and (old < 255).all():
            assert np.abs(shift).max() > 20
            likeness.append(np.corrcoef(before.image[tuple(old.T)], after.image[tuple(to.T)])[0, 1])
    assert likeness
    assert min(likeness) > 0.8


def test_an_empty_movie_has_a_field() -> None:
    made = simulate_movie(SimulateSettings(frames=1, shape_px=(32, 32), cells={"count": 0})).frame(0)
    assert made.image.std() > 0
    assert made.truth.max() == 0
    assert made.masks.max() == 0
