"""Stage train sammed3d: a SAM-Med3D network that learns to draw masks from clicks, from simulated or annotated volumes."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from samtrack.config.train_sammed3d import TrainSamMed3DSettings
from samtrack.errors import SettingsError
from samtrack.io.checkpoints import write_checkpoint, write_network
from samtrack.io.weights import open_weights
from samtrack.io.weights_cache import cache_folder
from samtrack.models.device import choose_device
from samtrack.models.sammed3d.build import build_model, config_of, random_model, state_of
from samtrack.models.sammed3d.network import SamMed3D
from samtrack.models.sammed3d.sizes import MODEL_TYPE, Sizes
from samtrack.stages.engine import CARD, read_card
from samtrack.stages.engine3d import CELL_SHARE
from samtrack.stages.train_diary import CHECKPOINT, CHECKS, Diary, resume
from samtrack.train.loop import HELD_OUT_SEED, Report, begin_processes
from samtrack.train.sammed3d_cubes import Cube, simulated_stream
from samtrack.train.sammed3d_run import Run, cubes_used

log = logging.getLogger("samtrack")


@dataclass(frozen=True, slots=True)
class SamMed3DTraining:
    """A recipe, and the folder for weights, curves and checkpoints."""

    settings: TrainSamMed3DSettings
    out: Path


def run_train_sammed3d(training: SamMed3DTraining) -> None:
    """Train, from the last checkpoint of the folder if there is one; write the network's folder at the end."""
    settings, out = training.settings, training.out
    torch.manual_seed(settings.seed)
    chosen, told = choose_device(settings.device, "device")
    device = begin_processes(chosen)
    network, card = _first_network(settings)
    run = Run(network, settings, device)
    if (out / CHECKPOINT).exists():
        resume(run, settings, out / CHECKPOINT)
    if run.rank == 0:
        learning = sum(p.numel() for p in run.student.network.parameters() if p.requires_grad) / 1e6
        log.info(
            "train sammed3d: %.2f million numbers learn, %s, step %d of %d", learning, told, run.step, settings.steps
        )
    cubes, held_out = _cubes(settings, run, float(card["cell_px"]))
    with closing(cubes):
        diary = Diary(out, run.step)
        if run.step == 0 and run.rank == 0 and settings.start != "scratch" and not (out / CHECKS).exists():
            _check(run, diary, held_out)  # what there is to gain
        for report in run.steps(cubes):
            if run.rank == 0:
                _after_step(run, report, diary, held_out, out)
    if run.rank == 0:
        write_network(out, {**config_of(network.sizes), CARD: card}, state_of(run.result()))
        log.info("train sammed3d: weights in %s; to draw masks by them: sammed3d.weights=%s", out, out)


def _first_network(settings: TrainSamMed3DSettings) -> tuple[SamMed3D, dict[str, Any]]:
    """The network that the run begins with, and the card of what it becomes."""
    if settings.start == "scratch":
        if settings.architecture is None:
            raise SettingsError("architecture: missing; start: scratch needs the sizes of a SAM-Med3D network.")
        network = random_model(Sizes.of_config({"model_type": MODEL_TYPE, **settings.architecture}), settings.seed)
        card: dict[str, Any] = {}
    else:
        weights = open_weights(settings.start, cache_folder())
        network = build_model(weights.config, weights.state)
        card = dict(read_card(weights.config, weights.source))
    cell_px = settings.cell_px or card.get("cell_px", CELL_SHARE * network.sizes.image_px)
    return network, {**card, "cell_px": float(cell_px)}


def _cubes(settings: TrainSamMed3DSettings, run: Run, cell_px: float) -> tuple[Generator[Cube], list[Cube]]:
    """Cubes to learn from, from where the run is, and cubes to look at."""
    side = run.student.network.sizes.image_px
    start = cubes_used(run.step, settings)
    with closing(simulated_stream(settings.seed + HELD_OUT_SEED, side, cell_px, 0)) as stream:
        held_out = list(islice(stream, settings.held_out))
    return simulated_stream(settings.seed + 1000 * run.rank, side, cell_px, settings.workers, start), held_out


def _after_step(run: Run, report: Report, diary: Diary, held_out: list[Cube], out: Path) -> None:
    """Curves at every step; now and then a line, a look at held-out cubes, a checkpoint."""
    settings = run.settings
    diary.note(report)
    is_last = report.step == settings.last_step
    if report.step % settings.check_every == 0 or is_last:
        _check(run, diary, held_out)
    if report.step % settings.checkpoint_every == 0 or is_last:
        write_checkpoint(out / CHECKPOINT, run.state())


def _check(run: Run, diary: Diary, held_out: list[Cube]) -> None:
    """A look at held-out cubes: figures."""
    measures, _, _ = run.check(held_out)
    diary.checked(run.step, measures)
    log.info("step %d: held out %s", run.step, ", ".join(f"{k} {v:.3f}" for k, v in measures.items()))
