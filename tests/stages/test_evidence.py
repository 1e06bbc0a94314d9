"""Movies that a link model learns from, with what a network says of them."""

import numpy as np

from samtrack.config.sam2 import Sam2Settings
from samtrack.io.checkpoints import write_network
from samtrack.models.sam2.build import state_of
from samtrack.stages.evidence import movie_with_evidence
from samtrack.testing.networks import SMALL_HABITS, SMALL_SAM2, small_network
from samtrack.train.link_recipes import recipe


def test_simulated_movies_come_with_evidence_unless_they_have_no_images(tmp_path):
    write_network(tmp_path / "net", {**SMALL_SAM2, "samtrack": SMALL_HABITS}, state_of(small_network().model))
    settings = Sam2Settings(weights=str(tmp_path / "net"), cell_px=12)

    def small(seed):
        drawn = recipe(seed)
        return drawn.model_copy(
            update={"frames": 3, "shape_px": (64, 64), "kind": "nuclei", "um_per_voxel": (0.5, 0.5)}
        )

    seen = movie_with_evidence(small(1003), settings)
    assert seen.evidence is not None
    assert set(np.unique(seen.evidence.source)) == set(range(len(seen.detections)))
    blind = movie_with_evidence(small(1001), settings)
    assert blind.images is None
    assert blind.evidence is None
