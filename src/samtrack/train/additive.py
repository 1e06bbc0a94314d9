"""The fit of monotone additive models: from facts and truth to one curve per fact.

What is fitted are the rises of the curves from knot to knot, since bounds on them are what a direction means; sums over the
examples use hats, of which only two per fact differ from 0. With a prior, departures from its curves are what is penalised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse

from samtrack.link.calibrate import AdditiveModel, Curve, probability

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

KNOT_SPACING = 0.04  # knots are at least about this share of a curve's range apart
BEND_PENALTY = 3.0  # on squared second differences of a curve: smooth, but free to be steep
SIZE_PENALTY = 0.1  # on squared rises of a curve: keeps unneeded ones level
FREE = 1e-6  # penalty on what should be free, for a solvable system
MOST_EXAMPLES = 40_000  # of each kind: with more, curves change by less than other recipes change them
MAX_ROUNDS = 30  # of Newton's method; ten are usual
LONGEST_STEP = 4.0  # log odds: a bounded step cannot overshoot
TOLERANCE = 1e-10  # how far a rise may be on the wrong side of 0
PATIENCE = 3  # exchanges of many rises that help nothing, before they are exchanged one by one
SMALLEST_STEP = 1e-4  # log odds: what the curves are rounded to


@dataclass(frozen=True)
class CurveRules:
    """What curves look like: the facts, which way each must speak (+1, -1; 0 or none: either), knots of a curve at most."""

    facts: Sequence[str]
    direction: Mapping[str, int]
    most_knots: int


@dataclass(frozen=True)
class Prior:
    """A model to start from, and how many times as much as usual a departure from its curves costs."""

    model: AdditiveModel
    strength: float

    def curve(self, fact: str) -> Curve | None:
        """The prior's curve of a fact, if it has one."""
        return next((curve for curve in self.model.curves if curve.name == fact), None)


def fit_additive(
    facts: npt.NDArray[np.floating[Any]], is_true: Bools, rules: CurveRules, prior: Prior | None = None
) -> AdditiveModel:
    """The additive model of likeliest curves that keep to the directions, by Newton's method with bounds."""
    some, count = thinned(is_true)
    facts, is_true = facts[some], is_true[some]
    y = is_true.astype(np.float64)
    knots = _choose_knots(facts, is_true, rules, prior)
    hats = sparse.csr_array(
        sparse.hstack([*(hat_basis(facts[:, i], k) for i, k in enumerate(knots)), np.ones((len(facts), 1))])
    )
    rises = sparse.block_diag([*(rises_to_values(len(k)) for k in knots), np.ones((1, 1))]).toarray()
    sign = rise_signs(rules, knots)
    penalty = curve_penalty(knots) * (prior.strength if prior else 1.0)
    centre = _rises_of(prior, rules, knots)
    centre[centre * sign < 0] = 0.0
    weight = centre
    for _ in range(MAX_ROUNDS):
        p = probability(hats @ (rises @ weight))
        slope = rises.T @ (hats.T @ (count * (y - p))) - penalty @ (weight - centre)
        scaled = hats.multiply((count * np.maximum(p * (1 - p), 1e-6))[:, None])
        bend = rises.T @ (hats.T @ scaled).toarray() @ rises + penalty
        aim = solve_signed(bend, bend @ weight + slope, sign)
        step = aim - weight
        weight = weight + step * min(1.0, LONGEST_STEP / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < SMALLEST_STEP:
            break
    return as_curves(rules.facts, knots, weight, (facts, count), keep_unknown=prior is not None)


def thinned(is_true: Bools) -> tuple[npt.NDArray[np.int64], Floats]:
    """At most `MOST_EXAMPLES` true and as many false examples, drawn evenly, and for how many each of them stands."""
    rng = np.random.default_rng(0)
    rows, count = [], []
    for kind in (is_true, ~is_true):
        every = np.flatnonzero(kind)
        drawn = np.sort(rng.permutation(every)[:MOST_EXAMPLES])
        rows.append(drawn)
        count.append(np.full(len(drawn), len(every) / max(len(drawn), 1)))
    return np.concatenate(rows), np.concatenate(count)


def _choose_knots(
    facts: npt.NDArray[np.floating[Any]], is_true: Bools, rules: CurveRules, prior: Prior | None
) -> list[Floats]:
    """The knots of the prior's curves; of facts that it does not know, the examples' own."""
    known = [prior.curve(fact) if prior else None for fact in rules.facts]
    return [
        np.array(curve.knots) if curve and len(curve.knots) > 1 else fact_knots(facts[:, i], is_true, rules.most_knots)
        for i, curve in enumerate(known)
    ]


def _rises_of(prior: Prior | None, rules: CurveRules, knots: Sequence[Floats]) -> Floats:
    """A model as what is fitted: the rises of each curve, its value for "unknown" above its first, and the constant."""
    if prior is None:
        return np.zeros(sum(len(k) for k in knots) + 1)
    parts, constant = [], prior.model.constant
    for fact, k in zip(rules.facts, knots, strict=True):
        curve = prior.curve(fact)
        values = np.interp(k, curve.knots, curve.values) if curve else np.zeros(len(k))
        parts += [np.diff(values), [(curve.missing if curve else 0.0) - values[0]]]
        constant += float(values[0])
    return np.concatenate([*parts, [constant]])


def rise_signs(rules: CurveRules, knots: Sequence[Floats]) -> Floats:
    """The sign that each rise must have; 0 for those of either, for values of "unknown" and for the constant."""
    signs = [
        s
        for fact, k in zip(rules.facts, knots, strict=True)
        for s in [rules.direction.get(fact, 0)] * (len(k) - 1) + [0]
    ]
    return np.array([*signs, 0], dtype=np.float64)


def solve_signed(matrix: Floats, vector: Floats, sign: Floats) -> Floats:
    """The w of least ``w @ matrix @ w / 2 - vector @ w`` whose parts have their signs (0: either) or are 0.

    Block principal pivoting (Júdice and Pires 1994): parts that break a condition change sides, all at once while that
    helps, then one by one, which always ends. A dozen systems are solved, where steps along bounds would take hundreds.
    """
    flip = np.where(sign < 0, -1.0, 1.0)
    m, v, bounded = matrix * flip * flip[:, None], vector * flip, sign != 0
    free = np.ones(len(v), dtype=bool)
    slack = TOLERANCE * max(float(np.abs(v).max(initial=0.0)), 1.0)
    fewest, patience = len(v) + 1, PATIENCE
    while True:
        w = np.zeros(len(v))
        w[free] = linalg.cho_solve(linalg.cho_factor(m[np.ix_(free, free)]), v[free])
        wrong = bounded & np.where(free, w < -TOLERANCE, m @ w - v < -slack)
        n_wrong = int(np.count_nonzero(wrong))
        if n_wrong == 0:
            return np.where(bounded, np.maximum(w, 0.0), w) * flip
        fewest, patience = (n_wrong, PATIENCE) if n_wrong < fewest else (fewest, patience - 1)
        if patience < 0:
            wrong[: np.flatnonzero(wrong)[-1]] = False
        free ^= wrong


def rises_to_values(n_knots: int) -> Floats:
    """The matrix from a curve's rises (and its value for "unknown") to its values at the knots, the first being 0."""
    matrix = np.zeros((n_knots + 1, n_knots))
    matrix[1:n_knots, : n_knots - 1] = np.tril(np.ones((n_knots - 1, n_knots - 1)))
    matrix[n_knots, n_knots - 1] = 1.0
    return matrix


def fact_knots(fact: npt.NDArray[np.floating[Any]], is_true: Bools, most: int) -> Floats:
    """Knots of a curve: quantiles of the fact, half of them among the true proposals, which are few."""
    known = np.isfinite(fact)
    shares = np.concatenate([[0.005], np.linspace(0, 1, most // 2 + 1)[1:-1], [0.995]])
    groups = [fact[known & is_true], fact[known & ~is_true]]
    found = [np.quantile(g.astype(np.float64), shares) for g in groups if len(g)]
    knots = np.unique(np.round(np.concatenate(found), 2)) if found else np.zeros(0)
    if len(knots) < 2:
        return np.array([0.0, 1.0])
    stretch = np.floor((knots - knots[0]) / (knots[-1] - knots[0]) / KNOT_SPACING)
    return np.append(knots[:-1][np.diff(stretch, prepend=-1.0)[:-1] > 0], knots[-1])


def hat_basis(fact: npt.NDArray[np.floating[Any]], knots: Floats) -> sparse.csr_array:
    """Weights of the knots in linear interpolation, one column each; and a column that is 1 where the fact is unknown."""
    n, known = len(fact), np.isfinite(fact)
    x = np.clip(np.where(known, fact, knots[0]).astype(np.float64), knots[0], knots[-1])
    left = np.clip(np.searchsorted(knots, x, side="right") - 1, 0, len(knots) - 2)
    share = (x - knots[left]) / (knots[left + 1] - knots[left])
    column = np.concatenate([np.where(known, left, len(knots)), left + 1])
    values = np.concatenate([np.where(known, 1 - share, 1.0), np.where(known, share, 0.0)])
    return sparse.csr_array((values, (np.tile(np.arange(n), 2), column)), shape=(n, len(knots) + 1))


def curve_penalty(knots: Sequence[Floats]) -> Floats:
    """The quadratic penalty on all rises and on their changes; a trace of it on the constant, for a solvable system."""
    parts = []
    for k in knots:
        bends = np.diff(np.eye(len(k) - 1), axis=0)
        parts.append(BEND_PENALTY * bends.T @ bends + SIZE_PENALTY * np.eye(len(k) - 1))
        parts.append(np.full((1, 1), SIZE_PENALTY))
    return np.asarray(sparse.block_diag([*parts, np.full((1, 1), FREE)]).toarray())


def as_curves(
    names: Sequence[str],
    knots: Sequence[Floats],
    weight: Floats,
    examples: tuple[npt.NDArray[np.floating[Any]], Floats],
    keep_unknown: bool,
) -> AdditiveModel:
    """Fitted rises as curves whose mean over the examples (facts, and for how many each stands) that know the fact is 0.

    A fact that was never unknown counts 0 when it is, unless a prior knew better (``keep_unknown``).
    """
    facts, count = examples
    curves, start, constant = [], 0, float(weight[-1])
    for i, (fact, k) in enumerate(zip(names, knots, strict=True)):
        values = np.concatenate([[0.0], np.cumsum(weight[start : start + len(k) - 1])])
        missing = float(weight[start + len(k) - 1])
        start += len(k)
        known = np.isfinite(facts[:, i])
        mean = float(np.average(np.interp(facts[known, i], k, values), weights=count[known])) if known.any() else 0.0
        constant += mean
        missing = missing - mean if keep_unknown or not known.all() else 0.0
        numbers = tuple(float(v) for v in np.round(values - mean, 4))
        over_all = round(missing * float(np.average(~known, weights=count)), 4) if len(known) else 0.0
        curves.append(Curve(fact, tuple(float(v) for v in k), numbers, round(missing, 4), over_all))
    return AdditiveModel(round(constant, 4), tuple(curves))
