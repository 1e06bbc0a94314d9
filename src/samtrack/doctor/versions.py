"""Python, samtrack and its packages: what is installed, what samtrack asks for, and what its tests ran with.

What it asks for stands in the metadata of the installed package; what the tests ran with, in the environment files that lie
beside the workflow, in a checkout as in a wheel.
"""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import yaml

from samtrack import __version__
from samtrack.doctor.finding import Finding, note, ok, problem
from samtrack.doctor.situation import Situation
from samtrack.stages.workflow import workflow_folder

PACKAGE = "samtrack"
ENVIRONMENTS = ("core", "report", "torch")
"""Files in ``envs`` that together hold every package that samtrack asks for."""

OF_NETWORKS = ("torch", "transformers", "safetensors")
"""Packages that only jobs which ask a network load."""


def pins_of_tests(folder: Path) -> dict[str, str]:
    """Package (and ``python``) to the version that the tests ran with, from the environment files in a folder."""
    pins: dict[str, str] = {}
    for name in ENVIRONMENTS:
        entries = yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8"))["dependencies"]
        lines = [line for entry in entries if isinstance(entry, dict) for line in entry["pip"]]
        lines += [entry.replace("=", "==", 1) for entry in entries if isinstance(entry, str) and "=" in entry]
        pins |= {_plain(line.partition("==")[0]): line.partition("==")[2] for line in lines}
    return pins


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(".", "-")


def check_python(situation: Situation) -> Iterator[Finding]:
    """Its version against the one of the tests and the oldest that will do; samtrack's own version."""
    from packaging.specifiers import SpecifierSet

    found, where = platform.python_version(), f"at {sys.executable}"
    tested = pins_of_tests(workflow_folder() / "envs").get("python", "")
    wanted = metadata.metadata(PACKAGE)["Requires-Python"] or ""
    if found not in SpecifierSet(wanted, prereleases=True):
        yield problem("Python", f"{found} {where}, needed {wanted}", f"Install samtrack into Python {tested}.")
    elif found.split(".")[:2] != tested.split(".")[:2]:
        do = f"Nothing as long as all goes well; else install samtrack into Python {tested}."
        yield note("Python", f"{found} {where}; the tests ran with {tested}", do)
    else:
        yield ok("Python", f"{found} {where}")
    installed = metadata.version(PACKAGE)
    if installed == __version__:
        yield ok(PACKAGE, f"{__version__} in {Path(__file__).parents[1]}")
    else:
        found = f"the code in {Path(__file__).parents[1]} is {__version__}, but {installed} is installed"
        yield note(PACKAGE, found, "Install it anew (`pip install -e .` in a checkout), and look at $PYTHONPATH.")


def check_packages(situation: Situation) -> Iterator[Finding]:
    """Every package that samtrack asks for: here, not too old or too new, and the version of the tests."""
    from packaging.requirements import Requirement
    from packaging.version import Version

    tested = pins_of_tests(workflow_folder() / "envs")
    others: list[tuple[str, str, str]] = []
    n_good = 0
    for line in metadata.requires(PACKAGE) or []:
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        pin = tested.get(_plain(wanted.name), "")
        install = f"`{sys.executable} -m pip install '{wanted.name}=={pin}'`" if pin else f"`pip install '{wanted}'`"
        try:
            found = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            yield _missing(situation, wanted.name, str(wanted), install)
            continue
        if not wanted.specifier.contains(found, prereleases=True):
            yield problem(f"package {wanted.name}", f"{found}, needed {wanted.specifier}", install)
        elif pin and Version(found).public != pin:
            others.append((wanted.name, found, pin))
        else:
            n_good += 1
    if others:
        found = ", ".join(f"{name} {here} (tests: {pin})" for name, here, pin in others)
        pins = " ".join(f"{name}=={pin}" for name, _, pin in others)
        do = f"Nothing as long as all goes well; else `{sys.executable} -m pip install {pins}`."
        yield note("packages", f"allowed, but not those of the tests: {found}", do)
    yield ok("packages", f"{n_good} at the versions that the tests ran with")


def _missing(situation: Situation, name: str, wanted: str, install: str) -> Finding:
    is_needed = name not in OF_NETWORKS or bool(situation.networks)
    if "conda" in situation.profile.deployment and name in OF_NETWORKS:
        return note(f"package {name}", "not here; jobs have it from envs/torch.yaml", "Nothing, or " + install)
    if is_needed:
        return problem(f"package {name}", f"not installed, needed {wanted}", install)
    return note(f"package {name}", "not installed; no stage of this configuration asks a network", install)


def check_commands(situation: Situation) -> Iterator[Finding]:
    """The commands that jobs call, as they find them: first beside the Python that runs the workflow."""
    beside = Path(sys.executable).parent
    found = shutil.which(PACKAGE, path=str(beside)) or shutil.which(PACKAGE)
    if found is None:
        do = f"`{sys.executable} -m pip install --force-reinstall --no-deps samtrack`, or put its folder on the PATH."
        yield problem("command samtrack", f"neither in {beside} nor on the PATH; every job calls it", do)
    else:
        yield ok("command samtrack", found)
    snakemake = shutil.which("snakemake")
    if snakemake and Path(snakemake).parent != beside and not (beside / "snakemake").exists():
        found = f"{snakemake} is of another Python than {sys.executable}, so it may not find samtrack"
        yield note("command snakemake", found, f"`{sys.executable} -m pip install snakemake`")
    elif snakemake and Path(snakemake).parent != beside:
        found = f"{snakemake} comes first on the PATH, not {beside / 'snakemake'}"
        yield note("command snakemake", found, f"Call {beside / 'snakemake'}, or `export PATH={beside}:$PATH`.")
