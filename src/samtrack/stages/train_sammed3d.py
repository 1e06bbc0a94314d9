"""Stage train sammed3d: a SAM-Med3D network that learns to draw masks from clicks, from simulated or annotated volumes."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from samtrack.config import Config, SequenceSettings, load_config, trigger
from samtrack.config.layout import sources_of, trained_folder
from samtrack.config.train_sammed3d import TrainSamMed3DSettings
from samtrack.errors import SettingsError
from samtrack.io.checkpoints import write_network
from samtrack.io.link_models import write_text
from samtrack.io.names import SEG_FOLDER, TRA_FOLDER
from samtrack.io.pictures import write_png
from samtrack.io.weights import open_weights
from samtrack.io.weights_cache import cache_folder
from samtrack.models.device import choose_device
from samtrack.models.sammed3d.build import build_model, config_of, random_model, state_of
from samtrack.models.sammed3d.network import SamMed3D
from samtrack.models.sammed3d.sizes import MODEL_TYPE, Sizes
from samtrack.stages.annotated import read_annotated_volumes, with_masks
from samtrack.stages.engine import CARD, read_card
from samtrack.stages.engine3d import CELL_SHARE
from samtrack.stages.plan import fingerprints
from samtrack.stages.train_diary import CHECKPOINT, CHECKS, CURVES, SAMPLES, Diary, after_step, resume
from samtrack.train.loop import HELD_OUT_SEED, agreed, begin_processes
from samtrack.train.sammed3d_cubes import Cube, simulated_stream
from samtrack.train.sammed3d_movies import (
    AnnotatedFrame,
    Scene,
    annotated_stream,
    parted,
    told_frames,
    typical_diameter_um,
)
from samtrack.train.sammed3d_run import Run, cubes_used
from samtrack.train.sammed3d_sheet import draw_samples
from samtrack.train.workers import ahead, mixed, seconds_before

log = logging.getLogger("samtrack")

MARK = "learnt_from.txt"
"""File beside a checkpoint of the workflow: the mark of the settings and files that it learnt from."""


@dataclass(frozen=True, slots=True)
class SamMed3DTraining:
    """A recipe, the folder for weights, curves and checkpoints, and how annotated movies are to be read.

    ``mark``: what a checkpoint must be of to be gone on with, else the training begins anew. Empty: a checkpoint of another
    recipe is an error, since nobody says that its folder may be used.
    """

    settings: TrainSamMed3DSettings
    out: Path
    config: Config = field(default_factory=partial(load_config, None))
    mark: str = ""


def run_train_sammed3d(training: SamMed3DTraining) -> None:
    """Train, from the last checkpoint of the folder if there is one; write the network's folder at the end."""
    settings, out = training.settings, training.out
    torch.manual_seed(settings.seed)
    chosen, told = choose_device(settings.device, "device")
    device = begin_processes(chosen)
    network, card = _first_network(settings)
    run = Run(network, settings, device)
    if run.rank == 0:
        _begin_anew_if_other(training)
    if (out / CHECKPOINT).exists():
        resume(run, settings, out / CHECKPOINT)
    if run.rank == 0:
        learning = sum(p.numel() for p in run.student.network.parameters() if p.requires_grad) / 1e6
        log.info(
            "train sammed3d: %.2f million numbers learn, %s, step %d of %d", learning, told, run.step, settings.steps
        )
    cubes, held_out = _cubes(training, run, float(card["cell_px"]))
    with closing(cubes):
        diary = Diary(out, run.step)
        if run.step == 0 and run.rank == 0 and settings.start != "scratch" and not (out / CHECKS).exists():
            _check(run, diary, held_out, out)  # what there is to gain
        for report in run.steps(cubes):
            if run.rank == 0:
                after_step(run, report, diary, partial(_check, run, diary, held_out, out), out)
            if agreed(settings.patience is not None and run.best.looks >= settings.patience, device):
                log.info("train sammed3d: no better look for %d looks: ends at step %d", run.best.looks, report.step)
                break
    if run.rank == 0:
        write_network(out, {**config_of(network.sizes), CARD: card}, state_of(run.result()))
        log.info("train sammed3d: weights in %s; to draw masks by them: sammed3d.weights=%s", out, out)


def training_of(config: Config) -> SamMed3DTraining:
    """The fine-tuning that a configuration asks for, on the masks of its sequences, else on their truth."""
    settings = config.train3d
    if not settings.data:
        pairs = [pair for sequence in config.sequences if (pair := _pair(config, sequence)) is not None]
        if not pairs:
            raise SettingsError("train3d: no sequence has masks or truth to learn from. Name masks, or train3d.data.")
        data, masks = zip(*pairs, strict=True)
        settings = settings.model_copy(update={"data": data, "masks": masks})
    made = [s.simulate.model_dump_json() for s in config.sequences if s.simulate is not None]
    text = "\n".join([trigger(config, "train3d"), *fingerprints(config), *made])
    return SamMed3DTraining(settings, trained_folder(config), config, hashlib.sha256(text.encode()).hexdigest())


def _begin_anew_if_other(training: SamMed3DTraining) -> None:
    """Remove what an earlier training left that learnt from other masks or with other settings."""
    out, mark = training.out, training.out / MARK
    if not training.mark or (mark.exists() and mark.read_text(encoding="utf-8").strip() == training.mark):
        return
    if (out / CHECKPOINT).exists():
        log.info("train sammed3d: %s is of other settings or masks: begins anew", out / CHECKPOINT)
    for name in (CHECKPOINT, CURVES, CHECKS):
        (out / name).unlink(missing_ok=True)
    write_text(mark, training.mark + "\n")


def _pair(config: Config, sequence: SequenceSettings) -> tuple[str, str] | None:
    """Images of a sequence and what masks it has, given ones first."""
    sources = sources_of(config, sequence)
    truth = [sources.truth / name for name in (SEG_FOLDER, TRA_FOLDER)] if sources.truth else []
    found = [path for path in (sources.masks, *truth) if path is not None and path.exists()]
    return (str(sources.images), str(found[0])) if found else None


def _first_network(settings: TrainSamMed3DSettings) -> tuple[SamMed3D, dict[str, Any]]:
    """The network that the run begins with, and the card of what it becomes."""
    if settings.start == "scratch":
        if settings.architecture is None:
            raise SettingsError("architecture: missing; start: scratch needs the sizes of a SAM-Med3D network.")
        network = random_model(Sizes.of_config({"model_type": MODEL_TYPE, **settings.architecture}), settings.seed)
        card: dict[str, Any] = {}
    else:
        weights = open_weights(settings.start, cache_folder())
        changed = settings.architecture or {}
        network = build_model({**weights.config, **changed} if weights.config else changed, weights.state)
        card = dict(read_card(weights.config, weights.source))
    cell_px = settings.cell_px or card.get("cell_px", CELL_SHARE * network.sizes.image_px)
    return network, {**card, "cell_px": float(cell_px)}


def _cubes(training: SamMed3DTraining, run: Run, cell_px: float) -> tuple[Generator[Cube], list[Cube]]:
    """Cubes to learn from, from where the run is, and cubes to look at."""
    settings = training.settings
    side = run.student.network.sizes.image_px
    seed, aside = settings.seed + 1000 * run.rank, settings.seed + HELD_OUT_SEED
    start = cubes_used(run.step, settings)
    if not settings.data:
        with closing(simulated_stream(aside, side, cell_px, 0)) as stream:
            held_out = list(islice(stream, settings.held_out))
        return simulated_stream(seed, side, cell_px, settings.workers, start), held_out
    learnt, judged = _frames(training)
    diameter_um = settings.diameter_um or typical_diameter_um(learnt)
    log.info("train sammed3d: %s", told_frames(learnt, judged, diameter_um))
    n = seconds_before(start, settings.simulated, seed)
    own = ahead(annotated_stream(Scene(tuple(learnt), diameter_um, cell_px, side), seed, start - n))
    simulated = simulated_stream(seed, side, cell_px, settings.workers if settings.simulated else 0, n)
    looked = annotated_stream(Scene(tuple(judged or learnt), diameter_um, cell_px, side), aside)
    return mixed(own, simulated, settings.simulated, seed, start), list(islice(looked, settings.held_out))


def _frames(training: SamMed3DTraining) -> tuple[list[AnnotatedFrame], list[AnnotatedFrame]]:
    """Annotated frames to learn from, and others to be judged by; none of these with ``held_out_share`` 0."""
    settings = training.settings
    movies = [
        read_annotated_volumes(Path(images), Path(masks) if masks else None, training.config)
        for images, masks in with_masks(settings.data, settings.masks)
    ]
    if settings.held_out_share == 0:
        return [frame for movie in movies for frame in movie], []
    if all(len(movie) < 2 for movie in movies):
        return parted([frame for movie in movies for frame in movie], settings.held_out_share)
    learnt: list[AnnotatedFrame] = []
    judged: list[AnnotatedFrame] = []
    for movie in movies:
        first, last = parted(movie, settings.held_out_share) if len(movie) > 1 else (movie, [])
        learnt += first
        judged += last
    return learnt, judged


def _check(run: Run, diary: Diary, held_out: list[Cube], out: Path) -> None:
    """A look at held-out cubes: figures, and a picture of samples."""
    measures, lessons, seen = run.check(held_out)
    diary.checked(run.step, measures)
    settings = run.settings
    is_judged = not settings.data or settings.held_out_share > 0
    is_best = is_judged and run.judge(measures["iou"])
    write_png(out / SAMPLES, draw_samples(lessons, seen))
    told = ", ".join(f"{name} {value:.3f}" for name, value in measures.items())
    log.info("step %d: held out %s%s", run.step, told, " (the best so far)" if is_best else "")
