"""Stage bench, one row: one linker on the detections of a finished run, its CTC result, its scores, its time and memory.

Runs in a process of its own (see ``bench``), so that times and memory are a linker's own and one that crashes costs only its
row. Everybody gets the same detections and masks, and the same filling and export after the linking.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

import samtrack
from samtrack.associate import tracks_from_edges
from samtrack.config.associate import AssociateSettings
from samtrack.config.evaluate import EvaluateSettings
from samtrack.config.fill import FillSettings, NoFillSettings, ShapeFillSettings
from samtrack.errors import DataError, SettingsError
from samtrack.fill import fill_gaps
from samtrack.io.atomic import written_file
from samtrack.io.labels import open_labels
from samtrack.io.ome_zarr import open_image
from samtrack.io.tables import read_detections, read_typical
from samtrack.link import propose_links
from samtrack.link.candidates import gate_um
from samtrack.peers import PEERS, Material, link_with, version_of
from samtrack.stages.address import Address, told
from samtrack.stages.decide import decide
from samtrack.stages.export import TrackedFrames, field_of, tracks_in, write_ctc
from samtrack.stages.fill import cells_of, drawer_of, patches_kept
from samtrack.stages.followed import patches_in_result
from samtrack.stages.lineages import find_lineages
from samtrack.stages.link import open_link_model
from samtrack.submit import presence_table
from samtrack.types import Divisions, Links, Merges, Span, Tracks

OWN = get_args(AssociateSettings.model_fields["linker"].annotation)
"""Names of our own linkers."""

WITHOUT_PROPOSALS = ("kalman",)
"""Own linkers that look at detections only: the stage link is not part of their time."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: which linker, where its results go, whether gaps are filled, the truth, and a peer's folder of weights."""

    system: str
    folder: Path
    fill: bool
    truth: Path | None
    model: Path | None


@dataclass(frozen=True, slots=True)
class _Decided:
    """Tracks, the masks that two of them share, the settings they were made with, and the seconds it took."""

    tracks: Tracks
    shared: Merges
    settings: Mapping[str, Any]
    seconds: float


def row_file(folder: Path, sequence: str) -> Path:
    """Where a row is kept."""
    return folder / f"{sequence}_row.json"


def run_bench_row(address: Address, entry: Entry) -> None:
    """Link, export, score; write the row as JSON."""
    with told(f"bench {entry.system} {address.sequence.name}") as facts:
        material = _material_of(address, entry)
        decided = _by_us(address, material, entry.system) if entry.system in OWN else _by_peer(material, entry.system)
        peak_mb = peak_memory_mb()  # before anything but linking needed memory
        result = entry.folder / f"{address.sequence.name}_RES"
        _export(address, material, decided, entry.fill, result)
        row = {
            "version": version_of(entry.system) if entry.system in PEERS else samtrack.__version__,
            "settings": " ".join(f"{name}={value}" for name, value in decided.settings.items()),
            "scores": _scores(address, entry.truth, result),
            "link_s": decided.seconds,
            "peak_mb": peak_mb,
        }
        with written_file(row_file(entry.folder, address.sequence.name)) as part:
            part.write_text(json.dumps(row, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        facts += [f"{len(decided.tracks)} tracks", f"linked in {decided.seconds:.2f} s"]


def peak_memory_mb() -> float:
    """Most memory that this process has used, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _material_of(address: Address, entry: Entry) -> Material:
    """What the run knows of the movie before anything was linked."""
    if entry.system not in (*OWN, *PEERS):
        raise SettingsError(f"{entry.system!r} is no linker that samtrack knows: {', '.join((*OWN, *PEERS))}.")
    layout = address.layout
    if not layout.typical.is_file():
        raise DataError(
            f"{layout.work}: holds no detections. Finish the run first (`samtrack run --out …`), and keep its work folder."
        )
    detections = read_detections([layout.detections(name) for name in address.names])
    if len(detections) == 0:
        raise DataError(f"{layout.work}: the movie has no cells, so there is nothing to link.")
    typical = read_typical(layout.typical)
    return Material(
        detections=detections,
        labels=open_labels([layout.labels(name) for name in address.names]),
        images=open_image(layout.movie),
        typical=typical,
        gate_um=gate_um(typical, address.config.link),
        model=entry.model,
    )


def _by_us(address: Address, material: Material, linker: str) -> _Decided:
    """The stages link and associate in one; reading the masks is part of the time."""
    settings = address.config.associate.model_copy(update={"linker": linker})
    config = address.config.model_copy(update={"associate": settings})
    model = open_link_model(config.link.model)[1]
    start = time.perf_counter()
    proposed = _nothing_proposed()
    if linker not in WITHOUT_PROPOSALS:
        core = Span(0, address.n_frames)
        proposed = propose_links(
            material.images, material.labels, material.detections, core, material.typical, config.link, model
        )
    decision = decide(material.detections, proposed, material.typical, config, model)
    seconds = time.perf_counter() - start
    shared = decision.merges.take(decision.solution.merge_chosen)
    return _Decided(decision.solution.tracks, shared, _settings_of(settings), seconds)


def _by_peer(material: Material, name: str) -> _Decided:
    linked = link_with(name, material)
    tracks = tracks_from_edges(material.detections, linked.edges)
    return _Decided(tracks, Merges.none(), linked.settings, linked.seconds)


def _settings_of(settings: AssociateSettings) -> Mapping[str, Any]:
    """The settings of the linker that was asked."""
    every: Mapping[str, Any] = settings.model_dump()
    own = every.get(settings.linker)
    return own if isinstance(own, dict) else {name: v for name, v in every.items() if not isinstance(v, dict | str)}


def _nothing_proposed() -> tuple[Links, Divisions, Merges]:
    nobody = np.zeros(0, dtype=np.int64)
    none, facts = np.zeros(0), np.zeros((0, 0), dtype=np.float32)
    return Links(nobody, nobody, none, nobody, facts), Divisions(nobody, nobody, nobody, none, facts), Merges.none()


def _export(address: Address, material: Material, decided: _Decided, fill: bool, result: Path) -> None:
    """The tracks as a CTC result, by the same steps as a run's own."""
    labels, detections, drawn = material.labels, material.detections, decided.tracks
    if address.follows_some:
        drawn = find_lineages(address, detections, drawn).tracks
    chosen = address.config.fill
    asked = ShapeFillSettings() if isinstance(chosen, NoFillSettings) else chosen
    settings: FillSettings = (
        asked if fill else NoFillSettings()
    )  # shared masks are divided all the same: they were seen
    whole = Span(0, address.n_frames)
    cells_um = cells_of(detections, drawn)
    drawer = drawer_of(address.config, material.images, material.typical, [], cells_um) if fill else None
    patches = fill_gaps(labels, detections, drawn, decided.shared, whole, settings, drawer)
    patches = patches_kept(patches, labels, address.config.objects)
    patches, tracks = patches_in_result(patches, drawn), drawn.followed()
    frames, field = TrackedFrames(labels, detections, tracks, patches), field_of(address, labels.shape)
    in_field = [tracks_in(frames, t, field) for t in whole.frames()]
    table = presence_table(detections, tracks, patches, labels.scale, in_field)
    write_ctc(address, result, table, np.r_[0, tracks.parent], frames)


def _scores(address: Address, truth: Path | None, result: Path) -> Mapping[str, float | int | None]:
    """All measures, if there is a truth."""
    if truth is None:
        return {}
    from samtrack.stages.evaluate import (
        run_evaluate,
    )  # after linking: its libraries take 200 MB that are not the linker's

    workers, name = address.config.resources.workers, address.sequence.name
    return run_evaluate(result, truth, None, address.config.dataset, name, EvaluateSettings(), workers).values
