"""What events and proposals are worth, in nats: one small function per term of the objective.

The score of an explanation of the movie is its evidence (log odds of the chosen proposals) minus the costs of the
events it contains (appear, disappear, skip a frame, divide, keep a lone detection). The baseline explains every
detection as a track of its own; a gain is a score above that baseline. Derivations: docs/decisions/0001-set-packing.md,
and of merges docs/decisions/0005-shared-masks.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.config.associate import AssociateSettings
from samtrack.types import Detections, Scale

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SUREST = 1e-6
"""Probability (no unit) nearer to 0 or 1 than this is taken as this: no calibration is surer than one in a million."""


@dataclass(frozen=True, slots=True)
class EventCosts:
    """Nats per detection for beginning here, ending here, and being kept without any link."""

    appear: Floats
    disappear: Floats
    keep_lone: Floats


def log_odds(probability: npt.ArrayLike) -> Floats:
    """Natural logarithm of p / (1 - p), with p kept ``SUREST`` away from 0 and 1."""
    p = np.clip(np.asarray(probability, dtype=np.float64), SUREST, 1 - SUREST)
    return np.log(p) - np.log1p(-p)


def event_costs(detections: Detections, settings: AssociateSettings) -> EventCosts:
    """Costs of the events of each detection; less near the image border (lone ones are kept), none at the movie's ends.

    A cell in the first frame need not appear and one in the last need not disappear. No gain of a link or division
    holds these two terms (a target is never first, a source never last); they matter for lone detections alone.
    """
    if len(detections) == 0:
        return EventCosts(np.zeros(0), np.zeros(0), np.zeros(0))
    near = detections.border_um <= typical_radius_um(detections)
    factor = np.where(near, settings.border_discount, 1.0)
    before = np.where(detections.frame == detections.frame[0], 0.0, factor)
    after = np.where(detections.frame == detections.frame[-1], 0.0, factor)
    return EventCosts(
        appear=settings.cost_appear * before,
        disappear=settings.cost_disappear * after,
        keep_lone=np.where(near, 0.0, settings.cost_keep_lone * (before + after) / 2),
    )


def typical_radius_um(detections: Detections) -> float:
    """Median radius of the disc (ball) of a detection's size, in micrometres."""
    unit = Scale((1.0,) * detections.ndim)
    return float(np.median(unit.radius_um(detections.size_um)))


def link_gain(probability: Floats, saved: Floats, frames_skipped: Ints, cost_gap_per_frame: float) -> Floats:
    """Gain of a link: its log odds, plus the end and the beginning that it saves, less the frames it skips."""
    return log_odds(probability) + saved - cost_gap_per_frame * frames_skipped


def division_gain(
    probability: Floats, odds_of_links: Floats, saved: Floats, frames_skipped: Ints, settings: AssociateSettings
) -> Floats:
    """Gain of a division: its odds against *all* of its alternatives, plus what it saves, less what it costs.

    Without the division the mother may end (odds 1), go on as one daughter or as the other (odds of those links;
    ``odds_of_links`` is their sum). The division's probability q stands against the three together, so its odds
    against the baseline are q/(1-q) · (1 + odds_of_links). ``saved``: the mother's end and both beginnings, in nats.
    """
    evidence = log_odds(probability) + np.log1p(odds_of_links)
    return evidence + saved - settings.cost_gap_per_frame * frames_skipped - settings.cost_divide


@dataclass(frozen=True, slots=True)
class MergeRivals:
    """Odds of what else the five objects of a merge could be: cells a and b, their mask m, the same cells c and d.

    ``into``: links a → m, b → m. ``onward``: links m → c, m → d. ``across``: links a → c, a → d; b → c, b → d.
    ``division``: of m into c and d, in the units of the links (against ending, not against all its alternatives).
    """

    into: tuple[Floats, Floats]
    onward: tuple[Floats, Floats]
    across: tuple[tuple[Floats, Floats], tuple[Floats, Floats]]
    division: Floats

    def weight(self) -> Floats:
        """Sum of the weights of all explanations of the six sides without the merge; that of nothing linked is 1.

        An explanation is a matching: each of a, b, m has one future or none, each of m, c, d one past or none (and m may
        divide). Its weight is the product of its odds.
        """
        am, bm = self.into
        (ac, ad), (bc, bd) = self.across
        mc, md = self.onward
        none_free = 1 + am + bm
        c_free = none_free + ac + bc + am * bc + bm * ac
        d_free = none_free + ad + bd + am * bd + bm * ad
        both_free = c_free + d_free - none_free + ac * bd + ad * bc
        return both_free + mc * d_free + md * c_free + self.division * none_free


def merge_gain(probability: Floats, rivals: MergeRivals, saved: Floats, settings: AssociateSettings) -> Floats:
    """Gain of a merge: its odds against all of its alternatives, plus what it saves, less what it costs.

    ``saved``: the ends of both cells and of the mask and the beginnings of the mask and of both cells, in nats.
    """
    return log_odds(probability) + np.log(rivals.weight()) + saved - settings.cost_share
