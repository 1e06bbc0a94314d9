"""Stage submit: a finished run as a submission to the challenge: results, the software that makes them, archive."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import samtrack
from samtrack.config import Config, SequenceSettings
from samtrack.config.layout import pinned_path, sources_of
from samtrack.errors import SubmissionError
from samtrack.io.archives import files_below, write_archive, write_script
from samtrack.io.atomic import written_folder
from samtrack.io.corrections import read_pins
from samtrack.stages.address import Address, told
from samtrack.stages.freshness import rules_left
from samtrack.stages.like import read_measured
from samtrack.stages.plan import asks_network
from samtrack.stages.submit_results import Placed, place_results, require_lineages
from samtrack.stages.submit_software import take_weights, write_settings, write_software, write_sums
from samtrack.submit.archive import SOFTWARE, check_archive
from samtrack.submit.description import Described, describe
from samtrack.submit.scripts import Entry, entry_script

INPUTS = {
    "images": ("{}",),
    "masks": ("{}_ERR_SEG",),
    "first_frame": ("{}_GT", "TRA", "man_track000.tif"),
}
"""What of a sequence the organisers have, by the name of the setting: path below the folder of the dataset."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asks for: sequences, training configuration, whether fetched weights come along in the archive."""

    sequences: tuple[str, ...] = ("01", "02")
    training: str | None = None
    with_weights: bool = False


def run_submit(config: Config, path: Path, out: Path, wish: Wish) -> Path:
    """Check a finished run and write ``out`` and ``out``.zip; returns the archive. ``path`` is the configuration's file."""
    addresses = require_finished(config, path, wish.sequences)
    with told(f"submission of {config.dataset}") as said:
        with written_folder(out) as part:
            placed = {a.sequence.name: place_results(a, part / config.dataset, wish.training) for a in addresses}
            (part / SOFTWARE).mkdir()
            _write_software(config, addresses, placed, part / SOFTWARE, wish)
            names = [name.as_posix() for name in files_below(part)]
            if broken := check_archive(names, wish.sequences):
                raise SubmissionError(f"{out}: " + "\n  ".join(map(str, broken)))
        archive = out.with_name(f"{out.name}.zip")
        write_archive(archive, out)
        said += [f"{len(names)} files", f"{archive} of {archive.stat().st_size / 1e6:.1f} MB"]
    return archive


def require_finished(config: Config, path: Path, sequences: Sequence[str]) -> list[Address]:
    """The sequences that are to be packed; raise if one is lacking, or has no result, or one of other settings or files."""
    known = [sequence.name for sequence in config.sequences]
    lacking = [name for name in sequences if name not in known]
    if lacking:
        raise SubmissionError(
            f"{path}: has no sequence {' and '.join(lacking)} (it has {', '.join(known)}). A submission holds the "
            "challenge's sequences 01 and 02; add the one that is missing, or name those to pack: --sequence "
            f"{known[0] if known else '01'}."
        )
    if not config.export.ctc:
        raise SubmissionError(f"{path}: export.ctc is false, so there are no CTC masks. Set it to true and run again.")
    addresses = [Address(config, config.sequence(name)) for name in sequences]
    for address in addresses:
        inputs_of(address.config, address.sequence)
        require_lineages(address)
    again = f"snakemake --cores {os.cpu_count()} --configfile {path}"
    tables = [address.layout.result / "res_track.txt" for address in addresses]
    for address, table in zip(addresses, tables, strict=True):
        if not table.exists():
            raise SubmissionError(
                f"{table}: does not exist: sequence {address.sequence.name} has no finished result. Run it first: {again}"
            )
    if left := rules_left(path, tables):
        raise SubmissionError(
            f"{config.out}: the results are stale: settings, files or samtrack changed since, and a run would repeat "
            f"{', '.join(left)}. Bring them up to date first: {again}"
        )
    return addresses


def inputs_of(config: Config, sequence: SequenceSettings) -> dict[str, str]:
    """Options of ``samtrack run`` that name what the organisers have, as seen from the software folder.

    Raises if the run used files that they do not have, since their machine could not make the masks again.
    """
    sources = sources_of(config, sequence)
    used = {"images": sources.images}
    if config.segment.method == "given" and sources.masks is not None:
        used["masks"] = sources.masks
    if config.lineages == "from_first_frame" and sources.first_frame is not None:
        used["first_frame"] = sources.first_frame
    if config.reads_seeds:
        raise SubmissionError(
            f"sequence {sequence.name}: cells were found by {sources.seeds}, which the organisers do not have, so the masks "
            "could not be made again. Choose segment.seeds.method: seeds, or another way that finds cells by itself."
        )
    pinned = pinned_path(config, sequence.name)
    if pinned is not None and pinned.exists() and read_pins(pinned):
        raise SubmissionError(
            f"sequence {sequence.name}: {pinned} holds corrections that the result keeps. The challenge takes what software "
            "finds by itself, and the entry script could not make these masks again. Set associate.pinned: none and run "
            "again (the file stays), or move it away."
        )
    options = {}
    for name, path in used.items():
        tail = [part.format(sequence.name) for part in INPUTS[name]]
        if list(path.parts[-len(tail) :]) != tail:
            raise SubmissionError(
                f"sequence {sequence.name}: {name} is {path}, expected a path that ends in {'/'.join(tail)}: the organisers "
                "have nothing else of it, so the masks could not be made again."
            )
        options[name.replace("_", "-")] = "/".join(["..", config.dataset, *tail])
    return options


def _write_software(
    config: Config, addresses: Sequence[Address], placed: dict[str, list[Placed]], folder: Path, wish: Wish
) -> None:
    packages = write_software(folder)
    used, replaced, fetched = take_weights(config, folder, wish.with_weights)
    chosen = _parameters(config)
    entries = [
        Entry(
            dataset=config.dataset,
            sequence=address.sequence.name,
            training=wish.training,
            version=samtrack.__version__,
            inputs=inputs_of(config, address.sequence),
            weights=replaced,
            fetched=fetched,
            parameters=chosen,
            needs=[f"The run took {line}." for line in _costs(address)],
        )
        for address in addresses
    ]
    for entry in entries:
        write_script(folder / entry.name, entry_script(entry))
    stem = entries[0].stem
    settings = write_settings(folder / f"{stem}.yaml", config, replaced)
    write_sums(folder / f"{stem}.sha256", folder, used)
    text = describe(
        Described(
            dataset=config.dataset,
            training=wish.training,
            sequences=[address.sequence.name for address in addresses],
            version=samtrack.__version__,
            method=chosen,
            results=[_told(one, config.dataset) for name in placed for one in placed[name]],
            costs=[f"{a.sequence.name}: {line}" for a in addresses for line in _costs(a)] or ["not known"],
            machine=machine_lines(),
            weights=used,
            packages=packages,
            settings=settings,
        )
    )
    (folder / f"{stem}.txt").write_text(text, encoding="utf-8")


def _parameters(config: Config) -> dict[str, object]:
    """The choices that matter most."""
    chosen: dict[str, object] = {
        "mode": config.mode or "as the sections say",
        "lineages": config.lineages,
        "segment.method": config.segment.method,
        "link.max_gap_frames": config.link.max_gap_frames,
        "link.model": "the user's" if config.link.model else "the one that ships",
        "link.sam2": config.link.sam2,
        "associate.linker": config.associate.linker,
        "fill.method": config.fill.method,
        "export.field_of_interest_px": config.export.field_of_interest_px,
    }
    networks = {f"{n}.weights": Path(getattr(config, n).weights).name for n in ("sam2", "sammed3d")}
    return chosen | {key: name for key, name in networks.items() if asks_network(config, key.partition(".")[0])}


def _told(placed: Placed, dataset: str) -> str:
    """One line about a result."""
    counts = f"{placed.n_frames} masks, {placed.n_tracks} tracks, no rule broken, {len(placed.notes)} notes"
    return f"{dataset}/{placed.name}: {counts}"


def _costs(address: Address) -> list[str]:
    """What the run of a sequence took, if Snakemake noted it."""
    measured = read_measured(Path(address.config.out) / "benchmarks" / address.sequence.name)
    if not measured:
        return []
    seconds = sum(one.wall_s for one in measured.values())
    jobs, most = sum(one.jobs for one in measured.values()), max(one.memory_mb for one in measured.values())
    return [f"{seconds / 3600:.2f} hours of jobs ({jobs} of them) and {most / 1000:.1f} GB of memory in one"]


def machine_lines() -> list[str]:
    """System, processor, memory and GPUs of this machine."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8", errors="replace").splitlines()
        cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), cpu)
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return [system, f"{cpu}, {os.cpu_count()} cores, {memory_gb:.0f} GB of memory", f"GPUs: {_gpus() or 'none seen'}"]


def _gpus() -> str:
    if shutil.which("nvidia-smi") is None:
        return ""
    command = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "; ".join(done.stdout.strip().splitlines()) if done.returncode == 0 else ""
