"""Stage train links: a link model from simulated movies or from a user's annotated ones, with its card."""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import samtrack
from samtrack.config import Config
from samtrack.errors import SettingsError
from samtrack.io.link_models import write_text
from samtrack.link.calibrate import LinkModel, default_plain, load_default_model
from samtrack.link.facts import FACTS
from samtrack.stages.address import told
from samtrack.stages.annotated import frames_and_cells, movie_name, read_annotated
from samtrack.stages.evidence import movie_with_evidence, with_evidence
from samtrack.stages.link import open_link_model
from samtrack.train.link_card import as_json, as_markdown, judge, write_table
from samtrack.train.link_examples import Movie
from samtrack.train.link_fit import HELD_OUT, KEPT, WHOLE, Bench, Mapper, fit_links, gather, learn_links
from samtrack.train.link_recipes import make_movie, recipe

log = logging.getLogger("samtrack")

FIRST_SEED, MOVIES = 1000, 360
"""Seeds and number of the simulated movies that the shipped model is fitted to."""

HELD_OUT_SEED = 9000
"""First seed of the simulated movies that nothing is fitted to; one for every three that are."""

PROGRESS_EVERY = 30
"""Movies between two lines of progress: half a minute, or some minutes where a network is asked of each."""

ABOUT = "Additive models of samtrack.link: log odds by fact. Written by `samtrack train links`; do not edit."
SIMULATED = "simulated movies only: the recipes of samtrack.train.link_recipes, drawn by seed"
SHIPPED = "the model that ships with samtrack"
PLAIN = "the model that ships for motion and masks alone"


@dataclass(frozen=True)
class Training:
    """What to learn from and where to write; ``data`` are folders of images with their truth beside them.

    ``check``: None to learn, else the model to measure ("": the one that ships). ``with_sam``: movies come with the
    evidence of the network that ``config.sam2`` names, and the model goes by it, too; ``sam_alone``: by nothing else.
    """

    config: Config
    data: tuple[Path, ...] = ()
    masks: tuple[Path, ...] = ()
    seed: int = FIRST_SEED
    movies: int = MOVIES
    workers: int = 1
    check: str | None = None
    out: Path | None = None
    card: Path | None = None
    with_sam: bool = False
    sam_alone: bool = False


def run_train_links(training: Training) -> str:
    """Learn, or measure, a link model; write it and its card; returns the table of how good it is where it never looked."""
    _require_sense(training)
    with told("train links") as facts, _mapper(training.workers) as mapper:
        plain, judged = _check(training, mapper) if training.check is not None else _learn(training, mapper)
        if training.out is not None:
            write_text(training.out, as_json(plain))
            facts += [str(training.out)]
        if training.card is not None:
            write_text(training.card, as_markdown(plain))
            facts += [str(training.card)]
        return write_table(judged) if judged else ""


def _require_sense(training: Training) -> None:
    """Raise where options contradict each other."""
    if training.masks and len(training.masks) != len(training.data):
        raise SettingsError(
            f"--masks names {len(training.masks)} folders, --data {len(training.data)}. Name one for each sequence."
        )
    last = training.seed + training.movies - 1
    if training.seed < 0 or training.movies < 0 or last >= HELD_OUT_SEED > training.seed:
        raise SettingsError(
            f"--seed {training.seed} --movies {training.movies}: seeds from {HELD_OUT_SEED} on are held out. Choose "
            f"both so that --seed is at least 0 and the last one stays below {HELD_OUT_SEED}."
        )
    if training.seed >= HELD_OUT_SEED:
        raise SettingsError(f"--seed is {training.seed}, expected less than {HELD_OUT_SEED}: those are held out.")
    if training.check is None and not training.data and training.movies == 0:
        raise SettingsError("--movies is 0: there is nothing to learn from. Give 1 or more, or --data.")
    if training.check is not None and training.out is not None:
        raise SettingsError("--out is for a model that is learned; with --check leave it away.")


@contextmanager
def _mapper(workers: int) -> Iterator[Mapper]:
    """``map`` over processes: the same results in the same order, whatever their number."""
    if workers <= 1:
        yield map
        return
    # started afresh, not forked: a fork beside the threads of numerical libraries may hang
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        yield partial(pool.map, chunksize=4)


def _learn(training: Training, mapper: Mapper) -> tuple[dict[str, Any], dict[str, Any]]:
    """A new model's JSON, and the figures of it and of the shipped one where nothing was fitted to."""
    shipped = load_default_model(training.with_sam)
    starts_from: LinkModel | None = shipped if training.data else None
    if training.with_sam and not training.sam_alone and not training.data:
        starts_from = load_default_model()
    if training.data:
        bench = _annotated(training)
        card = _told_data(training, bench.movies)
    else:
        held_out = _held_out_seeds(training)
        seeds = {"train": [training.seed, _seeds(training)[-1]], "held_out": [held_out[0], held_out[-1]]}
        bench = replace(_simulated(training, mapper, _seeds(training)), by_movie=starts_from is not None)
        card = {"data": SIMULATED, "seeds": seeds, **_told_network(training)}
    if starts_from is None:
        model, counts = fit_links(bench)
    else:
        learned = learn_links(bench, starts_from)
        model, counts = learned.model, learned.counts
        strength = {name: "kept" if s == KEPT else s for name, s in learned.strengths.items()}
        was, aside = (SHIPPED, "last third") if training.data else (PLAIN, "other seeds")
        card |= {"learning": {"starts from": was, "how strongly it holds": strength, "held out": aside}}
    if not training.data:
        bench = _simulated(training, mapper, held_out)
    judged = {"shipped": _judge(training, bench, shipped), "new": _judge(training, bench, model)}
    if training.with_sam:
        judged["without the network"] = _judge(training, bench, load_default_model())
    plain = {"about": ABOUT, **card, "examples": counts, "versions": _versions(), "held_out": judged["new"]}
    plain |= {"held_out_before": judged["shipped"]} if training.data else {}
    return plain | {"models": {name: getattr(model, name).to_plain() for name in FACTS}}, judged


def _check(training: Training, mapper: Mapper) -> tuple[dict[str, Any], dict[str, Any]]:
    """The JSON of a model that is there, and its figures beside the shipped one's."""
    plain = open_link_model(training.check)[0] if training.check else default_plain(training.with_sam)
    if not training.data and training.movies == 0:
        return plain, {}
    bench = _annotated(training) if training.data else _simulated(training, mapper, _held_out_seeds(training))
    judged = {"shipped": _judge(training, bench, load_default_model(training.with_sam))}
    if training.with_sam:
        judged["without the network"] = _judge(training, bench, load_default_model())
    if training.check:
        judged["checked"] = _judge(training, bench, LinkModel.from_plain(plain))
    return plain, judged


def _judge(training: Training, bench: Bench, model: LinkModel) -> dict[str, dict[str, Any]]:
    """Figures on what was held out: the last third of the user's movies, all of the simulated ones."""
    return judge(gather(bench, model, tuple(FACTS), HELD_OUT if training.data else WHOLE)[0])


def _simulated(training: Training, mapper: Mapper, seeds: range) -> Bench:
    make = partial(movie_with_evidence, settings=training.config.sam2) if training.with_sam else make_movie
    movies: list[Movie] = []
    for movie in mapper(make, [recipe(seed) for seed in seeds]):
        movies.append(movie)
        if len(movies) % PROGRESS_EVERY == 0:
            log.info("train links: %d of %d movies simulated", len(movies), len(seeds))
    log.info("train links: %d movies simulated, seeds %d to %d", len(movies), seeds[0], seeds[-1])
    return Bench(movies, mapper, _say, sam_alone=training.sam_alone)


def _annotated(training: Training) -> Bench:
    masks = training.masks or (None,) * len(training.data)
    movies = []
    for images, of_images in zip(training.data, masks, strict=True):
        movie = read_annotated(images, of_images, training.config)
        movies.append(with_evidence(movie, training.config) if training.with_sam else movie)
        log.info("train links: %s read, %s", images, frames_and_cells(movies[-1]))
    return Bench(movies, map, _say, training.config.link)  # the movies hold open files, so they stay in this process


def _seeds(training: Training) -> range:
    return range(training.seed, training.seed + training.movies)


def _held_out_seeds(training: Training) -> range:
    return range(HELD_OUT_SEED, HELD_OUT_SEED + max(training.movies // 3, 1))


def _told_data(training: Training, movies: Any) -> dict[str, Any]:
    named = [f"{movie_name(p)} ({frames_and_cells(m)})" for p, m in zip(training.data, movies, strict=True)]
    return {"data": f"annotated movies of the user: {', '.join(named)}"}


def _told_network(training: Training) -> dict[str, Any]:
    return {"network": training.config.sam2.weights} if training.with_sam else {}


def _versions() -> dict[str, str]:
    return {"samtrack": samtrack.__version__, **{name: version(name) for name in ("numpy", "scipy")}}


def _say(text: str) -> None:
    log.info("train links: %s", text)
