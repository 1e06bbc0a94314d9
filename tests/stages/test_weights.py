"""Weights in a run: the plan knows whether they are needed, the first step brings them, a stage builds the network."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from samtrack.config import Config, build_config
from samtrack.config.fill import ShapeFillSettings
from samtrack.config.weights import REGISTRY
from samtrack.errors import WeightsError
from samtrack.stages import plan
from samtrack.stages.weights import load_model, run_fetch_weights

SMALL: dict[str, Any] = {
    "model_type": "sam2_video",
    "vision_config": {
        "backbone_config": {
            "hidden_size": 8,
            "blocks_per_stage": [1, 1, 1, 1],
            "embed_dim_per_stage": [8, 16, 32, 64],
            "global_attention_blocks": [2],
        },
        "backbone_channel_list": [64, 32, 16, 8],
        "fpn_hidden_size": 64,
    },
    "prompt_encoder_config": {"hidden_size": 64},
    "mask_decoder_config": {"hidden_size": 64, "mlp_dim": 64, "iou_head_hidden_dim": 64},
    "memory_attention_hidden_size": 64,
    "memory_attention_num_layers": 1,
    "memory_attention_feed_forward_hidden_size": 64,
    "memory_encoder_hidden_size": 64,
    "mask_downsampler_embed_dim": 64,
    "memory_fuser_embed_dim": 64,
    "memory_fuser_intermediate_dim": 64,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of weights as a user may have it."""
    from samtrack.models.sam2.build import random_model, state_of

    made = tmp_path / "mine"
    made.mkdir()
    (made / "config.json").write_text(json.dumps(SMALL))
    save_file(state_of(random_model(SMALL)), made / "model.safetensors")
    return made


def config_with(weights: str) -> Config:
    return build_config({"sam2": {"weights": weights}, "out": "results/a"})


def test_a_network_is_built_from_what_the_settings_name(folder: Path) -> None:
    model, weights = load_model(config_with(str(folder)).sam2)
    assert torch.equal(model.no_object_pointer, weights.state["no_object_pointer"])
    assert weights.name == str(folder)
    with pytest.raises(WeightsError, match="neither a name in the registry"):
        load_model(config_with("elsewhere").sam2)


def test_the_mark_tells_what_the_weights_sum_to(folder: Path, tmp_path: Path) -> None:
    said: list[str] = []
    run_fetch_weights(config_with(str(folder)).sam2, tmp_path / "out" / "mark", said.append)
    expected = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert (tmp_path / "out" / "mark").read_text() == f"{expected}  {folder}\n"
    assert len(said) == 1


def test_weights_that_ship_need_no_fetching() -> None:
    config = config_with("samtrack-tiny")
    assert plan.asks_network(config, "sam2"), "missing masks are drawn by it"
    assert plan.weights_mark(config, "sam2") == []
    assert plan.weights_fingerprint(config, "sam2")


def test_a_run_without_sam2_needs_no_weights() -> None:
    config = config_with("nowhere to be found").model_copy(update={"fill": ShapeFillSettings()})
    assert not plan.asks_network(config, "sam2")
    assert plan.weights_mark(config, "sam2") == []
    assert plan.weights_fingerprint(config, "sam2") == ""


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some stage uses SAM 2."""
    monkeypatch.setattr(plan, "asks_network", lambda _, network: network == "sam2")


@pytest.mark.usefixtures("used")
def test_the_fingerprint_follows_the_content_of_files(folder: Path) -> None:
    config = config_with(str(folder))
    assert plan.weights_mark(config, "sam2") == [Path("results/a/weights.sha256")]
    before = plan.weights_fingerprint(config, "sam2")
    numbers = folder / "model.safetensors"
    numbers.write_bytes(numbers.read_bytes())
    assert plan.weights_fingerprint(config, "sam2") == before
    numbers.write_bytes(numbers.read_bytes() + b" ")
    assert plan.weights_fingerprint(config, "sam2") != before


@pytest.mark.usefixtures("used")
def test_the_fingerprint_of_a_name_does_not_change_when_it_is_fetched() -> None:
    entry = REGISTRY["sam2.1-hiera-large"]
    assert plan.weights_fingerprint(config_with(entry.name), "sam2") == f"{entry.name}@{entry.revision}"
    assert plan.weights_fingerprint(config_with("sam2.1-hiera-tiny"), "sam2") != plan.weights_fingerprint(
        config_with(entry.name), "sam2"
    )


@pytest.mark.usefixtures("used")
def test_weights_that_nobody_knows_stop_the_plan(tmp_path: Path) -> None:
    images = tmp_path / "01"
    images.mkdir()
    raw = {"sam2": {"weights": "sam2.1-hiera-tinny"}, "sequences": [{"name": "01", "images": str(images), "frames": 2}]}
    with pytest.raises(WeightsError, match=r"Did you mean sam2\.1-hiera-tiny"):
        plan.complete(build_config(raw))


def test_a_movie_in_3d_needs_the_weights_that_draw_in_volumes(tmp_path: Path) -> None:
    plain = {"out": "results/a", "fill": {"method": "prompts3d"}, "sammed3d": {"weights": "sam-med3d-turbo"}}
    config = build_config(plain)
    assert (plan.asks_network(config, "sammed3d"), plan.asks_network(config, "sam2")) == (True, False)
    assert plan.weights_mark(config, "sammed3d") == [Path("results/a/weights_3d.sha256")]
    assert plan.weights_fingerprint(config, "sammed3d") == "sam-med3d-turbo@main"
    assert plan.weights_mark(config, "sam2") == plan.weights_mark(config, None) == []
    assert plan.weights_fingerprint(config, None) == ""
    images = tmp_path / "01"
    images.mkdir()
    sequences = [{"name": "01", "images": str(images), "frames": 2}]
    with pytest.raises(WeightsError, match=r"Did you mean sam-med3d-turbo"):
        plan.complete(build_config(plain | {"sammed3d": {"weights": "sam-med3d-turb"}, "sequences": sequences}))
