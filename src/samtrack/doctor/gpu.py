"""The build of torch, and the GPUs as the driver and as torch see them.

torch is loaded in a process of its own: it takes seconds, it may be missing, and a broken driver may end who asks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from samtrack.doctor.command import Answer, ask
from samtrack.doctor.finding import Finding, note, ok, problem
from samtrack.doctor.situation import Situation

PROBE_S = 120.0
"""Seconds that loading torch and waking all GPUs may take: a cold file server gives torch's 1 to 5 GB slowly."""

AMPERE = 8
"""Major compute capability from which bfloat16 is multiplied fast (models/device.py takes it from there on)."""

PROBE = """
import json, torch
told = {"version": torch.__version__, "cuda": torch.version.cuda, "hip": torch.version.hip, "gpus": [],
        "archs": [], "mps": bool(torch.backends.mps.is_available())}
if torch.cuda.is_available():
    told["archs"] = torch.cuda.get_arch_list()
    for i in range(torch.cuda.device_count()):
        try:
            known = torch.cuda.get_device_properties(i)
            free, total = torch.cuda.mem_get_info(i)
            ones = torch.ones(64, 64, device=f"cuda:{i}")
            fault = "" if float((ones @ ones)[0, 0]) == 64 else "multiplies wrongly"
            told["gpus"].append({"name": known.name, "capability": [known.major, known.minor], "free": free,
                                 "total": total, "fault": fault})
        except Exception as error:
            told["gpus"].append({"name": f"cuda:{i}", "capability": [0, 0], "free": 0, "total": 0,
                                 "fault": str(error).splitlines()[0]})
print("TOLD" + json.dumps(told))
"""
"""What is asked of torch: small enough for any GPU, and a product, since a GPU may be listed and yet not work."""

NEW_TORCH = "Choose the build that fits the driver at https://pytorch.org/get-started, or update the driver."


def check_gpu(situation: Situation) -> Iterator[Finding]:
    """torch, the driver, every GPU, and whether they are what the configuration asks for."""
    driver = _driver()
    if driver is not None:
        yield driver
    answer = ask(sys.executable, "-c", PROBE, timeout_s=PROBE_S)
    line = next((line for line in answer.out.splitlines() if line.startswith("TOLD")), None)
    if line is None:
        yield _no_torch(situation, answer)
        return
    told = json.loads(line.removeprefix("TOLD"))
    build = f"CUDA {told['cuda']}" if told["cuda"] else f"ROCm {told['hip']}" if told["hip"] else "no CUDA"
    yield ok("torch", f"{told['version']}, built for {build}")
    yield from judge_gpus(situation, told, driver is not None, answer.err)


def _no_torch(situation: Situation, answer: Answer) -> Finding:
    if not situation.networks:
        return ok("torch", f"cannot be loaded ({answer.complaint}), and no stage asks a network")
    do = f"`{sys.executable} -m pip install torch`, or a configuration without networks (fill.method: shape)."
    return problem("torch", f"cannot be loaded: {answer.complaint}", do)


def _driver() -> Finding | None:
    """What NVIDIA's own tool says of the driver; None where there is none."""
    answer = ask("nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader")
    if answer.is_missing:
        return None
    if not answer.is_good:
        do = "Load or reinstall the NVIDIA driver (a reboot after its update is often all)."
        return note("NVIDIA driver", f"nvidia-smi fails: {answer.complaint}", do)
    return ok("NVIDIA driver", "; ".join(line.strip() for line in answer.out.splitlines() if line.strip()))


def judge_gpus(situation: Situation, told: dict[str, Any], has_driver: bool, said: str) -> Iterator[Finding]:
    """Findings on what torch told of itself; ``said`` are its warnings."""
    gpus, asked = told["gpus"], situation.stages_on_gpus
    for number, known in enumerate(gpus):
        yield _judge(f"GPU {number}", known, told["archs"], situation)
    yield from _judge_devices(situation, len(gpus))
    yield from _judge_number(situation, len(gpus))
    if gpus:
        return
    if told["mps"]:
        yield ok("GPU", "Apple's (mps)")
    elif has_driver and not told["cuda"]:
        yield note(
            "GPU", "there is an NVIDIA driver, but torch is built without CUDA: networks run on the CPU", NEW_TORCH
        )
    elif has_driver:
        warned = " ".join(said.split())[-300:]
        yield note(
            "GPU", f"torch cannot use it: {warned or 'no reason is given'}; is CUDA_VISIBLE_DEVICES set?", NEW_TORCH
        )
    elif situation.profile.uses_slurm or not asked:
        where = "jobs ask Slurm for theirs" if asked else "no stage asks for one"
        yield ok("GPU", f"none on this machine; {where}")
    else:
        do = "Nothing for small movies; for large ones use a machine or a cluster with GPUs (--profile slurm)."
        yield note("GPU", f"none: jobs of {', '.join(asked)} ask a network on the CPU, many times slower", do)


def _judge_number(situation: Situation, n_gpus: int) -> Iterator[Finding]:
    """GPUs that the profile of one machine gives to jobs, against those that are seen."""
    given = situation.profile.gpus
    if given is None or given == n_gpus or situation.profile.uses_slurm or not situation.stages_on_gpus:
        return
    shared = (
        "jobs that ask a network would run one after the other, on the CPU" if n_gpus == 0 else "jobs would share GPUs"
    )
    found = f"gpu={given}, but {n_gpus} are seen: {shared if given > n_gpus else 'some would stand idle'}"
    do = f"Give `--resources gpu={n_gpus}`" if n_gpus else f"Set {situation.networks[0]}.device: cpu"
    yield note("resources of the profile", found, f"{do}, or correct CUDA_VISIBLE_DEVICES or the driver.")


def _judge_devices(situation: Situation, n_gpus: int) -> Iterator[Finding]:
    """Devices that the configuration names and this machine lacks; with Slurm, the jobs' machines matter instead."""
    for section in situation.networks:
        device = getattr(situation.config, section).device
        number = int(device.partition(":")[2] or 0)
        if device.startswith("cuda") and number >= n_gpus and not situation.profile.uses_slurm:
            yield problem(
                f"{section}.device", f"{device}, but there are {n_gpus} usable GPUs", f"Set {section}.device: auto."
            )
        if device.startswith("cuda:") and situation.profile.uses_slurm:
            found = f"{device}: a job of Slurm sees only the GPUs that it was given, counted from 0"
            yield note(f"{section}.device", found, f"Set {section}.device: auto.")


def _judge(checked: str, known: dict[str, Any], archs: list[str], situation: Situation) -> Finding:
    """One GPU: does it work, is torch built for it, is it large enough, is bfloat16 fast."""
    major, minor = known["capability"]
    free, total = known["free"] / 1e9, known["total"] / 1e9
    is_fast = major >= AMPERE
    found = f"{known['name']}, {total:.1f} GB ({free:.1f} free), compute capability {major}.{minor}, "
    found += "bfloat16" if is_fast else "float32 only"
    if known["fault"]:
        return problem(checked, f"{known['name']}: {known['fault']}", NEW_TORCH)
    if archs and not _is_built_for(major, minor, archs):
        return problem(checked, f"{found}; torch is built for {', '.join(archs)}", NEW_TORCH)
    needed = {name: getattr(situation.config, name).memory_gb for name in situation.networks}
    for section, gb in needed.items():
        if gb > free:
            return note(checked, f"{found}; {section}.memory_gb is {gb:g}", f"Free it, or lower {section}.memory_gb.")
        if getattr(situation.config, section).precision == "bfloat16" and not is_fast:
            return note(checked, f"{found}; bfloat16 is slow here", f"Set {section}.precision: auto.")
    return ok(checked, found)


def _is_built_for(major: int, minor: int, archs: list[str]) -> bool:
    """Whether code for a GPU is there: of its generation and not newer, or intermediate code of an older one."""
    for arch in archs:
        kind, _, digits = arch.partition("_")
        number = digits.rstrip("af")
        if not number.isdigit():
            return True  # AMD's names say nothing that could be compared
        built = (int(number[:-1]), int(number[-1]))
        if (kind == "sm" and built[0] == major and built[1] <= minor) or (
            kind == "compute" and built <= (major, minor)
        ):
            return True
    return False
