"""A situation as material for peers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from samtrack.link import measure_detections, summarise
from samtrack.peers import Linked, Material
from samtrack.testing import Situation
from samtrack.types import Detections


@pytest.fixture
def material() -> Callable[..., Material]:
    """Material of a situation with its own gate."""

    def of(situation: Situation, gate_um: float = 15.0, **more: Any) -> Material:
        labels, images = situation.labels, situation.images
        frames = range(labels.n_frames)
        tables = [measure_detections(labels.read(t), t, labels.scale, images.read(t)) for t in frames]
        detections = Detections.concatenate(tables)
        return Material(detections, labels, images, summarise(detections), gate_um, **more)

    return of


@pytest.fixture
def true_edges() -> Callable[[Material, Situation], set[tuple[int, int]]]:
    """The true links and divisions of a situation as pairs of rows."""

    def of(material: Material, situation: Situation) -> set[tuple[int, int]]:
        pairs = [*situation.links, *((mother, d) for mother, both in situation.divisions for d in both)]
        keys = np.array([key for pair in pairs for key in pair]).reshape(-1, 2)
        rows = material.detections.rows_of(keys[:, 0], keys[:, 1]).tolist()
        return {pair for at, pair in enumerate(pairwise(rows)) if at % 2 == 0}

    return of


@pytest.fixture
def found_edges() -> Callable[[Linked], set[tuple[int, int]]]:
    """What a peer decided, as pairs of rows."""
    return lambda linked: set(zip(linked.edges.source.tolist(), linked.edges.target.tolist(), strict=True))
