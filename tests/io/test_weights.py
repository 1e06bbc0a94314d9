"""Reading weights: three layouts give one plain value; each way to be wrong has an error that says so."""

import argparse
import hashlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from samtrack.config.weights import SHIPPED, WeightFile
from samtrack.errors import WeightsError
from samtrack.io.weights import open_weights, read_weights
from samtrack.io.weights_cache import write_record

STATE = {"encoder.weight": torch.arange(12.0).reshape(3, 4), "encoder.bias": torch.ones(3, dtype=torch.float16)}
CONFIG = {"model_type": "sam2_video", "num_maskmem": 7}


def write_folder(folder: Path, numbers: str = "model.safetensors") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    if numbers.endswith(".safetensors"):
        save_file(STATE, folder / numbers)
    else:
        torch.save(STATE, folder / numbers)
    return folder


def write_official(path: Path) -> Path:
    torch.save({"model": STATE}, path)
    return path


LAYOUTS: dict[str, Callable[[Path], Path]] = {
    "safetensors folder": lambda folder: write_folder(folder / "a"),
    "torch folder": lambda folder: write_folder(folder / "a", "pytorch_model.bin"),
    "safetensors file": lambda folder: write_folder(folder / "a", "mine.safetensors") / "mine.safetensors",
    "official": lambda folder: write_official(folder / "sam2.1_hiera_tiny.pt"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_tensors(tmp_path: Path, layout: str) -> None:
    path = LAYOUTS[layout](tmp_path)
    weights = read_weights(path)
    assert weights.state.keys() == STATE.keys()
    assert all(torch.equal(weights.state[key], STATE[key]) for key in STATE)
    assert weights.state["encoder.bias"].dtype == torch.float16
    assert weights.config == ({} if layout == "official" else CONFIG)
    assert weights.sha256 == hashlib.sha256(Path(weights.source).read_bytes()).hexdigest()
    assert weights.name == path.name


def test_an_old_torch_file_is_read_too(tmp_path: Path) -> None:
    torch.save({"model": STATE}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    assert torch.equal(read_weights(tmp_path / "old.pt").state["encoder.weight"], STATE["encoder.weight"])


class Trap:
    """A pickle that runs code when it is opened."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("code of a weight file was run",))


def truncated(path: Path, keep: float = 0.6) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    return path


def trap(path: Path) -> Path:
    torch.save({"model": STATE, "optimizer": Trap()}, path)
    return path


def text(path: Path, content: str = "not weights") -> Path:
    path.write_text(content)
    return path


def without_config(folder: Path) -> Path:
    (folder / "config.json").unlink()
    return folder


def with_config(folder: Path, content: str) -> Path:
    (folder / "config.json").write_text(content)
    return folder


def plain_pickle(path: Path) -> Path:
    path.write_bytes(pickle.dumps({"a": Trap()}, protocol=2))
    return path


def saved(path: Path, content: Any) -> Path:
    torch.save(content, path)
    return path


FAULTS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "no such path": (lambda d: d / "none.pt", "none.pt: does not exist. Relative paths count from"),
    "another suffix": (lambda d: text(d / "weights.h5"), r"ends in \.h5; expected \.safetensors"),
    "empty folder": (lambda d: d, r"expected model\.safetensors or pytorch_model\.bin in this folder, found nothing"),
    "no config": (
        lambda d: without_config(write_folder(d / "a")),
        r"config\.json: does not exist, but model\.safetensors",
    ),
    "config no JSON": (lambda d: with_config(write_folder(d / "a"), "{"), "is not JSON"),
    "config of nothing": (
        lambda d: with_config(write_folder(d / "a"), '{"a": 1}'),
        r"holds the keys \['a'\], expected",
    ),
    "config a list": (lambda d: with_config(write_folder(d / "a"), "[]"), "holds a list, expected"),
    "safetensors cut": (
        lambda d: truncated(write_folder(d / "a") / "model.safetensors").parent,
        "truncated or damaged .* Delete it",
    ),
    "torch cut": (lambda d: truncated(write_official(d / "a.pt")), r"truncated or damaged .*table of contents"),
    "torch text": (lambda d: text(d / "a.pt"), "never runs code|truncated or damaged"),
    "torch empty": (lambda d: text(d / "a.pt", ""), "truncated or damaged"),
    "trap": (lambda d: trap(d / "a.pt"), "samtrack never runs code from weight files"),
    "plain pickle": (lambda d: plain_pickle(d / "a.pt"), "samtrack never runs code from weight files"),
    "no tensors": (lambda d: saved(d / "a.pt", {"epoch": 3}), r"holds the keys \['epoch'\], expected named tensors"),
    "a tensor": (lambda d: saved(d / "a.pt", torch.ones(2)), "holds a Tensor, expected named tensors"),
    "nothing": (lambda d: saved(d / "a.pt", {}), r"holds the keys \[\]"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named(tmp_path: Path, fault: str) -> None:
    make, message = FAULTS[fault]
    with pytest.raises(WeightsError, match=message):
        read_weights(make(tmp_path))


def test_bytes_must_be_those_that_were_published_or_recorded(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "a")
    numbers = folder / "model.safetensors"
    good = hashlib.sha256(numbers.read_bytes()).hexdigest()
    assert read_weights(folder, known={numbers.name: WeightFile(numbers.name, "", good)}).sha256 == good
    with pytest.raises(WeightsError, match=f"SHA-256 is {good}, but {'0' * 64} was published"):
        read_weights(folder, known={numbers.name: WeightFile(numbers.name, "", "0" * 64)})
    write_record(numbers, "1" * 64)
    with pytest.raises(WeightsError, match=f"{'1' * 64} was recorded when it was fetched"):
        read_weights(folder)


def test_a_path_is_opened_as_it_is_and_a_missing_name_says_what_to_do(tmp_path: Path) -> None:
    assert open_weights(str(write_folder(tmp_path / "a")), tmp_path).config == CONFIG
    with pytest.raises(WeightsError, match=r"Run `samtrack weights fetch sam2\.1-hiera-tiny` where there is a network"):
        open_weights("sam2.1-hiera-tiny", tmp_path)
    with pytest.raises(WeightsError, match=r"'sam2.1-hiera-tyny'.* Did you mean sam2.1-hiera-tiny"):
        open_weights("sam2.1-hiera-tyny", tmp_path)


def test_shipped_weights_that_are_missing_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samtrack.io.weights_cache.SHIPPED_FOLDER", tmp_path / "gone")
    with pytest.raises(WeightsError, match=r"is missing, though it ships with samtrack\. Install the package anew"):
        open_weights(SHIPPED, tmp_path)
    (tmp_path / "gone" / "sam2").mkdir(parents=True)
    write_folder(tmp_path / "gone" / "sam2" / "tiny")
    assert open_weights(SHIPPED, tmp_path).state.keys() == STATE.keys()


def test_a_checkpoint_of_sam_med3d_with_all_that_its_trainer_writes(tmp_path: Path) -> None:
    """Tensors under 'model_state_dict', beside options of the run and numbers of numpy; still nothing is executed."""
    layer = torch.nn.Linear(2, 2)
    optimiser = torch.optim.AdamW(layer.parameters())
    layer(torch.ones(1, 2)).sum().backward()
    optimiser.step()
    path = tmp_path / "sam_med3d_turbo.pth"
    content = {
        "epoch": 7,
        "model_state_dict": layer.state_dict(),
        "optimizer_state_dict": optimiser.state_dict(),
        "lr_scheduler_state_dict": {"base_lrs": [8e-4], "_step_count": 3},
        "losses": [np.float64(0.5), np.float32(0.25)],
        "dices": [np.float64(0.75)],
        "best_loss": np.float64(0.25),
        "best_dice": 0.75,
        "args": argparse.Namespace(img_size=128, multi_gpu=False, lr=8e-4),
        "used_datas": ["a", "b"],
    }
    torch.save(content, path)
    assert open_weights(str(path), tmp_path).state.keys() == {"weight", "bias"}
