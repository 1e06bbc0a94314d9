"""Options and fixtures that all rooms' tests share."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hypothesis
import numpy as np
import pytest

from samtrack.config import build_config
from samtrack.config.load import merge
from samtrack.models.sam2.windows import Lattice, cut
from samtrack.stages.address import Address
from samtrack.stages.plan import complete

# As many tests run at once as there are cores: threads of torch would wait for each other. Before it is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A slow moment of a busy machine is no fault of the code under test.
hypothesis.settings.register_profile("samtrack", deadline=None)
hypothesis.settings.load_profile("samtrack")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="accept today's results as the frozen ones")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several processes share the tests, the slow ones come first: others fill the time that is left at the end."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: item.get_closest_marker("workflow") is None)


WITHOUT_NETWORK = {"link": {"sam2": "off"}}
"""What tests start from: those that want the network say so, all others need not wait for it."""


def track_in_process(raw: dict[str, Any]) -> Address:
    """All stages of the first sequence of a configuration, one after the other, without Snakemake."""
    from samtrack.stages.associate import run_associate
    from samtrack.stages.export import run_export_ctc, run_export_tracks
    from samtrack.stages.export_files import run_export_files
    from samtrack.stages.fill import run_fill
    from samtrack.stages.ingest import run_ingest
    from samtrack.stages.lineages import run_lineages
    from samtrack.stages.link import run_link
    from samtrack.stages.measure import run_measure, run_summarise
    from samtrack.stages.propagate import run_propagate
    from samtrack.stages.segment import run_diameter, run_segment

    config = complete(build_config(merge(WITHOUT_NETWORK, raw)))
    address = Address(config, config.sequences[0])
    if not address.layout.movie.exists():
        run_ingest(address.sources.images, address.layout.movie, config, address.sequence.frames)
    if address.measured_diameter:
        run_diameter(address)
    for name in address.names:
        run_segment(address, name)
        run_measure(address, name)
    run_summarise(address)
    if address.asks_sam2:
        for name in address.names:
            run_propagate(address, name)
    for name in address.names:
        run_link(address, name)
    run_associate(address)
    if address.follows_some:
        run_lineages(address)
    for name in address.names:
        run_fill(address, name)
    run_export_tracks(address)
    if config.export.ctc:
        run_export_ctc(address)
    run_export_files(address)
    return address


def _sam2_config(image_px: int = 64, width: int = 32) -> dict[str, Any]:
    """The configuration of a SAM 2 network as small as it gets: a few hundred thousand weights, 4 tokens across."""
    tokens = image_px // 16
    stages = [4, 8, 16, 32]
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": stages[0],
        "num_attention_heads": 1,
        "image_size": [image_px, image_px],
        "blocks_per_stage": [1, 1, 2, 1],
        "embed_dim_per_stage": stages,
        "num_attention_heads_per_stage": [1, 1, 2, 2],
        "window_size_per_stage": [8, 4, 4, 4],
        "global_attention_blocks": [3],
        "window_positional_embedding_background_size": [tokens // 2, tokens // 2],
    }
    return {
        "model_type": "sam2_video",
        "image_size": image_px,
        "vision_config": {
            "model_type": "sam2_vision_model",
            "backbone_config": backbone,
            "backbone_channel_list": stages[::-1],
            "backbone_feature_sizes": [[4 * tokens] * 2, [2 * tokens] * 2, [tokens] * 2],
            "fpn_hidden_size": width,
            "num_feature_levels": 3,
        },
        "prompt_encoder_config": {"hidden_size": width, "image_size": image_px},
        "mask_decoder_config": {
            "hidden_size": width,
            "mlp_dim": 32,
            "num_attention_heads": 2,
            "iou_head_hidden_dim": 32,
            "dynamic_multimask_via_stability": False,
        },
        "multimask_output_in_sam": False,
        "memory_attention_hidden_size": width,
        "memory_attention_num_layers": 1,
        "memory_attention_feed_forward_hidden_size": 32,
        "memory_attention_rope_feat_sizes": [tokens, tokens],
        "memory_encoder_hidden_size": width,
        "memory_encoder_output_channels": 64,
        "mask_downsampler_embed_dim": width,
        "memory_fuser_embed_dim": width,
        "memory_fuser_intermediate_dim": 32,
    }


@pytest.fixture(scope="session")
def sam2_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of random weights, as `sam2.weights` may name it."""
    from safetensors.torch import save_file

    from samtrack.models.sam2.build import random_model, state_of

    folder, config = tmp_path_factory.mktemp("weights"), _sam2_config()
    save_file(state_of(random_model(config)), folder / "model.safetensors")
    habits = {"mask_prompt": True, "pointers": False, "cell_px": 24, "window_px": 64, "tile_px": 64}
    (folder / "config.json").write_text(json.dumps(config | {"samtrack": habits}))
    return folder


@pytest.fixture(scope="session")
def track() -> Callable[[dict[str, Any]], Address]:
    """Run all stages in this process."""
    return track_in_process


def content_of(path: Path) -> bytes:
    """What a file holds; of a page without the section that says how long the run took, and on which machine."""
    content = path.read_bytes()
    return (
        re.sub(rb'<section id="run">.*?</section>', b"", content, flags=re.DOTALL)
        if path.suffix == ".html"
        else content
    )


def digests(folder: Path, *patterns: str) -> dict[str, str]:
    """Relative path → SHA-256 of every file below a folder that matches one of the patterns."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(content_of(path)).hexdigest()
        for pattern in patterns
        for path in sorted(folder.glob(pattern))
        if path.is_file() and not path.name.startswith(".snakemake")
    }


@pytest.fixture(scope="session")
def digest() -> Callable[..., dict[str, str]]:
    """Digests of files, for comparing two results byte for byte."""
    return digests


class SharpEngine:
    """An engine whose network is always right: a cell is whatever has the grey value of its mask or of its click.

    At the default sizes a cell of 10 voxels has four model pixels per voxel, so that every voxel is one logit: its answers
    are exact. ``absent`` are the grey values (as the engine sees them, 0 to 1) that it does not take for cells,
    ``iou`` is what it expects of itself; ``looked`` are the shapes of the planes it has encoded. The logit of a mask is 8
    divided by the number of frames it was carried.
    """

    def __init__(self, cell_px: float = 40.0, window_px: int = 256, tile_px: int = 512) -> None:
        self.use = SimpleNamespace(cell_px=cell_px, window_px=window_px, tile_px=tile_px, memory_gb=1.0)
        self.side = window_px // 16
        self.absent: tuple[float, ...] = ()
        self.iou = 0.9
        self.looked: list[tuple[int, ...]] = []

    def lattice(self, shape: Any, cell_px: Any) -> Lattice:
        return Lattice(shape, (self.use.cell_px / cell_px[0], self.use.cell_px / cell_px[1]), 16)

    def look(self, plane: Any, lattice: Lattice) -> SimpleNamespace:
        self.looked.append(plane.shape)
        tokens = tuple(max(-(-n // 16), self.side) for n in lattice.size_px)
        return SimpleNamespace(lattice=lattice, tokens=tokens, plane=plane, maps=(plane,))

    def corners(self, picture: Any, centre: Any) -> Any:
        return np.clip(picture.lattice.corners(centre, self.side), 0, np.array(picture.tokens) - self.side)

    def remember(self, picture: Any, labels: Any, label: Any, corner: Any) -> Any:
        return np.array([np.median(picture.plane[labels == value]) for value in label])

    def carry(self, memories: Any, picture: Any, corner: Any) -> SimpleNamespace:
        ((ago, grey),) = memories
        return self._answer(picture, corner, grey, 8.0 / ago)

    def from_points(self, picture: Any, corner: Any, points: Any, is_in: Any) -> SimpleNamespace:
        y, x = points[is_in == 1].astype(int).T
        return self._answer(picture, corner, picture.plane[y, x], 8.0)

    def _answer(self, picture: Any, corner: Any, grey: Any, height: float) -> SimpleNamespace:
        seen = cut(picture.plane, picture.lattice, corner, self.side, 4)
        logits = np.where(np.abs(seen - grey[:, None, None]) < 0.01, height, -height).astype(np.float32)
        is_absent = np.abs(grey[:, None] - np.array([*self.absent, -9.0])).min(axis=1) < 0.01
        iou = np.full(len(grey), self.iou, dtype=np.float32)
        return SimpleNamespace(
            logits=logits,
            object_logit=np.where(is_absent, -9.0, 9.0),
            iou=iou,
            corner=corner,
            lattice=picture.lattice,
        )


@pytest.fixture
def sharp_engine() -> type[SharpEngine]:
    """An engine that is always right."""
    return SharpEngine


@pytest.fixture(scope="session")
def random_engine() -> Callable[..., Any]:
    """A function that makes engines of one random network: ``memory_gb`` decides how many cells are taken at once."""
    import torch

    from samtrack.models.sam2.adapter import Sam2Engine, Use
    from samtrack.testing.networks import small_network

    network = small_network(seed=3)  # one that takes what it is shown for cells

    def make(memory_gb: float = 1.0) -> Any:
        use = Use(torch.device("cpu"), torch.float32, memory_gb, cell_px=24.0, window_px=64, tile_px=128)
        return Sam2Engine(network, use)

    return make
