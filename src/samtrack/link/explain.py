"""Why a proposal has its probability: what each fact adds to its log odds, and which facts speak loudest.

The models are sums of curves, so nothing is estimated here. A fact's contribution is its curve's value less the curve's mean
over the examples it was fitted to: more than an average proposal has speaks for, less speaks against.

A link to the next frame is judged twice, first by its own facts (`evidence`), then among its rivals. There the contribution
of `evidence` is handed on to the facts it was made from, each in proportion to what it gave. The contest's curve need not be
straight; what is handed on in all is its rise from the evidence of an average proposal to that of this one, so the parts
still add up to the whole, and since the curve only rises no fact changes sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.link.calibrate import SUREST, AdditiveModel, Curve, LinkModel
from samtrack.link.division import DIVISION_FACTS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Facts = npt.NDArray[np.floating[Any]]
Texts = npt.NDArray[np.object_]

# Facts named on each side: with more, nobody reads them.
TOLD_FACTS = 3
# Least contribution that is told (log odds): 0.05 moves a probability by at most 1 %.
LEAST_TOLD = 0.05
# Rows worked on at once: 30 facts of them are 16 MB.
ROWS_AT_ONCE = 2**17
# Differences of evidence smaller than this have no slope of their own.
SMALLEST_DIFFERENCE = 1e-3


def explain_links(model: LinkModel, facts: Facts, names: Sequence[str]) -> tuple[Texts, Texts]:
    """For each link the facts that spoke for it and those against, as ``iou +2.1; size_loss +0.4``."""
    return _explain(lambda rows: link_contributions(model, facts[rows], names), len(facts), names)


def explain_divisions(model: LinkModel, facts: Facts) -> tuple[Texts, Texts]:
    """The same for divisions; ``facts`` has the columns `DIVISION_FACTS`."""
    names = DIVISION_FACTS
    return _explain(lambda rows: _contributions(model.division, facts[rows], names), len(facts), names)


def _explain(contributions_of: Any, n: int, names: Sequence[str]) -> tuple[Texts, Texts]:
    """Both texts of all rows, some rows at a time."""
    speaks_for, against = np.full(n, "", dtype=object), np.full(n, "", dtype=object)
    for start in range(0, n, ROWS_AT_ONCE):
        rows = slice(start, min(start + ROWS_AT_ONCE, n))
        contributions = contributions_of(rows)
        speaks_for[rows], against[rows] = loudest(contributions, names), loudest(-contributions, names, sign=-1)
    return speaks_for, against


def link_contributions(model: LinkModel, facts: Facts, names: Sequence[str]) -> Floats:
    """What each fact adds to the log odds of each link, (n, len(names)); together with `base_odds` all of them."""
    is_gap = facts[:, names.index("gap")] > 0
    found = np.zeros((len(facts), len(names)))
    found[is_gap] = _contributions(model.gap, facts[is_gap], names)
    found[~is_gap] = _contest_contributions(model, facts[~is_gap], names)
    return found


def base_odds(model: LinkModel, is_gap: npt.NDArray[np.bool_]) -> Floats:
    """Log odds of an average proposal: what is left of a link's log odds without its facts' contributions."""
    contest = _average(model.contest)
    curve = _curve_of(model.contest, "evidence")
    if curve is not None:
        contest += float(curve.at(np.array([_average(model.frame)]))[0]) - curve.mean
    return np.where(is_gap, _average(model.gap), contest)


def _average(model: AdditiveModel) -> float:
    return model.constant + sum(curve.mean for curve in model.curves)


def _contributions(model: AdditiveModel, facts: Facts, names: Sequence[str]) -> Floats:
    found = np.zeros((len(facts), len(names)))
    for curve in model.curves:
        at = names.index(curve.name)
        found[:, at] += curve.at(facts[:, at].astype(np.float64)) - curve.mean
    return found


def _contest_contributions(model: LinkModel, facts: Facts, names: Sequence[str]) -> Floats:
    """The contest's contributions, that of ``evidence`` handed on to the facts of the frame model."""
    found = _contributions(model.contest, facts, names)
    curve = _curve_of(model.contest, "evidence")
    if curve is None:
        return found
    own = _contributions(model.frame, facts, names)
    average = _average(model.frame)
    given = own.sum(axis=1)
    before = np.array([average, average + SMALLEST_DIFFERENCE])
    level = curve.at(before)
    rise = curve.at(np.clip(average + given, -SUREST, SUREST)) - level[0]
    small = np.abs(given) < SMALLEST_DIFFERENCE
    slope = np.where(small, (level[1] - level[0]) / SMALLEST_DIFFERENCE, rise / np.where(small, 1.0, given))
    found[:, names.index("evidence")] = 0.0
    return np.asarray(found + own * slope[:, None])


def _curve_of(model: AdditiveModel, fact: str) -> Curve | None:
    return next((curve for curve in model.curves if curve.name == fact), None)


def loudest(contributions: Floats, names: Sequence[str], sign: int = 1) -> Texts:
    """The facts of the largest contributions of each row as text, largest first; ``sign`` is written before the numbers."""
    left = contributions.copy()
    text = np.full(len(left), "", dtype=object)
    for place in range(min(TOLD_FACTS, len(names))):
        fact = left.argmax(axis=1) if len(left) else np.zeros(0, dtype=np.int64)
        value = np.take_along_axis(left, fact[:, None], axis=1)[:, 0]
        told = np.flatnonzero(value >= LEAST_TOLD)
        words = _words(fact[told], value[told], names, sign)
        text[told] = words if place == 0 else text[told] + "; " + words
        left[np.arange(len(left)), fact] = -np.inf
    return text


def _words(fact: Ints, value: Floats, names: Sequence[str], sign: int) -> Texts:
    """``iou +2.1`` for each fact and value; each distinct text is made once."""
    tenths = np.round(np.minimum(value, 99.0) * 10).astype(np.int64)
    codes, which = np.unique(fact * 1000 + tenths, return_inverse=True)
    mark = "+" if sign > 0 else "−"
    texts = [f"{names[code // 1000]} {mark}{code % 1000 / 10:.1f}" for code in codes.tolist()]
    return np.array(texts, dtype=object)[which] if len(codes) else np.zeros(0, dtype=object)
