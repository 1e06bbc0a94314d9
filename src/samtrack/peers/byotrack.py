"""ByoTrack (Reme et al. 2024): Kalman filters, in 2D with dense optical flow, and one optimal assignment per frame.

Settings by the rules of its authors' script for the Cell Linking Benchmark, without that script's exceptions per dataset.
Gaps are filled as for everybody here, not with its discs. Our own linker ``kalman`` is this recipe without the flow.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import byotrack
import cv2
import numpy as np
import numpy.typing as npt
import torch
from byotrack.api.detections import statistics
from byotrack.implementation.linker.frame_by_frame.kalman_linker import KalmanLinker, KalmanLinkerParameters
from byotrack.implementation.linker.frame_by_frame.koft import KOFTLinker, KOFTLinkerParameters
from byotrack.implementation.optical_flow.opencv import OpenCVOpticalFlow

from samtrack.peers.base import Linked, Material, edges_of_chains

GATE_RADII = 3.0
"""Farthest step in mean cell radii, unless neighbours are farther apart."""

DEVIATION_RADII = {"detection_std": 0.5, "process_std": 3.0, "flow_std": 3.0}
"""Standard deviations in mean cell radii."""

DOWNSCALE = 4
"""Factor by which images are made smaller before the flow."""

LEAST_WINDOW = 10
"""Pixels of the flow's window (after that); a cell's diameter, if larger."""

SETTINGS: dict[str, Any] = {
    "kalman_order": 0,
    "n_valid": 1,
    "n_gap": 1,
    "cost": "EUCLIDEAN",
    "track_building": "DETECTION",
    "split_factor": -1.0,  # below 0: estimated, 1 if the cells become more by 30 %
}


def link_with_byotrack(material: Material) -> Linked:
    """Link masks; 2D with the flow between the images."""
    frames = range(material.labels.n_frames)
    masks = [
        byotrack.SegmentationDetections(torch.from_numpy(material.labels.read(t).astype(np.int32))) for t in frames
    ]
    is_flat = len(material.labels.shape) == 2  # its flow is of 2D images
    video = _video_of(material) if is_flat else None
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that estimates are coarse
        linker, settings = _linker_of(masks, is_flat)
        tracks = linker.run(video, masks)
    seconds = time.perf_counter() - start
    rows = material.rows_by_frame()
    # its detections of a frame are numbered in order of label, as ours
    chains = {
        track.identifier: [int(rows[track.start + i][d]) for i, d in enumerate(track.detection_ids.tolist()) if d >= 0]
        for track in tracks
    }
    parent_of = {track.identifier: track.parent_id for track in tracks if track.parent_id >= 0}
    return Linked(edges_of_chains(chains, parent_of), settings, seconds)


def _linker_of(masks: list[Any], is_flat: bool) -> tuple[Any, dict[str, float | int | str]]:
    """The linker for these masks and its settings."""
    anisotropy = statistics.anisotropy(masks) if not is_flat else (1.0, 1.0, 1.0)
    radius = statistics.average_radius(masks, anisotropy)
    gate = max(GATE_RADII * radius, statistics.average_min_dist(masks, anisotropy))
    axes = torch.tensor([1.0 / a for a in anisotropy[-masks[0].dim :]])
    deviations = {name: radii * radius * axes for name, radii in DEVIATION_RADII.items()}
    lengths = {"association_threshold": gate, "anisotropy": anisotropy}
    told = {**SETTINGS, "association_threshold": round(gate, 3), "anisotropy": round(float(anisotropy[0]), 3)}
    if not is_flat:
        del deviations["flow_std"]
        return KalmanLinker(KalmanLinkerParameters(**SETTINGS, **lengths, **deviations).estimate(masks)), told
    window = max(LEAST_WINDOW, int(2 * radius / DOWNSCALE))
    flow = OpenCVOpticalFlow(cv2.FarnebackOpticalFlow.create(winSize=window), downscale=DOWNSCALE)
    linker = KOFTLinker(KOFTLinkerParameters(**SETTINGS, **lengths, **deviations).estimate(masks), flow)
    return linker, told | {"flow": "Farneback", "window": window}


def _video_of(material: Material) -> list[npt.NDArray[np.float32]]:
    """The images between 0 and 1, (y, x, channel)."""
    images = [material.images.read(t).astype(np.float32) for t in range(material.images.n_frames)]
    low, high = min(float(i.min()) for i in images), max(float(i.max()) for i in images)
    return [((i - low) / max(high - low, 1.0))[..., None] for i in images]
