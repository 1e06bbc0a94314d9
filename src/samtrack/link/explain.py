"""Why a proposal has its probability: what each fact adds to its log odds, and which facts speak loudest.

The models are sums of curves, so nothing is estimated here. A fact's contribution is its curve's value less the curve's mean
over the examples it was fitted to: more than an average proposal has speaks for, less speaks against.

What is explained is the last judgement, and a judgement may know an earlier one: a link among its rivals knows what its own
facts say (`evidence`), and all that is judged again after the first decision knows what was said before (`first`). The
contribution of such a fact is handed on to the facts that it was made from, each in proportion to what it gave. Its curve
need not be straight; what is handed on in all is the curve's rise from an average proposal to this one, so the parts still
add up to the whole, and where the curve only rises no fact changes sides. A proposal made only after the first decision has
no earlier judgement: there `first` stays, and says what that means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.link.calibrate import SUREST, AdditiveModel, LinkModel

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Facts = npt.NDArray[np.floating[Any]]
Texts = npt.NDArray[np.object_]

# Facts named on each side: with more, nobody reads them.
TOLD_FACTS = 3
# Least contribution that is told (log odds): 0.05 moves a probability by at most 1 %.
LEAST_TOLD = 0.05
# Rows worked on at once: 60 facts of them are 4 MB, which stay in the cache.
ROWS_AT_ONCE = 2**13
# What the facts of the second judgement are called in a table, before their own names.
AGAIN = "again_"
# The fact of the second judgement that says what the first one was.
FIRST = "first"
# Differences of evidence smaller than this have no slope of their own.
SMALLEST_DIFFERENCE = 1e-3


@dataclass(frozen=True, slots=True)
class Contributions:
    """What each fact adds to the log odds of each proposal, (n, facts), and the log odds that are left without, (n,)."""

    parts: Floats
    base: Floats


def explain_links(model: LinkModel, facts: Facts, names: Sequence[str]) -> tuple[Texts, Texts]:
    """For each link the facts that spoke for it and those against, as ``iou +2.1; size_loss +0.4``."""
    return _explain(lambda rows: link_contributions(model, facts[rows], names), len(facts), names)


def explain_divisions(model: LinkModel, facts: Facts, names: Sequence[str]) -> tuple[Texts, Texts]:
    """The same for divisions."""
    return _explain(lambda rows: division_contributions(model, facts[rows], names), len(facts), names)


def explain_merges(model: LinkModel, facts: Facts, names: Sequence[str]) -> tuple[Texts, Texts]:
    """The same for merges, which are judged once."""
    return _explain(lambda rows: _judged_once(model.merge, facts[rows], names), len(facts), names)


def _explain(contributions_of: Callable[[slice], Contributions], n: int, names: Sequence[str]) -> tuple[Texts, Texts]:
    """Both texts of all rows, some rows at a time."""
    speaks_for, against = np.full(n, "", dtype=object), np.full(n, "", dtype=object)
    told = [name.removeprefix(AGAIN) for name in names]
    for start in range(0, n, ROWS_AT_ONCE):
        rows = slice(start, min(start + ROWS_AT_ONCE, n))
        parts = contributions_of(rows).parts
        speaks_for[rows], against[rows] = loudest(parts, told), loudest(-parts, told, sign=-1)
    return speaks_for, against


def link_contributions(model: LinkModel, facts: Facts, names: Sequence[str]) -> Contributions:
    """What each fact adds to the log odds of each link in its last judgement; ``facts`` has the columns ``names``."""
    is_again = AGAIN + FIRST in names
    gap = facts[:, names.index(AGAIN + "gap" if is_again else "gap")]
    found = Contributions(np.zeros((len(facts), len(names))), np.zeros(len(facts)))
    for rows, first, again in (
        (np.flatnonzero(gap > 0), _over_gaps, model.gap_again),
        (np.flatnonzero(~(gap > 0)), _to_next_frame, model.again),
    ):
        judge = partial(first, model, names=names)
        part = _judged_upon(again, AGAIN + FIRST, judge, facts[rows], names) if is_again else judge(facts[rows])
        found.parts[rows], found.base[rows] = part.parts, part.base
    return found


def division_contributions(model: LinkModel, facts: Facts, names: Sequence[str]) -> Contributions:
    """What each fact adds to the log odds of each division in its last judgement; ``facts`` has the columns ``names``."""
    judge = partial(_judged_once, model.division, names=names)
    if AGAIN + FIRST not in names:
        return judge(facts)
    return _judged_upon(model.division_again, AGAIN + FIRST, judge, facts, names)


def _over_gaps(model: LinkModel, facts: Facts, names: Sequence[str]) -> Contributions:
    return _judged_once(model.gap, facts, names)


def _to_next_frame(model: LinkModel, facts: Facts, names: Sequence[str]) -> Contributions:
    """The contest's contributions, that of ``evidence`` handed on to the facts of the frame model."""
    return _judged_upon(model.contest, "evidence", partial(_judged_once, model.frame, names=names), facts, names)


def _judged_once(model: AdditiveModel, facts: Facts, names: Sequence[str], prefix: str = "") -> Contributions:
    """Each curve less its mean, and the log odds of an average proposal; the model's facts are named with ``prefix``.

    A fact that two judgements share (``gap``) is one column.
    """
    found = np.zeros((len(facts), len(names)))
    for curve in model.curves:
        value = facts[:, names.index(prefix + curve.name)].astype(np.float64)
        told = curve.name if curve.name in names else prefix + curve.name
        found[:, names.index(told)] += curve.at(value) - curve.mean
    average = model.constant + sum(curve.mean for curve in model.curves)
    return Contributions(found, np.full(len(facts), average))


def _judged_upon(
    model: AdditiveModel, fact: str, earlier: Callable[[Facts], Contributions], facts: Facts, names: Sequence[str]
) -> Contributions:
    """A judgement that knows an earlier one as the column ``fact``, whose contribution is handed on to that one's facts."""
    prefix = AGAIN if fact.startswith(AGAIN) else ""
    found = _judged_once(model, facts, names, prefix)
    curve = next((curve for curve in model.curves if prefix + curve.name == fact), None)
    if curve is None:
        return found
    at = names.index(fact)
    known = np.flatnonzero(~np.isnan(facts[:, at]))  # others were never judged before: nothing to hand on to
    before = earlier(facts[known])
    given = before.parts.sum(axis=1)
    level = curve.at(before.base)
    rise = curve.at(np.clip(before.base + given, -SUREST, SUREST)) - level
    small = np.abs(given) < SMALLEST_DIFFERENCE
    tangent = (curve.at(before.base + SMALLEST_DIFFERENCE) - level) / SMALLEST_DIFFERENCE
    slope = np.where(small, tangent, rise / np.where(small, 1.0, given))
    found.parts[known, at] = 0.0
    found.parts[known] += before.parts * slope[:, None]
    found.base[known] += level - curve.mean
    return found


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
