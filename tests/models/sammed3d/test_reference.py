"""With weights that anyone can draw from the names of the parameters, the numbers of the reference network come out.

``reference.json`` holds what it gave for the same weights and input: features of every 16th channel at every third
place from the second, and logits at every eighth voxel from the third (the reference kept every second one).
"""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

from samtrack.models.sammed3d.build import build_model
from samtrack.models.sammed3d.network import SamMed3D
from samtrack.models.sammed3d.sizes import Sizes

REFERENCE = json.loads((Path(__file__).parent / "reference.json").read_text(encoding="utf-8"))
TOLERANCE = 1e-4  # of the largest value; the encoder alone reaches 5e-6
TENSORS, NUMBERS = 324, 100_509_232 + 3 * 128
PROMPTS = {"centre": ([[64, 64, 64]], [1]), "two": ([[40, 64, 90], [100, 30, 20]], [1, 0])}


def drawn(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    scale = 1.0 if "gaussian_matrix" in name else 0.5 if ".rel_pos_" in name else 0.05
    value = scale * np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape)
    if name.endswith(".weight") and len(shape) == 1:
        value = value + 1.0
    return torch.from_numpy(value.astype(np.float32))


@pytest.fixture(scope="module")
def network() -> SamMed3D:
    with torch.device("meta"):
        own = SamMed3D(Sizes()).state_dict()
    assert len(own) == TENSORS
    state = {name: drawn(name, tuple(value.shape)) for name, value in own.items()}
    assert sum(value.numel() for value in state.values()) == NUMBERS
    return build_model({}, state)  # the sizes are told from the shapes, as for a published checkpoint


def off_by(found: torch.Tensor, expected: list) -> float:
    wanted = np.array(expected)
    return float(np.abs(found.numpy().reshape(wanted.shape) - wanted).max() / np.abs(wanted).max())


@pytest.mark.parametrize("folds", [True, False])
def test_the_reference_network(network, folds):
    volume = torch.from_numpy(np.random.default_rng(7).standard_normal((1, 1, 128, 128, 128)).astype(np.float32))
    with torch.inference_mode():
        features = network.see(volume, folds)
        assert off_by(features[0, ::16, 1::3, 1::3, 1::3], REFERENCE["features"]) < TOLERANCE
        for name, (points, is_in) in PROMPTS.items():
            for kind in ("single", "multi"):
                logits, iou = network.ask(
                    features, torch.tensor([points]), torch.tensor([is_in]), multimask=kind == "multi"
                )
                assert off_by(logits[0, :, 2::8, 2::8, 2::8], REFERENCE[f"{name}_{kind}"]) < TOLERANCE
                assert off_by(iou[0], REFERENCE[f"{name}_{kind}_iou"]) < TOLERANCE
