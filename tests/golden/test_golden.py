"""Small frozen results of every stage. A change here means: raise the stage's revision, or find the bug.

Numbers are compared, not bytes of tables, since the last bits of a sum differ between processors.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from samtrack.config.revisions import REVISIONS
from samtrack.config.simulate import SimulateSettings
from samtrack.io.labels import open_labels
from samtrack.io.names import TRACKS_TABLE
from samtrack.io.tables import read_detections, read_patches, read_table
from samtrack.stages.address import Address
from samtrack.stages.simulate import run_simulate

FROZEN = Path(__file__).parent
RECIPES = {
    "2d": {"frames": 8, "shape_px": (128, 128), "seed": 11, "cells": {"count": 9, "cycle_hours": 5}},
    "3d": {
        "frames": 6,
        "shape_px": (10, 64, 64),
        "um_per_voxel": (1.2, 0.5, 0.5),
        "seed": 12,
        "cells": {"count": 6, "cycle_hours": 5},
    },
}


def numbers_of(address: Address) -> dict[str, Any]:
    """A few numbers of each stage's output that any change of method would move."""
    layout = address.layout
    images = [tifffile.imread(path) for path in sorted(address.sources.images.glob("*.tif"))]
    labels = open_labels([layout.labels(name) for name in address.names])
    detections = read_detections([layout.detections(name) for name in address.names])
    links = [read_table(layout.links(name)) for name in address.names]
    divisions = [read_table(layout.divisions(name)) for name in address.names]
    patches = read_patches([layout.patches(name) for name in address.names])
    result = (layout.result / "res_track.txt").read_text().splitlines()
    return {
        "simulate": [float(np.mean(image)) for image in images],
        "segment": [int(np.count_nonzero(labels.read(t))) for t in range(address.n_frames)],
        "measure": [len(detections), float(detections.size_um.sum()), float(detections.centroid_um.sum())],
        "link": [
            sum(len(table["score"]) for table in links),
            float(sum(table["score"].sum() for table in links)),
            float(sum(table["score"].sum() for table in divisions)),
        ],
        "associate": np.stack(list(read_table(layout.decided / TRACKS_TABLE).values()), axis=1).tolist(),
        "fill": [[patch.frame, patch.track, int(np.count_nonzero(patch.mask))] for patch in patches],
        "export": result,
    }


def allowed(stage: str, frozen: Any) -> Any:
    """What equals the frozen numbers but for rounding; that of a network moves single voxels of the masks it draws."""
    if stage == "fill":
        return [[frame, track, pytest.approx(size, rel=0.01, abs=1)] for frame, track, size in frozen]
    return pytest.approx(frozen, rel=1e-5) if stage in ("simulate", "measure", "link") else frozen


@pytest.mark.parametrize("name", list(RECIPES))
@pytest.mark.parametrize("method", ["given", "seeds"])
def test_results_are_the_frozen_ones(
    name: str, method: str, tmp_path: Path, track: Callable[..., Address], request: pytest.FixtureRequest
):
    run_simulate(SimulateSettings.model_validate(RECIPES[name]), tmp_path, "01", overwrite=True)
    sequence = {"name": "01", "images": str(tmp_path / "01"), "masks": str(tmp_path / "01_ERR_SEG")}
    address = track(
        {"out": str(tmp_path / "out"), "sequences": [sequence], "segment": {"method": method}, "blocks": {"frames": 4}}
    )
    found = numbers_of(address)
    path = FROZEN / f"{name}_{method}.json"
    if request.config.getoption("--update-golden"):
        path.write_text(json.dumps({"revisions": REVISIONS, "numbers": found}, indent=1) + "\n")
    frozen = json.loads(path.read_text())
    for stage, numbers in found.items():
        expected = frozen["numbers"][stage]
        assert numbers == allowed(stage, expected), (
            f"{stage} gives another result on {name}/{method}: {numbers} instead of {expected}. If that is meant, raise "
            f"REVISIONS[{stage!r}] in config/revisions.py, tell it under 'Changes results' in CHANGELOG.md, and run "
            "`make golden`; if not, find the bug."
        )
    changed = {stage for stage in frozen["revisions"] if frozen["revisions"][stage] != REVISIONS.get(stage)}
    assert not changed, f"the revisions of {sorted(changed)} were raised; run `make golden` to freeze today's results"
