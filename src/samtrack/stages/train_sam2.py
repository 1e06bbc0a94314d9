"""Stage train sam2: a SAM 2 network that learns to carry cells, from simulated movies or from a user's annotated ones."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import nn

from samtrack.config.train_sam2 import TrainSam2Settings
from samtrack.errors import SettingsError
from samtrack.io.checkpoints import write_network
from samtrack.io.pictures import write_png
from samtrack.io.weights import open_weights
from samtrack.io.weights_cache import cache_folder
from samtrack.models.device import choose_device
from samtrack.models.sam2.build import build_model, random_model, state_of
from samtrack.models.sam2.initial import redraw
from samtrack.models.sam2.network import Habits, Sam2Network
from samtrack.stages.annotated import read_tracked, with_masks
from samtrack.stages.engine import CARD
from samtrack.stages.train_diary import CHECKPOINT, CHECKS, SAMPLES, Diary, after_step, resume
from samtrack.train.loop import HELD_OUT_SEED, begin_processes
from samtrack.train.sam2_clips import Clip
from samtrack.train.sam2_run import Run, clips_used
from samtrack.train.sam2_sheet import draw_samples
from samtrack.train.sam2_stream import clip_stream, ctc_stream
from samtrack.train.workers import mixed

log = logging.getLogger("samtrack")


@dataclass(frozen=True, slots=True)
class Sam2Training:
    """A recipe, and the folder for weights, curves and checkpoints."""

    settings: TrainSam2Settings
    out: Path


def run_train_sam2(training: Sam2Training) -> None:
    """Train, from the last checkpoint of the folder if there is one; write the network's folder at the end."""
    settings, out = training.settings, training.out
    torch.manual_seed(settings.seed)
    chosen, told = choose_device(settings.device)
    device = begin_processes(chosen)
    config, model = _first_network(settings)
    card = {**config.get(CARD, {}), **settings.habits}
    habits = Habits(**{name: card[name] for name in Habits.__dataclass_fields__ if name in card})
    run = Run(Sam2Network(model, habits), settings, device)
    if (out / CHECKPOINT).exists():
        resume(run, settings, out / CHECKPOINT)
    if run.rank == 0:
        learning = sum(p.numel() for p in run.student.network.parameters() if p.requires_grad) / 1e6
        log.info("train sam2: %.2f million numbers learn, %s, step %d of %d", learning, told, run.step, settings.steps)
    clips, held_out = _clips(settings, run)
    with closing(clips):
        diary = Diary(out, run.step)
        if run.step == 0 and run.rank == 0 and settings.start != "scratch" and not (out / CHECKS).exists():
            _check(run, diary, held_out, out)  # what there is to gain
        for report in run.steps(clips):
            if run.rank == 0:
                after_step(run, report, diary, partial(_check, run, diary, held_out, out), out)
    if run.rank == 0:
        write_network(out, {**config, CARD: card}, state_of(run.result()))
        log.info(
            "train sam2: weights in %s; to draw missing masks by them: sam2.weights=%s; for links: link.sam2=on",
            out,
            out,
        )


def _first_network(settings: TrainSam2Settings) -> tuple[dict[str, Any], nn.Module]:
    """The network that the run begins with, and its configuration."""
    if settings.start == "scratch":
        if settings.architecture is None:
            raise SettingsError("architecture: missing; start: scratch needs the configuration of a Sam2VideoModel.")
        model = random_model(settings.architecture, settings.seed)
        redraw(model, settings.seed)
        return dict(settings.architecture), model
    weights = open_weights(settings.start, cache_folder())
    plain = {key: value for key, value in weights.config.items() if key != CARD}
    model = build_model(plain, weights.state)
    made: Any = model.config
    return {**(plain or made.to_dict()), CARD: weights.config.get(CARD, {})}, model


def _clips(settings: TrainSam2Settings, run: Run) -> tuple[Generator[Clip], list[Clip]]:
    """Clips to learn from, from where the run is, and clips to look at."""
    frames, strides = max(3, max(settings.frames)), settings.strides
    seed = settings.seed + 1000 * run.rank
    start = clips_used(run.step, settings)
    aside = settings.seed + HELD_OUT_SEED
    if not settings.data:
        with closing(clip_stream(aside, settings.side_px, 2, 0, strides=strides)) as stream:
            held_out = list(islice(stream, settings.held_out))
        return clip_stream(seed, settings.side_px, frames, settings.workers, start, strides), held_out
    movies = [read_tracked(Path(d), Path(m) if m else None) for d, m in with_masks(settings.data, settings.masks)]
    halves = [m.parted(settings.held_out_share, frames) for m in movies]
    with closing(ctc_stream([h[1] for h in halves], aside, settings.side_px, 2)) as stream:
        held_out = list(islice(stream, settings.held_out))
    own = ctc_stream([h[0] for h in halves], seed, settings.side_px, frames, start)
    if settings.simulated == 0:
        return own, held_out
    simulated = clip_stream(seed, settings.side_px, frames, settings.workers, strides=strides)
    return mixed(own, simulated, settings.simulated, seed), held_out


def _check(run: Run, diary: Diary, held_out: list[Clip], out: Path) -> None:
    """A look at held-out clips: figures, and a picture of samples."""
    measures, lessons, seen = run.check(held_out)
    diary.checked(run.step, measures)
    write_png(out / SAMPLES, draw_samples(lessons, seen))
    log.info("step %d: held out %s", run.step, ", ".join(f"{k} {v:.3f}" for k, v in measures.items()))
