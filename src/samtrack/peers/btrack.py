"""btrack (Ulicna et al. 2021): a Kalman filter with Bayesian belief, then hypotheses over tracklets by integer programming.

With the numbers of its documented cell configuration. Those are lengths for cells of one size, so the movie is scaled
instead: the gate becomes the distance up to which that configuration considers hypotheses.
"""

from __future__ import annotations

import ctypes
import platform
import time
from typing import Any

import btrack
import numpy as np
from btrack.btypes import PyTrackObject
from btrack.config import TrackerConfig
from btrack.constants import BTRACK_LIB_PATH
from btrack.models import HypothesisModel, MotionModel

from samtrack.errors import SettingsError
from samtrack.peers.base import Linked, Material, edges_of_chains

REACH = 40.0
"""Distance (its pixels) up to which the cell configuration considers hypotheses."""

MOTION: dict[str, Any] = {"measurements": 3, "states": 6, "accuracy": 7.5, "prob_not_assign": 0.001, "max_lost": 5}
HYPOTHESES: dict[str, Any] = {
    "hypotheses": ["P_FP", "P_init", "P_term", "P_link", "P_branch", "P_dead"],
    "lambda_time": 5.0,
    "lambda_dist": 3.0,
    "lambda_link": 10.0,
    "lambda_branch": 50.0,
    "eta": 1e-10,
    "theta_dist": 20.0,
    "theta_time": 5.0,
    "dist_thresh": REACH,
    "time_thresh": 2.0,
    "apop_thresh": 5,
    "segmentation_miss_rate": 0.1,
    "apoptosis_rate": 0.001,
    "relax": True,
}


def link_with_btrack(material: Material) -> Linked:
    """Link centroids."""
    require_library()
    scale = REACH / material.gate_um
    cells = _cells_of(material, scale)
    start = time.perf_counter()
    with btrack.BayesianTracker(verbose=False) as tracker:
        tracker.configure(
            TrackerConfig(
                motion_model=_motion_model(), hypothesis_model=HypothesisModel(**HYPOTHESES), max_search_radius=REACH
            )
        )
        tracker.append(cells)
        tracker.volume = _volume_of(cells)
        tracker.track()
        tracker.optimise()
        tracks = tracker.tracks
    seconds = time.perf_counter() - start
    # its guesses for missing frames have negative numbers
    chains = {int(track.ID): [int(row) for row in track.refs if row >= 0] for track in tracks}
    parent_of = {int(track.ID): int(track.parent) for track in tracks if track.parent != track.ID}
    settings: dict[str, float | int | str] = {"model": "cell_config", "max_search_radius": REACH, "scale": scale}
    return Linked(edges_of_chains(chains, parent_of), settings, seconds)


def require_library() -> None:
    """Raise, and say why, if its compiled part does not run on this machine (btrack itself does not say)."""
    suffix = {"Linux": ".so", "Darwin": ".dylib", "Windows": ".DLL"}.get(platform.system(), ".so")
    path = BTRACK_LIB_PATH.with_suffix(suffix)
    try:
        ctypes.cdll.LoadLibrary(str(path))
    except OSError as error:
        raise SettingsError(
            f"btrack: its compiled library does not load here ({error}). Install a C++ runtime as new as it needs, or "
            "another version of btrack."
        ) from error


def _cells_of(material: Material, scale: float) -> list[PyTrackObject]:
    """Its objects; the ID is the row."""
    table = material.detections
    place = np.zeros((len(table), 3))
    place[:, : table.ndim] = table.centroid_um[:, ::-1] * scale  # x, y, z
    columns = zip(table.frame.tolist(), place.tolist(), strict=True)
    return [
        PyTrackObject.from_dict({"ID": row, "t": t, "x": x, "y": y, "z": z, "label": 5})
        for row, (t, (x, y, z)) in enumerate(columns)
    ]


def _volume_of(cells: list[PyTrackObject]) -> tuple[tuple[float, float], ...]:
    """The extent of the cells along x, y, z."""
    place = np.array([(cell.x, cell.y, cell.z) for cell in cells])
    return tuple((float(low), float(high)) for low, high in zip(place.min(axis=0), place.max(axis=0), strict=True))


def _motion_model() -> MotionModel:
    """Constant velocity in three dimensions; the sigmas are those of the cell configuration."""
    one, nothing = np.eye(3), np.zeros((3, 3))
    return MotionModel(
        name="cell_motion",
        A=np.block([[one, one], [nothing, one]]),
        H=np.hstack([one, nothing]),
        P=150.0 * np.diag([0.1, 0.1, 0.1, 1, 1, 1]),
        G=15.0 * np.array([[0.5, 0.5, 0.5, 1, 1, 1]]),
        R=5.0 * one,
        **MOTION,
    )
