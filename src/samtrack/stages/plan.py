"""Before a run: the user's configuration made complete, checked against the files, saved, and its folder locked."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import sys
from pathlib import Path

import yaml

from samtrack.config import Config, SequenceSettings, network_of
from samtrack.config.layout import LOCK_FILE, RUN_CONFIG, WEIGHTS_MARKS, sources_of, trained_folder
from samtrack.config.load import build_config, read_yaml
from samtrack.config.weights import REGISTRY, entry_named
from samtrack.errors import DataError, PlanError, SettingsError, WeightsError
from samtrack.io.atomic import written_file
from samtrack.stages.cut import with_blocks
from samtrack.stages.pins import require_pins

LOCK_VARIABLE = "SAMTRACK_LOCK"
"""Environment variable that tells a process which lock it holds itself."""

NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""How file systems say that they have no locks, as some of clusters do unless they are mounted with them."""


def complete(config: Config, out: Path | None = None) -> Config:
    """The configuration with the number of frames of every sequence and of a block, all sources known to exist.

    ``out``: where the results lie, if ``config.out`` does not count from here yet.
    """
    if not config.sequences:
        raise SettingsError(
            "sequences: the configuration names no movie. Start with --configfile config/datasets/NAME.yaml "
            "(config/datasets/demo2d.yaml simulates one), or use `samtrack run --images …`."
        )
    if config.link.model is not None and not Path(config.link.model).is_file():
        raise WeightsError(
            f"link.model: {config.link.model} does not exist. Relative paths count from {Path.cwd()}. Give a JSON file of "
            "`samtrack train links`, or null for the model that ships."
        )
    require_pins(config)
    for network in WEIGHTS_MARKS:
        weights = getattr(config, network).weights
        if asks_network(config, network) and not Path(weights).expanduser().exists() and not learns_first(config):
            entry_named(weights)
    sequences = [_complete(config, sequence) for sequence in config.sequences]
    config = config.model_copy(update={"sequences": tuple(sequences)})
    return with_blocks(config, Path(config.out) if out is None else out)


def _complete(config: Config, sequence: SequenceSettings) -> SequenceSettings:
    if sequence.simulate is not None:
        return sequence.model_copy(update={"frames": sequence.simulate.frames})
    sources = sources_of(config, sequence)
    for name in ("images", "masks", "truth", "seeds", "first_frame"):
        path = getattr(sources, name)
        if path is not None and not path.exists():
            raise DataError(
                f"sequence {sequence.name}: {name} {path} does not exist. Relative paths count from {Path.cwd()}."
            )
    if sequence.frames is not None:
        return sequence
    from samtrack.io.movies import count_frames  # opens TIFF and Zarr libraries: only where it is needed

    return sequence.model_copy(update={"frames": count_frames(sources.images, config.ingest)})


def count_axes(config: Config) -> int:
    """The number of axes of a frame of the first sequence, 2 or 3: its images are opened."""
    from samtrack.io.sources import open_source

    path = sources_of(config, config.sequences[0]).images
    if not path.exists():
        raise DataError(
            f"sequence {config.sequences[0].name}: images {path} does not exist; {Path.cwd()} is where we are."
        )
    return len(open_source(path, config.ingest).shape)


def fingerprint(config: Config, sequence: SequenceSettings, kind: str) -> str:
    """A text that changes when the files of ``kind`` of a sequence change; empty for those that no stage reads.

    ``kind``: images, masks, seeds, first_frame.
    """
    path = getattr(sources_of(config, sequence), kind)
    is_read = {"seeds": config.reads_seeds, "first_frame": config.lineages == "from_first_frame"}.get(kind, True)
    if sequence.simulate is not None or path is None or not is_read:
        return ""
    from samtrack.io.movies import source_fingerprint

    return source_fingerprint(path, only_tiff=kind in ("images", "masks"))


def model_fingerprint(config: Config) -> str:
    """A text that changes with the content of the user's link model; empty for the one that ships (a revision tells)."""
    if config.link.model is None:
        return ""
    return hashlib.sha256(Path(config.link.model).read_bytes()).hexdigest()[:32]


def asks_network(config: Config, network: str) -> bool:
    """Whether some stage asks the network of a section, so that its weights must be here before the jobs start."""
    draws = network in [network_of(config, stage) for stage in ("segment", "fill")]
    return draws or (network == "sam2" and any(config.links_with_sam2(sequence) for sequence in config.sequences))


def learns_first(config: Config) -> bool:
    """Whether the run is to draw by weights that its own rule ``train`` has still to make."""
    folder = trained_folder(config)
    return Path(config.sammed3d.weights) == folder and not (folder / "model.safetensors").exists()


def fingerprints(config: Config) -> list[str]:
    """Those of images and masks of all sequences."""
    return [fingerprint(config, sequence, kind) for sequence in config.sequences for kind in ("images", "masks")]


def weights_mark(config: Config, network: str | None) -> list[Path]:
    """The mark, as input of rules that ask a network, that its weights are here; none if they ship or no stage asks."""
    if network is None or not asks_network(config, network):
        return []
    known = REGISTRY.get(getattr(config, network).weights)
    return [] if known and known.ships else [Path(config.out) / WEIGHTS_MARKS[network]]


def weights_fingerprint(config: Config, network: str | None) -> str:
    """A text that changes with the weights: the name and revision of the registry, the content of the user's files.

    Fetching does not change it, so that a run does not start anew because of its own first step.
    """
    if network is None or not asks_network(config, network) or (network == "sammed3d" and learns_first(config)):
        return ""
    settings = getattr(config, network)
    weights = str(settings.weights)
    if weights in REGISTRY and not REGISTRY[weights].ships:
        return f"{weights}@{REGISTRY[weights].revision}"
    from samtrack.io.weights import sha256_of
    from samtrack.io.weights_cache import cache_folder

    return sha256_of(weights, cache_folder(settings.cache))[:32]


def save_run_config(config: Config) -> Path:
    """Write the resolved configuration beside the results, unless it is there already; refuses another dataset's."""
    path = Path(config.out) / RUN_CONFIG
    if is_saved(config):
        return path
    if path.exists():
        _require_same_movies(build_config(read_yaml(path), str(path)), config, path)
    with written_file(path) as part:
        part.write_text(_text_of(config), encoding="utf-8")
    return path


def is_saved(config: Config) -> bool:
    """Whether the last run in the output folder had this very configuration."""
    path = Path(config.out) / RUN_CONFIG
    return path.exists() and path.read_text(encoding="utf-8") == _text_of(config)


def _text_of(config: Config) -> str:
    text = yaml.safe_dump(config.model_dump(mode="json", exclude={"preset"}), sort_keys=False, allow_unicode=True)
    return f"# The complete configuration of this run. Written by samtrack; edit your own file instead.\n{text}"


def _require_same_movies(before: Config, now: Config, path: Path) -> None:
    old = {s.name: (s.images, s.simulate is not None) for s in before.sequences}
    for sequence in now.sequences:
        images, simulated = old.get(sequence.name, (sequence.images, sequence.simulate is not None))
        if (images, simulated) != (sequence.images, sequence.simulate is not None):
            raise PlanError(
                f"{path.parent}: holds sequence {sequence.name} of {images or 'a simulation'}, but this run wants it of "
                f"{sequence.images or 'a simulation'}. Choose another output folder, or delete this one first."
            )


def put_commands_on_path() -> None:
    """Let jobs find the ``samtrack`` command of the Python that runs the workflow, whatever the user's PATH says."""
    os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", os.defpath)


def lock(out: Path) -> bool:
    """Hold the output folder until this process ends, however it ends; raise if another run holds it.

    False where the file system has no locks, so that nobody knows whether another run works there.
    """
    held = f"{os.getpid()}:{out.resolve()}"
    if os.environ.get(LOCK_VARIABLE) == held:
        return True  # this very process took the lock before it became Snakemake (`samtrack run`)
    try:
        out.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(out / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise DataError(
            f"{out}: cannot be written ({error.strerror}). Choose another output folder or change its permissions."
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(descriptor, 100).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise PlanError(
            f"{out}: another run is working here (process {holder}). Wait for it to end, stop it, or choose another "
            "output folder."
        ) from error
    except OSError as error:
        os.close(descriptor)
        if error.errno not in NO_LOCKS:
            raise DataError(f"{out}: cannot be locked ({error.strerror}). Choose another output folder.") from error
        return False
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()} on {os.uname().nodename}\n".encode())
    os.set_inheritable(descriptor, True)  # survives becoming Snakemake; Snakemake's own children do not get it
    os.environ[LOCK_VARIABLE] = held
    return True
