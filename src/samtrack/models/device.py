"""On what a network runs, and with how many bits."""

from __future__ import annotations

import torch

from samtrack.errors import SettingsError


def choose_device(asked: str, setting: str = "sam2.device") -> tuple[torch.device, str]:
    """The device that ``setting`` asks for, and a line that says what was taken and why."""
    if asked == "auto":
        if torch.cuda.is_available():
            device = torch.device("cuda")
            return device, f"runs on {torch.cuda.get_device_name(device)}"
        if torch.backends.mps.is_available():
            return torch.device("mps"), "runs on the Apple GPU (mps)"
        return torch.device("cpu"), f"no GPU found: runs on the CPU, {torch.get_num_threads()} threads"
    try:
        device = torch.device(asked)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        first = str(error).splitlines()[0]
        raise SettingsError(
            f"{setting}: {asked!r} cannot be used here ({first}). Use auto, cpu, cuda, cuda:1 … or mps."
        ) from error
    return device, f"runs on {device}, as asked"


def choose_precision(asked: str, device: torch.device) -> torch.dtype:
    """The type in which matrices are multiplied: half of float32 where the device is good at it."""
    if asked == "float32":
        return torch.float32
    if asked == "bfloat16":
        return torch.bfloat16
    return torch.bfloat16 if _is_good_at_bfloat16(device) else torch.float32


def _is_good_at_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is taken unasked: on GPUs since Ampere.

    A CPU with matrix units gains 1.7 times, but there results would differ from machine to machine.
    """
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
