"""LapTrack (Fukai and Kawaguchi 2023): linear assignments between frames, then between segments for gaps and divisions.

Its documented defaults, but for the cutoffs, which are 15 px there: here the square of the gate, in micrometres; and
divisions, which are off there.
"""

from __future__ import annotations

import time

import numpy as np
from laptrack import LapTrack

from samtrack.peers.base import Linked, Material
from samtrack.types import Edges


def link_with_laptrack(material: Material) -> Linked:
    """Link centroids."""
    cutoff = material.gate_um**2  # its metric is the squared distance
    settings = {"cutoff": cutoff, "gap_closing_cutoff": cutoff, "splitting_cutoff": cutoff}
    rows = material.rows_by_frame()
    points = [material.detections.centroid_um[here] for here in rows]
    start = time.perf_counter()
    graph = LapTrack(**settings).predict(points)
    seconds = time.perf_counter() - start
    pairs = [(rows[t][i], rows[u][j]) for (t, i), (u, j) in graph.edges()]
    source, target = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return Linked(Edges(source, target), settings, seconds)
