"""Weights make the network they are of, or an error that says what is wrong."""

import pytest
import torch

from samtrack.errors import WeightsError
from samtrack.models.sammed3d.build import build_model, config_of, random_model, state_of
from samtrack.models.sammed3d.sizes import Sizes


def test_saved_and_built_again(small):
    again = build_model(config_of(small.sizes), state_of(small))
    assert again.sizes == small.sizes
    for key, value in small.state_dict().items():
        assert torch.equal(again.state_dict()[key], value)


def test_half_precision_is_widened(small):
    again = build_model(config_of(small.sizes), {k: v.half() for k, v in state_of(small).items()})
    assert {p.dtype for p in again.parameters()} == {torch.float32}


def test_no_parameter_of_a_random_network_is_all_zero_but_biases():
    model = random_model(Sizes(image_px=8, patch_px=2, width=8, heads=2, windows=(0,), channels=48))
    silent = [name for name, p in model.named_parameters() if not p.any() and not name.endswith("bias")]
    assert silent == []


def test_other_weights(small):
    with pytest.raises(WeightsError, match=r"have no tensor 'image_encoder\.pos_embed': they are not of SAM-Med3D"):
        build_model({}, {"vision_encoder.weight": torch.zeros(3)})
    with pytest.raises(WeightsError, match=r"model_type is 'sam2_video', expected 'sam_med3d'"):
        build_model({"model_type": "sam2_video"}, state_of(small))


def test_missing_and_wrong_tensors(small):
    state = state_of(small)
    state.pop("image_encoder.pos_embed")
    state["mask_decoder.iou_token.weight"] = torch.zeros(2, 48)
    with pytest.raises(WeightsError, match=r"1 of \d+ keys missing \(image_encoder\.pos_embed\), and 1 wrong shapes"):
        build_model(config_of(small.sizes), state)
