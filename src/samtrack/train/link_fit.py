"""The models of the linker, fitted one after the other, since each sees what the ones before it say.

``fit_links`` fits them from nothing, to many simulated movies. ``learn_links`` starts from a model and moves its curves only
as far as a user's few annotated frames ask for; how far is tried on frames that are not fitted to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from samtrack.config.link import LinkSettings
from samtrack.errors import DataError
from samtrack.link.calibrate import AdditiveModel, LinkModel, probability
from samtrack.link.facts import FACTS
from samtrack.link.sam_facts import DIVISION_SAM_FACTS, MERGE_SAM_FACTS, SAM_FACTS
from samtrack.train.additive import CurveRules, Prior, fit_additive
from samtrack.train.link_card import surprise
from samtrack.train.link_examples import SECOND, Bools, Examples, Floats, Movie, examples_of
from samtrack.types import Span

KNOTS = {
    "frame": 12,
    "division": 8,
    "contest": 12,
    "gap": 8,
    "merge": 8,
    "again": 10,
    "gap_again": 8,
    "division_again": 8,
}  # fewer where there are fewer examples
# Which way a fact must speak, whatever the simulated movies say: +1 likelier, -1 less likely with more of it.
# This is what we know of all movies; without it the models learn habits of the simulation.
LIKELIER = """likeness iou overlap margin_of_target margin_of_source iou_lead_of_target iou_lead_of_source evidence
    lead_of_target lead_of_source division covered_less mother_brightness daughters_brightness daughters_texture
    evidence_more evidence_less first lived lives mother_shrinks mother_brightens mother_rounds daughters_live mother_lived
    mother_age border_of_daughters division_rate start_rate over_larger mask_size
    covered inside_less inside_more crosswise
    sam_forward sam_forward_iou sam_forward_lead sam_backward sam_backward_iou sam_backward_lead sam_agreement sam_object
    sam_object_back sam_mother_covers sam_mother_least sam_daughters_back sam_cells_inside sam_mask_covers sam_mask_least"""
LESS_LIKELY = """distance surprise size_oddness intensity_oddness texture_oddness rank_of_target rank_of_source size_gain
    size_loss elongation_change other_division best_out best_in size_excess size_deficit size_asymmetry midpoint opposite
    reach farther daughters_size daughters_smaller brightness_asymmetry texture_asymmetry other_child other_mother_more
    other_mother_less off off_surprise off_past off_future size_shift intensity_shift texture_shift taken_source taken_target
    late sum_excess sum_deficit midpoint_again opposite_again reach_again farther_again asymmetry intensity_likeness
    apart_later rival_more rival_less rival_child otherwise pair_excess pair_deficit pair_midpoint pair_reach
    spread_oddness move
    size_change plain_link other_future other_past other_source other_target mask_divides"""
DIRECTION = {**dict.fromkeys(LIKELIER.split(), 1), **dict.fromkeys(LESS_LIKELY.split(), -1)}
NOTHING = AdditiveModel(0.0, ())

# Shares of the frames. The last third is not fitted to: what is told of the model comes from there.
HELD_OUT = (2 / 3, 1.0)
LEARNED_FROM, BEGINNING, MIDDLE, WHOLE = (0.0, 2 / 3), (0.0, 1 / 3), (1 / 3, 2 / 3), (0.0, 1.0)
# How dear a departure from the prior's curves may be, in units of what a rise from nothing costs. Tried, not chosen.
STRENGTHS = (1.0, 10.0, 100.0, 1000.0)
KEPT = float("inf")  # the strength of a model that was kept as it was
# By how many standard errors a looser hold must predict frames not fitted to better than a tighter one: less may be chance.
SURE_HELP = 1.0
# True and false examples that a model needs to learn from, and to be judged by: ten say as little as none.
ENOUGH = 20
# True links to the next frame in the frames to learn from, and in those held out: a percent must mean something.
ENOUGH_LINKS = 100

Tell = Callable[[str], None]
Mapper = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]
"""``map``, or that of a pool of processes: same results in the same order."""


@dataclass(frozen=True)
class Bench:
    """Movies, and how examples are made of them: settings of the linker, ``map`` of a pool, where progress is told.

    ``sam_alone``: the first judgement goes by what a network says alone, to see what that is worth. ``by_movie``: what is
    learned is tried on every second movie, not on a later part of each; all frames of all movies are learned from.
    """

    movies: Sequence[Movie]
    mapper: Mapper
    tell: Tell
    settings: LinkSettings | None = None
    sam_alone: bool = False
    by_movie: bool = False

    def examples(self, model: LinkModel, names: Sequence[str]) -> list[dict[str, Examples]]:
        """The examples of each movie for some of the models, seen through a model."""
        look = partial(examples_of, model=model, settings=self.settings, names=names)
        return list(self.mapper(look, self.movies))

    def spans(self, start: float, stop: float) -> list[Span]:
        """The part of each movie between two shares of its frames."""
        n = [movie.labels.n_frames for movie in self.movies]
        return [Span(round(start * frames), round(stop * frames)) for frames in n]


def gather(
    bench: Bench, model: LinkModel, names: Sequence[str], *parts: tuple[float, float]
) -> list[dict[str, Examples]]:
    """For each part (from, to: shares of the frames) the examples of all movies together, for each model of ``names``."""
    found = bench.examples(model, names)
    return [
        {
            name: Examples.concatenate([seen[name].within(span) for seen, span in zip(found, spans, strict=True)])
            for name in names
        }
        for spans in (bench.spans(*part) for part in parts)
    ]


def fit_links(bench: Bench) -> tuple[LinkModel, dict[str, dict[str, int]]]:
    """The models that say most likely what is true in these movies, and the number of examples of each."""
    model, counts = LinkModel(**dict.fromkeys(FACTS, NOTHING)), {}
    alone = [(name,) for name in FACTS if name not in SECOND]
    for names in (*alone, SECOND):
        seen = gather(bench, model, names, WHOLE)[0]
        for name, examples in seen.items():
            model = replace(model, **{name: _fit(name, examples, None, bench.sam_alone)})
            counts[name] = examples.counts
            bench.tell(f"{name}: fitted to {len(examples)} examples, {examples.n_true} of them true")
    return model, counts


@dataclass(frozen=True)
class Learned:
    """A model learned from another one: how strongly each part was held back (`KEPT`: as it was), its examples."""

    model: LinkModel
    strengths: dict[str, float]
    counts: dict[str, dict[str, int]]


def learn_links(bench: Bench, prior: LinkModel) -> Learned:
    """A model moved towards the first two thirds of some movies, or towards all of many (`Bench.by_movie`).

    How strongly the prior holds is chosen where it does best on the second third when the first is fitted to, or on every
    second movie when the others are; a part that does not get better for certain stays as it is.
    """
    if not bench.by_movie:
        require_enough(gather(bench, prior, ("contest",), LEARNED_FROM, HELD_OUT))
    strengths = _choose_strengths(bench, prior)
    model, counts = prior, {}
    seen: dict[str, Examples] = {}
    for name, strength in strengths.items():
        seen = seen or gather(bench, model, tuple(strengths), WHOLE if bench.by_movie else LEARNED_FROM)[0]
        examples = seen[name]
        counts[name] = examples.counts
        if strength == KEPT:
            bench.tell(f"{name}: kept as it was")
            continue
        model = replace(model, **{name: _fit(name, examples, Prior(getattr(prior, name), strength))})
        seen = {}  # the parts after it see another model
        bench.tell(f"{name}: learned from {len(examples)} examples, {examples.n_true} of them true")
    return Learned(model, strengths, counts)


def require_enough(parts: Sequence[dict[str, Examples]]) -> None:
    """Raise unless there are true links enough to learn from, and to judge by."""
    for examples, what in zip(parts, ("first two thirds", "last third"), strict=True):
        n = examples["contest"].n_true
        if n < ENOUGH_LINKS:
            raise DataError(
                f"the truth has {n} links between cells of consecutive frames in the {what} of the frames, expected at "
                f"least {ENOUGH_LINKS}. Annotate more frames or name more sequences, and look whether truth and masks "
                "belong together; the model that ships needs no truth."
            )


def _choose_strengths(bench: Bench, prior: LinkModel) -> dict[str, float]:
    """For each model the strength that predicts best what it was not fitted to."""
    model, chosen = prior, {}
    halves: dict[str, tuple[Examples, Examples]] = {}
    for name in FACTS:
        old = best = getattr(prior, name)
        halves = halves or _halves(bench, model)
        fit, choose = halves[name]
        chosen[name] = KEPT
        if min(fit.n_true, len(fit) - fit.n_true, choose.n_true, len(choose) - choose.n_true) >= ENOUGH:
            for strength in STRENGTHS[::-1]:
                tried = _fit(name, fit, Prior(old, strength))
                if is_better(_surprise(name, best, choose), _surprise(name, tried, choose)):
                    chosen[name], best = strength, tried
        if best is not old:
            model, halves = replace(model, **{name: best}), {}  # the parts after it see another model
        bench.tell(f"{name}: tried on {len(choose)} examples, the prior holds with {chosen[name]:g}")
    return chosen


def _halves(bench: Bench, model: LinkModel) -> dict[str, tuple[Examples, Examples]]:
    """Examples to fit to, and others to choose by: of the beginning and the middle of the movies, or of two sets of them."""
    names = tuple(FACTS)
    if not bench.by_movie:
        fit, choose = gather(bench, model, names, BEGINNING, MIDDLE)
        return {name: (fit[name], choose[name]) for name in names}
    seen = bench.examples(model, names)
    first, second = (
        {name: Examples.concatenate([found[name] for found in some]) for name in names}
        for some in (seen[::2], seen[1::2])
    )
    return {name: (first[name], second[name]) for name in names}


def _fit(name: str, examples: Examples, prior: Prior | None, sam_alone: bool = False) -> AdditiveModel:
    """A model fitted to the facts that are known of any example, and those that the prior goes by."""
    is_known: Bools = np.asarray(np.isfinite(examples.facts).any(axis=0))
    use = [
        i for i, fact in enumerate(FACTS[name]) if is_known[i] or not _is_sams(fact) or (prior and prior.curve(fact))
    ]
    if sam_alone and any(_is_sams(FACTS[name][i]) for i in use):
        use = [i for i in use if _is_sams(FACTS[name][i])]
    rules = CurveRules([FACTS[name][i] for i in use], DIRECTION, KNOTS[name])
    return fit_additive(examples.facts[:, use], examples.is_true, rules, prior)


def _is_sams(fact: str) -> bool:
    """Whether a fact is a network's: without its evidence a model shall not name it."""
    return fact in SAM_FACTS + DIVISION_SAM_FACTS + MERGE_SAM_FACTS


def _surprise(name: str, model: AdditiveModel, examples: Examples) -> Floats:
    return surprise(probability(model.log_odds(examples.facts, FACTS[name])), examples.is_true)


def is_better(before: Floats, after: Floats) -> bool:
    """Whether the surprises of the same examples have become smaller by more than chance explains."""
    gain = before - after
    return bool(gain.mean() > SURE_HELP * gain.std() / np.sqrt(len(gain)))
