"""Weights of networks read from files into a plain value; what they mean is for ``samtrack.models`` to say.

Three layouts are read: a Hugging Face folder (config.json with model.safetensors or pytorch_model.bin), a single
.safetensors with a config.json beside it, and an official .pt. Nothing in them is ever executed.
"""

from __future__ import annotations

import argparse
import json
import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from samtrack.config.weights import REGISTRY, WeightFile
from samtrack.errors import WeightsError
from samtrack.io.weights_cache import CONFIG_FILE, SAFETENSORS_FILE, TORCH_FILE, check, locate

if TYPE_CHECKING:
    from torch import Tensor

TORCH_SUFFIXES = (".pt", ".pth", ".bin")

STATE_KEYS = ("model", "model_state_dict")
"""Where published checkpoints keep their tensors: SAM 2 and SAM-Med3D."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What a set of weights holds: the network's sizes (empty for an official .pt, which has none) and its tensors."""

    config: dict[str, Any]
    state: dict[str, Tensor]
    name: str
    sha256: str
    source: str


def open_weights(weights: str, cache: Path) -> Weights:
    """Read the weights that ``sam2.weights`` names; those of the registry must sum to what they should."""
    return read_weights(locate(weights, cache), weights, _known_files(weights))


def sha256_of(weights: str, cache: Path) -> str:
    """SHA-256 of the file with the numbers, without reading it as such; it must be what it should be."""
    numbers, _ = _parts(locate(weights, cache))
    checked = check(numbers, _known_files(weights).get(numbers.name))
    checked.require()
    return checked.found


def read_weights(path: Path, name: str | None = None, known: Mapping[str, WeightFile] | None = None) -> Weights:
    """Read a folder or a file. Files that ``known`` names, and those with a record beside them, must sum to it."""
    numbers, config_file = _parts(path)
    registered = known or {}
    if config_file is not None:
        check(config_file, registered.get(config_file.name)).require()
    checked = check(numbers, registered.get(numbers.name))
    checked.require()
    config = {} if config_file is None else _read_config(config_file)
    state = _read_safetensors(numbers) if numbers.suffix == ".safetensors" else _read_torch(numbers)
    return Weights(config, state, name or path.name, checked.found, str(numbers))


def _known_files(weights: str) -> dict[str, WeightFile]:
    return {file.name: file for file in REGISTRY[weights].files} if weights in REGISTRY else {}


def _parts(path: Path) -> tuple[Path, Path | None]:
    """The file with the numbers, and the one with the sizes if the layout has one."""
    if path.is_dir():
        for name in (SAFETENSORS_FILE, TORCH_FILE):
            if (path / name).is_file():
                return path / name, _config_beside(path / name)
        found = ", ".join(sorted(entry.name for entry in path.iterdir())[:8]) or "nothing"
        raise WeightsError(f"{path}: expected {SAFETENSORS_FILE} or {TORCH_FILE} in this folder, found {found}.")
    if not path.exists():
        raise WeightsError(f"{path}: does not exist. Relative paths count from {Path.cwd()}.")
    if path.suffix == ".safetensors":
        return path, _config_beside(path)
    if path.suffix in TORCH_SUFFIXES:
        return path, path.with_name(CONFIG_FILE) if path.name == TORCH_FILE else None
    raise WeightsError(
        f"{path}: ends in {path.suffix or 'nothing'}; expected .safetensors, {', '.join(TORCH_SUFFIXES)}, or a folder with "
        f"{CONFIG_FILE} and {SAFETENSORS_FILE}."
    )


def _config_beside(path: Path) -> Path:
    config = path.with_name(CONFIG_FILE)
    if not config.is_file():
        raise WeightsError(
            f"{config}: does not exist, but {path.name} does not say the network's sizes by itself. Put the config.json of "
            "its repository beside it."
        )
    return config


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror}). Check the path and its permissions.") from error
    except ValueError as error:
        raise WeightsError(f"{path}: is not JSON ({error}). Fetch the weights again.") from error
    if not isinstance(config, dict) or not isinstance(config.get("model_type"), str):
        found = f"the keys {sorted(config)[:8]}" if isinstance(config, dict) else f"a {type(config).__name__}"
        raise WeightsError(f"{path}: holds {found}, expected an object with 'model_type', as transformers writes it.")
    return config


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path, device="cpu"))
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(path, error) from error


def _read_torch(path: Path) -> dict[str, Tensor]:
    """Tensors of a torch file, by name; published ones keep them under 'model' or 'model_state_dict'."""
    import torch

    is_zip = zipfile.is_zipfile(path)
    if not is_zip and _starts_like_a_zip(path):
        raise _damaged(path, ValueError("its table of contents is missing"))
    try:
        # mapped, not copied, where the format allows it: the large network has 0.9 GB
        with torch.serialization.safe_globals(_harmless()):
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip)
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path}: holds more than tensors, which only running code could restore, or is no torch file "
            f"({_first_line(error)}). samtrack never runs code from weight files: save the plain state dict instead."
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise _damaged(path, error) from error
    state = content
    for key in STATE_KEYS:
        state = state.get(key, state) if isinstance(state, Mapping) else state
    if not isinstance(state, Mapping) or not state or not all(isinstance(v, torch.Tensor) for v in state.values()):
        found = f"the keys {sorted(map(str, state))[:6]}" if isinstance(state, Mapping) else f"a {type(state).__name__}"
        raise WeightsError(f"{path}: holds {found}, expected named tensors, also below 'model' or 'model_state_dict'.")
    return {str(key): value for key, value in state.items()}


def _harmless() -> list[Any]:
    """Types that checkpoints of SAM-Med3D hold beside tensors: options of the training run, and plain numbers."""
    plain = [np.dtype(kind) for kind in ("float16", "float32", "float64", "int32", "int64", "bool")]
    scalar = np.float64(0).__reduce__()[0]
    return [argparse.Namespace, np.dtype, scalar, (scalar, "numpy.core.multiarray.scalar"), *map(type, plain)]


def _starts_like_a_zip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == b"PK"


def _damaged(path: Path, error: Exception) -> WeightsError:
    return WeightsError(
        f"{path}: is truncated or damaged ({_first_line(error)}; {path.stat().st_size} bytes). Delete it and fetch it again."
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
