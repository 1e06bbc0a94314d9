"""SAM 3's tracker against its own session; what is said of kinds that are refused."""

import numpy as np
import pytest
import torch
from transformers import Sam3TrackerVideoConfig, Sam3TrackerVideoModel
from transformers.models.sam3_tracker_video.configuration_sam3_tracker_video import (
    Sam3TrackerVideoMaskDecoderConfig,
    Sam3TrackerVideoPromptEncoderConfig,
)
from transformers.models.sam3_tracker_video.modeling_sam3_tracker_video import Sam3TrackerVideoInferenceSession

from samtrack.errors import WeightsError
from samtrack.models.sam2.adapter import Sam2Engine, Use
from samtrack.models.sam2.kin import Sam3TrackerNetwork, network_of, require_kind
from samtrack.models.sam2.network import Habits, Sam2Network

SIDE_PX = 112  # 8 tokens of 14 px
CLOSE = 1e-4


@pytest.fixture(scope="module")
def model(make_alive, shared_settings):
    backbone = {
        "model_type": "sam3_vit_model",
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "window_size": 4,
        "global_attn_indexes": [1],
        "pretrain_image_size": 56,
        "image_size": SIDE_PX,
    }
    vision = {"model_type": "sam3_vision_model", "backbone_config": backbone, "fpn_hidden_size": 128}
    settings = shared_settings(SIDE_PX, 128, {}) | {
        "vision_config": vision,
        "image_size": SIDE_PX,
        "prompt_encoder_config": Sam3TrackerVideoPromptEncoderConfig(
            hidden_size=128, image_size=SIDE_PX, mask_input_channels=8
        ),
        "mask_decoder_config": Sam3TrackerVideoMaskDecoderConfig(
            hidden_size=128, mlp_dim=64, num_attention_heads=4, iou_head_hidden_dim=128
        ),
    }
    return make_alive(Sam3TrackerVideoModel(Sam3TrackerVideoConfig(**settings)), 0)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)], ids=["forward", "backward"])
@pytest.mark.parametrize("all_of_it", [True, False], ids=["full", "empty"])
def test_a_mask_is_carried_as_by_sam3s_own_session(model, order, all_of_it, make_film, new_session, library_follows):
    """With masks that look the same at any sampling: the session's has 14 samples per token, ours 16."""
    pictures = make_film(3, side_px=SIDE_PX)
    mask = torch.full((SIDE_PX, SIDE_PX), float(all_of_it))
    theirs = library_follows(model, new_session(model, pictures, Sam3TrackerVideoInferenceSession), mask, order)
    network = network_of(model, Habits(best_pointer=True, clip_frames=3))
    assert isinstance(network, Sam3TrackerNetwork)
    with torch.inference_mode():
        seen = [network.encode(pictures[frame][None]) for frame in order]
        given = network.remember(seen[0], torch.full((1, 128, 128), float(all_of_it)))
        first = network.carry(seen[1], [(1, given)])
        second = network.carry(seen[2], [(2, given), (1, network.remember_guess(seen[1], first))])
    for ours, answer in ((first, theirs[1]), (second, theirs[2])):
        assert answer.pred_masks.std() > 0.05
        torch.testing.assert_close(ours.hardened()[:, None], answer.pred_masks, atol=CLOSE, rtol=CLOSE)
        torch.testing.assert_close(ours.object_logit[:, None], answer.object_score_logits, atol=CLOSE, rtol=CLOSE)


def test_the_engine_gives_sam3_the_size_it_knows(model):
    use = Use(torch.device("cpu"), torch.float32, memory_gb=1.0, cell_px=20, window_px=56, tile_px=64)
    engine = Sam2Engine(network_of(model), use)
    plane = np.random.default_rng(0).random((150, 130), dtype=np.float32)
    labels = np.zeros(plane.shape, dtype=np.uint8)
    labels[60:80, 50:70] = 1
    picture = engine.look(plane, engine.lattice(plane.shape, (20, 20)))
    assert picture.lattice.token_px == 14
    assert picture.tokens == (11, 10)
    corner = engine.corners(picture, np.array([[69.5, 59.5]]))
    seen = engine.carry([(1, engine.remember(picture, labels, np.array([1]), corner))], picture, corner)
    assert seen.logits.shape == (1, 16, 16)
    assert np.isfinite(seen.logits).all()


def test_sam2_is_sam2(make_model):
    assert type(network_of(make_model())) is Sam2Network


@pytest.mark.parametrize(
    ("kind", "why"), [("edgetam_video", "squeezed"), ("sam3_video", "tracker alone"), ("llama", "'llama' are not")]
)
def test_other_kinds_are_refused_by_name(kind, why):
    with pytest.raises(WeightsError, match=rf"{why}.*Supported: sam2_video, sam3_tracker_video"):
        require_kind(kind)
