"""The software folder of a submission: samtrack itself, versions of its packages, settings, weights, entry scripts."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import samtrack
from samtrack.config import Config
from samtrack.config.layout import WEIGHTS_MARKS
from samtrack.config.weights import REGISTRY
from samtrack.errors import SubmissionError
from samtrack.io.archives import copy_tree, write_script
from samtrack.io.weights import sha256_of
from samtrack.io.weights_cache import CONFIG_FILE, SAFETENSORS_FILE, TORCH_FILE, cache_folder, file_sha256, locate
from samtrack.stages.plan import asks_network
from samtrack.stages.workflow import workflow_folder
from samtrack.submit.description import Weights
from samtrack.submit.scripts import COMMAND, COMPARE_VERSIONS, SETUP, software_folder

WORKFLOW_PARTS = ("Snakefile", "workflow", "envs", "profiles")
"""What of the workflow a copy of the package needs."""


def write_software(folder: Path) -> dict[str, str]:
    """Copy samtrack and what sets it up below the software folder; returns the versions of all packages."""
    own = folder / software_folder(samtrack.__version__)
    package, workflow = Path(samtrack.__file__).parent, workflow_folder()
    copy_tree(package, own / "samtrack")
    for name in WORKFLOW_PARTS:
        target = own / "samtrack" / "_workflow" / name
        if (workflow / name).is_dir():
            copy_tree(workflow / name, target)
        elif not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(workflow / name, target)
    packages = pinned_packages("samtrack")
    lines = ["# The versions that the results were made with.", *(f"{name}=={v}" for name, v in packages.items())]
    (own / "requirements.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (own / "compare_versions.py").write_text(COMPARE_VERSIONS, encoding="utf-8")
    (own / "setup.sh").write_text(SETUP, encoding="utf-8")
    (own / "bin").mkdir(exist_ok=True)
    write_script(own / "bin" / "samtrack", COMMAND)
    return {"samtrack": samtrack.__version__, **packages}


def pinned_packages(root: str) -> dict[str, str]:
    """Everything that a package needs, directly or not, with the version that is installed; without the package itself.

    What comes after a ``+`` (the build of PyTorch) is left out: no index knows it by that name.
    """
    try:
        todo = [(requirement, "") for requirement in metadata.requires(root) or []]
    except metadata.PackageNotFoundError as error:
        raise SubmissionError(
            f"{root} is not installed, so nobody can say which packages it needs. Install it (pip install) and try again."
        ) from error
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    while todo:
        text, extra = todo.pop()
        wanted = Requirement(text)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(wanted.name)
        try:
            found[name] = metadata.version(name).partition("+")[0]
        except metadata.PackageNotFoundError:
            continue  # wanted on other systems, or for other builds
        new = {(name, e) for e in ("", *wanted.extras)} - seen
        seen |= new
        todo += [(more, e) for _, e in sorted(new) for more in metadata.requires(name) or []]
    return dict(sorted(found.items()))


def write_settings(path: Path, config: Config, replaced: dict[str, str]) -> str:
    """The resolved settings without what is different on another machine; ``replaced`` settings name copied files."""
    plain: dict[str, Any] = config.model_dump(mode="json", exclude={"preset", "sequences", "out"})
    for key, value in replaced.items():
        section, _, name = key.partition(".")
        plain[section][name] = value
    for network in WEIGHTS_MARKS:
        plain[network]["cache"] = None
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)
    head = f"# All settings of {config.dataset}, resolved. Files that they name lie in this folder.\n"
    path.write_text(head + text, encoding="utf-8")
    return text


def take_weights(config: Config, folder: Path, with_fetched: bool) -> tuple[list[Weights], dict[str, str], list[str]]:
    """Copy the user's weights and link model into the software folder.

    Returns what was used, the settings that name copied files with their paths there, and names of the registry that the
    scripts have to fetch (those copied with ``with_fetched`` are found where they would be fetched to).
    """
    used, replaced, fetched = [], {}, []
    for network in WEIGHTS_MARKS:
        if not asks_network(config, network):
            continue
        settings = getattr(config, network)
        cache, name = cache_folder(settings.cache), str(settings.weights)
        sha256 = sha256_of(name, cache)
        entry = REGISTRY.get(name)
        if entry is None:
            place = f"weights/{sha256[:12]}"
            replaced[f"{network}.weights"] = _take(locate(name, cache), folder, place)
            used.append(Weights(network, Path(name).name, sha256, f"in SW/{place}"))
        elif entry.ships:
            used.append(Weights(network, name, sha256, "ships with samtrack"))
        else:
            fetched.append(name)
            origin = f"{entry.source}, revision {entry.revision or 'main'}, fetched by the entry scripts"
            if with_fetched:
                copy_tree(cache / name, folder / "weights" / "cache" / name)
                origin = f"{entry.source}, revision {entry.revision or 'main'}, in SW/weights/cache"
            used.append(Weights(network, name, sha256, origin))
    if config.link.model is not None:
        model = Path(config.link.model)
        sha256 = file_sha256(model)
        replaced["link.model"] = _take(model, folder, f"weights/{sha256[:12]}")
        used.append(Weights("link.model", model.name, sha256, f"in SW/weights/{sha256[:12]}"))
    return used, replaced, fetched


def _take(path: Path, folder: Path, place: str) -> str:
    """Copy weights (a file, or the files of a folder that count); returns what names them from the software folder."""
    target = folder / place
    target.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        for name in (CONFIG_FILE, SAFETENSORS_FILE, TORCH_FILE):
            if (path / name).is_file():
                shutil.copyfile(path / name, target / name)
        return place
    shutil.copyfile(path, target / path.name)
    if path.suffix == ".safetensors":
        shutil.copyfile(path.with_name(CONFIG_FILE), target / CONFIG_FILE)
    return f"{place}/{path.name}"


def write_sums(path: Path, folder: Path, weights: Sequence[Weights]) -> None:
    """Checksums of everything that runs and of all weights, as ``sha256sum --check`` reads them from the software folder."""
    files = [
        f for place in (software_folder(samtrack.__version__), "weights") for f in sorted((folder / place).rglob("*"))
    ]
    sums = {f.relative_to(folder).as_posix(): file_sha256(f) for f in files if f.is_file()}
    for one in weights:
        if one.name in REGISTRY and not REGISTRY[one.name].ships:
            sums[f"weights/cache/{one.name}/{REGISTRY[one.name].main_file.name}"] = one.sha256
    path.write_text("".join(f"{sums[name]}  {name}\n" for name in sorted(sums)), encoding="utf-8")
