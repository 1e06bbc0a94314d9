"""Weights of the networks that the configuration asks: here, intact, and whether missing ones could be fetched."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from samtrack.config.weights import REGISTRY, WeightsEntry
from samtrack.doctor.disk import mount_of
from samtrack.doctor.finding import Finding, note, ok, problem
from samtrack.doctor.situation import Situation
from samtrack.doctor.trial import existing, trial_folder
from samtrack.errors import WeightsError
from samtrack.io.weights_cache import CACHE_VARIABLE, Checked, cache_folder, check, is_here, locate, verify
from samtrack.io.weights_fetch import OFFLINE_VARIABLES, TOKEN_VARIABLE
from samtrack.stages.plan import learns_first

PROXIES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "HF_ENDPOINT")
"""Environment variables that say through which machine weights are fetched."""

WEIGHT_SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")
"""Files of a folder of weights that hold numbers."""


def check_weights(situation: Situation) -> Iterator[Finding]:
    """Those of every network that a stage asks."""
    if not situation.networks:
        yield ok("weights", "no stage asks a network")
    for section in situation.networks:
        yield from _check_section(situation, section)


def _check_section(situation: Situation, section: str) -> Iterator[Finding]:
    settings = getattr(situation.config, section)
    name, cache = settings.weights, cache_folder(settings.cache)
    checked = f"{section}.weights {name}"
    entry = REGISTRY.get(name)
    if section == "sammed3d" and learns_first(situation.config):
        yield ok(checked, "will be made by the rule train")
    elif entry is not None and not entry.ships and not is_here(entry, cache):
        yield _missing(checked, entry, cache)
    else:
        yield from _check_files(checked, name, cache)


def _check_files(checked: str, name: str, cache: Path) -> Iterator[Finding]:
    try:
        place = locate(name, cache)
        entry = REGISTRY.get(name)
        sums = verify(entry, cache) if entry is not None else [check(path) for path in numbers_in(place)]
    except WeightsError as error:
        yield problem(checked, str(error), "Do what it says.")
        return
    if not sums:
        kinds = ", ".join(WEIGHT_SUFFIXES)
        yield problem(checked, f"{place} holds no file that ends in {kinds}", "Name the folder that holds one.")
    for one in sums:
        yield _judge(checked, one, is_shipped=entry is not None and entry.ships)


def numbers_in(place: Path) -> list[Path]:
    """The files of numbers of the user's weights: the file itself, or those in its folder."""
    return sorted(p for p in place.iterdir() if p.suffix in WEIGHT_SUFFIXES) if place.is_dir() else [place]


def _judge(checked: str, one: Checked, is_shipped: bool) -> Finding:
    told = f"{one.path} sums to {one.found[:12]}…"
    expected = installed_sha256(one.path) if is_shipped else one.expected
    if expected is not None and expected != one.found:
        anew = "Install samtrack anew." if is_shipped else "Delete it, then `samtrack weights fetch` it again."
        return problem(checked, f"{told}, expected {expected[:12]}…: damaged or replaced", anew)
    basis = "as installed" if is_shipped else f"known from: {one.basis}"
    return ok(checked, told + (f", {basis}" if expected else ", nothing to compare it with"))


def installed_sha256(path: Path) -> str | None:
    """What a file of the installed package summed to when the wheel was made; None in a checkout."""
    for file in metadata.files("samtrack") or []:
        if file.hash is not None and file.hash.mode == "sha256" and Path(str(file.locate())) == path:
            padded = file.hash.value + "=" * (-len(file.hash.value) % 4)
            return base64.urlsafe_b64decode(padded).hex()
    return None


def _missing(checked: str, entry: WeightsEntry, cache: Path) -> Finding:
    """Weights that are to be fetched: the run does so first, where it may."""
    offline = [name for name in OFFLINE_VARIABLES if os.environ.get(name, "").upper() in {"1", "ON", "YES", "TRUE"}]
    fetch = f"`samtrack weights fetch {entry.name}` where there is a network"
    if offline:
        found = f"not in {cache}, and {' and '.join(offline)} forbids to fetch them"
        return problem(checked, found, f"{fetch}, then copy its folder to {cache / entry.name}.")
    if entry.gated and not os.environ.get(TOKEN_VARIABLE):
        do = f"Accept the licence at {entry.source}, `export {TOKEN_VARIABLE}=` your token, then {fetch}."
        return problem(checked, f"not in {cache}, and only fetched with a token", do)
    proxies = [f"{name}={os.environ[name].rpartition('@')[2]}" for name in PROXIES if os.environ.get(name)]
    told = f" through {', '.join(proxies)}" if proxies else ""
    found = f"not in {cache}; a run fetches {entry.size_mb:.0f} MB before anything else{told}"
    return note(checked, found, f"{fetch}, to be sure of it.")


def check_cache(situation: Situation) -> Iterator[Finding]:
    """Whether fetched weights could be kept, and whether other nodes would see them."""
    for section in situation.networks:
        settings = getattr(situation.config, section)
        entry = REGISTRY.get(settings.weights)
        cache = cache_folder(settings.cache)
        checked = f"cache of {section}.weights {cache}"
        if entry is None or entry.ships:
            yield ok(checked, "not needed: nothing is fetched")
            continue
        yield _judge_cache(checked, cache, is_filled=is_here(entry, cache))
        mount = mount_of(existing(cache))
        if situation.profile.uses_slurm and not mount.is_shared:
            do = f"Set {section}.cache, or ${CACHE_VARIABLE}, to a folder that all nodes see."
            yield note(checked, f"{mount.kind} at {mount.point} looks local, and jobs run on other nodes", do)


def _judge_cache(checked: str, cache: Path, is_filled: bool) -> Finding:
    folder = existing(cache)
    try:
        with trial_folder(folder):
            return ok(checked, "can be written")
    except OSError as error:
        found = f"{folder} cannot be written ({error.strerror})"
    if is_filled:
        return ok(checked, f"{found}, and need not: the weights are there")
    return problem(checked, found, f"`export {CACHE_VARIABLE}=` a folder of yours.")
