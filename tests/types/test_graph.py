"""The graph of cells: its edges are those of its nodes."""

import numpy as np

from samtrack.types import TrackGraph


def test_targets_are_the_nodes_that_come_from_somewhere():
    ones = np.ones(4, dtype=np.int64)
    graph = TrackGraph(np.array([-1, 0, -1, 1]), np.zeros(4), ones, ones)
    assert (len(graph), graph.targets.tolist(), graph.before[graph.targets].tolist()) == (4, [1, 3], [0, 1])
