"""Trackastra (Gallusser and Weigert 2024): a transformer scores associations, then a greedy choice with divisions.

Its defaults. Its weights do not come with its package: they lie in a folder that the user names.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from samtrack.errors import WeightsError
from samtrack.peers.base import Linked, Material
from samtrack.types import Edges

FILES = ("model.pt", "train_config.yaml", "config.yaml")
MODE = "greedy"


def link_with_trackastra(material: Material) -> Linked:
    """Link masks by what the network makes of them and of the images."""
    folder = require_model(material.model)
    from trackastra.model import Trackastra

    model = Trackastra.from_folder(folder, device="automatic")
    frames = range(material.labels.n_frames)
    images = np.stack([material.images.read(t) for t in frames]).astype(np.float32)
    masks = np.stack([material.labels.read(t) for t in frames]).astype(np.int32)
    start = time.perf_counter()
    graph, _ = model.track(images, masks, mode=MODE)
    seconds = time.perf_counter() - start
    keys = [(graph.nodes[n]["time"], graph.nodes[n]["label"]) for edge in graph.edges() for n in edge]
    frame, label = np.array(keys, dtype=np.int64).reshape(-1, 2).T
    row = material.detections.rows_of(frame, label)
    return Linked(Edges(row[::2], row[1::2]), {"mode": MODE, "model": folder.name}, seconds)


def require_model(folder: Path | None) -> Path:
    """The folder with the weights; raises with what is missing."""
    if folder is None:
        raise WeightsError(
            "trackastra: no weights were named. Download a model as its documentation says (general_2d, ctc) and give its "
            "folder: --trackastra-model DIR."
        )
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise WeightsError(f"trackastra: {folder} lacks {', '.join(missing)}. Give the folder of an unpacked model.")
    return folder
