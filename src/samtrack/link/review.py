"""Proposals judged a second time, knowing the first decision: what a link means for the tracks on both of its sides.

The first judgement sees two frames; this one compares the three frames before a link with the three after it, asks whether
a cell that seems lost divided or was mislaid, and proposes what the first could not: links over longer gaps and divisions
whose daughters were not seen at once. Still nothing is decided here: the decision is taken again with better evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from samtrack.config.link import LinkSettings
from samtrack.link.calibrate import SUREST, LinkModel, load_default_model, probability
from samtrack.link.candidates import gate_um
from samtrack.link.features import FAR, MAD_TO_SD, ODDEST
from samtrack.link.late import late_divisions, late_links
from samtrack.link.measure import radius_of
from samtrack.link.tracklets import NOBODY, FirstDecision, Tracklets, carried_um, mean_over, read_tracklets
from samtrack.types import Detections, Divisions, Links, Origin, Typical

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

AGAIN_FACTS = (
    "first",  # log odds of the first judgement; unknown for links that it did not propose
    "off",  # distance from where the surroundings carry the cell, in mean radii
    "off_surprise",  # log of that distance over the scatter of the neighbours
    "off_past",  # the same distance if the cell goes on with its own last step
    "off_future",  # the same if it comes with its own next step
    "size_shift",  # mean log size over 3 detections after against 3 before, in usual steps
    "intensity_shift",
    "texture_shift",
    "taken_source",  # log odds of the link or division to which the decision gave the source instead
    "taken_target",
    "lived",  # detections of the source's track up to it
    "lives",  # detections of the target's track from it
    "gap",  # frames skipped
    "loss_rate",  # log odds that a cell of this movie is missing from the next frame
)

DIVISION_AGAIN_FACTS = (
    "first",
    "late",  # frames between the mother's last and the later daughter's first one, beyond the first
    "sum_excess",  # log of the daughters' sizes together (mean of 3) over the mother's (mean of 3) where positive
    "sum_deficit",
    "midpoint_again",  # distance of the daughters' common centre from the mother's, carried on, in her radii
    "opposite_again",  # cosine between the daughters as seen from there
    "reach_again",  # distance between the daughters over the sum of their radii
    "farther_again",  # distance of the farther daughter from there, in the mother's radii
    "asymmetry",  # log of the larger over the smaller daughter, means of 3
    "intensity_likeness",  # difference of the daughters' intensities, means of 3, in the spread between cells
    "mother_shrinks",  # log of her mean size before over her last size, in usual steps
    "mother_brightens",  # her last intensity above her mean before, in usual steps
    "mother_rounds",  # log of her mean elongation before over her last
    "apart_later",  # distance between the daughters 2 detections later over the sum of their radii
    "daughters_live",  # detections of the shorter-lived daughter's track
    "mother_lived",  # detections of the mother's track
    "mother_age",  # log of frames since her own birth
    "rival_more",  # best log odds of another past for the daughter who has the better one
    "rival_less",
    "otherwise",  # log odds of anything else for that daughter: another past, or one that was not seen
    "rival_child",  # best log odds of another future for the mother
    "border_of_daughters",  # distance of the nearer daughter to the image border in radii
    "loss_rate",
    "start_rate",  # log odds that a cell of this movie begins without a past: more than losses are divisions not seen
    "division_rate",
)


@dataclass(frozen=True, slots=True)
class _Looks:
    """Columns over the detections on which changes are measured, and how much they usually change per step."""

    size: Floats
    intensity: Floats
    texture: Floats
    elongation: Floats
    radius_um: Floats
    usual_size: float
    usual_intensity: float
    usual_texture: float
    spread_intensity: float


def review_proposals(
    detections: Detections,
    links: Links,
    divisions: Divisions,
    chosen: FirstDecision,
    typical: Typical,
    settings: LinkSettings,
    model: LinkModel | None = None,
) -> tuple[Links, Divisions]:
    """All proposals with new probabilities, and new ones; ``chosen`` is the first decision.

    Tables keep their columns and order; new proposals are added in order, and facts of this judgement as further columns.
    """
    model = model or load_default_model()
    tracklets = read_tracklets(detections, links, divisions, chosen, typical.radius_um)
    looks = _looks(detections, tracklets)
    gate = gate_um(typical, settings)
    n_links, n_divisions = len(links), len(divisions)
    links = _with_links(links, *late_links(detections, tracklets, settings, gate))
    divisions = _with_divisions(divisions, *late_divisions(detections, tracklets, settings, gate))
    odds = _log_odds(links.score)
    odds[n_links:] = np.nan
    facts = link_again_facts(detections, links, odds, tracklets, looks, chosen, divisions)
    again = np.where(
        facts[:, AGAIN_FACTS.index("gap")] > 0,
        model.gap_again.log_odds(facts, AGAIN_FACTS),
        model.again.log_odds(facts, AGAIN_FACTS),
    )
    split_odds = _log_odds(divisions.score)
    split_odds[n_divisions:] = np.nan
    split_facts = division_again_facts(detections, divisions, split_odds, links, odds, tracklets, looks)
    split_again = model.division_again.log_odds(split_facts, DIVISION_AGAIN_FACTS)
    links = replace(
        links,
        score=probability(again),
        features=np.concatenate([links.features, facts], axis=1),
        feature_names=(*links.feature_names, *_named(AGAIN_FACTS)),
    )
    divisions = replace(
        divisions,
        score=probability(split_again),
        features=np.concatenate([divisions.features, split_facts], axis=1),
        feature_names=(*divisions.feature_names, *_named(DIVISION_AGAIN_FACTS)),
    )
    return _likely_links(links, settings), _likely_divisions(divisions, settings)


def _likely_links(links: Links, settings: LinkSettings) -> Links:
    """The likely enough links, sorted by (source, target)."""
    order = np.lexsort((links.target, links.source))
    order = order[links.score[order] >= settings.min_probability]
    columns = {name: getattr(links, name)[order] for name in ("source", "target", "score", "origin", "features")}
    return replace(links, **columns)


def _likely_divisions(divisions: Divisions, settings: LinkSettings) -> Divisions:
    """The likely enough divisions, sorted by mother and daughters."""
    order = np.lexsort((divisions.daughter_b, divisions.daughter_a, divisions.mother))
    order = order[divisions.score[order] >= settings.min_probability]
    names = ("mother", "daughter_a", "daughter_b", "score", "features")
    return replace(divisions, **{name: getattr(divisions, name)[order] for name in names})


def _named(facts: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the facts of this judgement, beside those of the first."""
    return tuple(f"again_{fact}" for fact in facts)


def _with_links(links: Links, source: Ints, target: Ints) -> Links:
    blank = np.full((len(source), links.features.shape[1]), np.nan, dtype=np.float32)
    return Links(
        np.concatenate([links.source, source]),
        np.concatenate([links.target, target]),
        np.concatenate([links.score, np.full(len(source), 0.5)]),
        np.concatenate([links.origin, np.full(len(source), int(Origin.MOTION))]),
        np.concatenate([links.features, blank]),
        links.feature_names,
    )


def _with_divisions(divisions: Divisions, mother: Ints, daughter_a: Ints, daughter_b: Ints) -> Divisions:
    blank = np.full((len(mother), divisions.features.shape[1]), np.nan, dtype=np.float32)
    return Divisions(
        np.concatenate([divisions.mother, mother]),
        np.concatenate([divisions.daughter_a, daughter_a]),
        np.concatenate([divisions.daughter_b, daughter_b]),
        np.concatenate([divisions.score, np.full(len(mother), 0.5)]),
        np.concatenate([divisions.features, blank]),
        divisions.feature_names,
    )


def _log_odds(score: Floats) -> Floats:
    """Log odds of probabilities, as far as evidence is told apart."""
    p = np.clip(score, 1e-9, 1 - 1e-9)
    return np.clip(np.log(p) - np.log1p(-p), -SUREST, SUREST)


def _looks(detections: Detections, t: Tracklets) -> _Looks:
    size = np.log(detections.size_um)
    texture = np.log(np.where(detections.intensity_sd > 0, detections.intensity_sd, np.nan))
    ends = np.flatnonzero(t.after != NOBODY)
    pairs = (ends, t.after[ends])
    middle = np.nanmedian(detections.intensity) if np.isfinite(detections.intensity).any() else np.nan
    spread = MAD_TO_SD * np.nanmedian(np.abs(detections.intensity - middle)) if np.isfinite(middle) else np.nan
    return _Looks(
        size=size,
        intensity=detections.intensity,
        texture=texture,
        elongation=np.log(detections.elongation),
        radius_um=radius_of(detections.size_um, detections.ndim),
        usual_size=_usual(size, pairs, 0.05),
        usual_intensity=_usual(detections.intensity, pairs, 0.0),
        usual_texture=_usual(texture, pairs, 0.05),
        spread_intensity=float(spread),
    )


def _usual(values: Floats, pairs: tuple[Ints, Ints], least: float) -> float:
    """Robust standard deviation of a column's change along the links of the decision."""
    change = values[pairs[1]] - values[pairs[0]]
    change = change[np.isfinite(change)]
    return max(MAD_TO_SD * float(np.median(np.abs(change))), least) if len(change) else np.nan


def link_again_facts(
    detections: Detections,
    links: Links,
    odds: Floats,
    t: Tracklets,
    looks: _Looks,
    chosen: FirstDecision,
    divisions: Divisions,
) -> npt.NDArray[np.float32]:
    """The columns `AGAIN_FACTS` of each link."""
    a, b = links.source, links.target
    frame, centre = detections.frame, detections.centroid_um
    steps = (frame[b] - frame[a]).astype(np.float64)
    radius = (looks.radius_um[a] + looks.radius_um[b]) / 2
    off = centre[b] - centre[a] - carried_um(t.field, frame, a, b)
    taken_source, taken_target = _taken(len(frame), links, odds, divisions, chosen)
    own = np.zeros(len(a), dtype=np.bool_)
    own[: len(chosen.links)] = chosen.links
    columns = {
        "first": odds,
        "off": _norm(off) / radius,
        "off_surprise": np.log((_norm(off) + 0.05 * radius) / (t.field.scatter_um[a] * np.sqrt(steps) + 0.1 * radius)),
        "off_past": _norm(off - steps[:, None] * t.field.own_in_um[a]) / radius,
        "off_future": _norm(off - steps[:, None] * t.field.own_out_um[b]) / radius,
        "size_shift": _shift(looks.size, t.past[a], t.future[b], looks.usual_size),
        "intensity_shift": _shift(looks.intensity, t.past[a], t.future[b], looks.usual_intensity),
        "texture_shift": _shift(looks.texture, t.past[a], t.future[b], looks.usual_texture),
        "taken_source": np.where(own, -SUREST, taken_source[a]),
        "taken_target": np.where(own, -SUREST, taken_target[b]),
        "lived": t.lived[a],
        "lives": t.lives[b],
        "gap": steps - 1,
        "loss_rate": np.full(len(a), t.loss_rate),
    }
    return np.stack([columns[name] for name in AGAIN_FACTS], axis=1).astype(np.float32)


def _shift(values: Floats, past: Ints, future: Ints, usual: float) -> Floats:
    """Change of a mean over detections, in usual steps; NaN where nothing varies or nothing is known."""
    if not usual > 0:
        return np.full(len(past), np.nan)
    return np.minimum(np.abs(mean_over(future, values) - mean_over(past, values)) / usual, ODDEST)


def _taken(n: int, links: Links, odds: Floats, divisions: Divisions, chosen: FirstDecision) -> tuple[Floats, Floats]:
    """First log odds of what the decision made of each detection's future and past; the least where nothing."""
    future, past = np.full(n, -SUREST), np.full(n, -SUREST)
    some = np.flatnonzero(chosen.links)
    future[links.source[some]] = odds[some]
    past[links.target[some]] = odds[some]
    some = np.flatnonzero(chosen.divisions)
    split = _log_odds(divisions.score[some])
    future[divisions.mother[some]] = split
    past[divisions.daughter_a[some]] = split
    past[divisions.daughter_b[some]] = split
    shared = chosen.shared
    story = _log_odds(shared.score)
    for rows in (shared.before_a, shared.before_b, shared.shared):
        future[rows] = story
    for rows in (shared.after_a, shared.after_b, shared.shared):
        past[rows] = story
    return future, past


def division_again_facts(
    detections: Detections,
    divisions: Divisions,
    odds: Floats,
    links: Links,
    link_odds: Floats,
    t: Tracklets,
    looks: _Looks,
) -> npt.NDArray[np.float32]:
    """The columns `DIVISION_AGAIN_FACTS` of each division."""
    m, a, b = divisions.mother, divisions.daughter_a, divisions.daughter_b
    frame = detections.frame
    rivals = np.sort(np.stack(_rivals(len(frame), links, link_odds, m, a, b), axis=1), axis=1)
    columns = {
        "first": odds,
        "late": (np.maximum(frame[a], frame[b]) - frame[m] - 1).astype(np.float64),
        **_division_places(detections, t, looks, m, a, b),
        **_division_looks(t, looks, m, a, b),
        "daughters_live": np.minimum(t.lives[a], t.lives[b]),
        "mother_lived": t.lived[m],
        "mother_age": np.log(np.maximum(t.age[m], 1.0)),
        "rival_less": rivals[:, 0],
        "rival_more": rivals[:, 1],
        "otherwise": np.logaddexp(rivals[:, 1], t.loss_rate),
        "rival_child": _best_third(len(frame), links, link_odds, m, a, b),
        "border_of_daughters": np.minimum(
            np.minimum(detections.border_um[a], detections.border_um[b]) / looks.radius_um[m], FAR
        ),
        "loss_rate": np.full(len(m), t.loss_rate),
        "start_rate": np.full(len(m), t.start_rate),
        "division_rate": np.full(len(m), t.division_rate),
    }
    return np.stack([columns[name] for name in DIVISION_AGAIN_FACTS], axis=1).astype(np.float32)


def _division_places(
    detections: Detections, t: Tracklets, looks: _Looks, m: Ints, a: Ints, b: Ints
) -> dict[str, Floats]:
    frame, centre = detections.frame, detections.centroid_um
    to_a = centre[a] - centre[m] - carried_um(t.field, frame, m, a)
    to_b = centre[b] - centre[m] - carried_um(t.field, frame, m, b)
    size_a, size_b, radius = detections.size_um[a], detections.size_um[b], looks.radius_um[m]
    share = (size_a / (size_a + size_b))[:, None]
    far_a, far_b = _norm(to_a), _norm(to_b)
    both = looks.radius_um[a] + looks.radius_um[b]
    later_a, later_b = t.future[a, -1], t.future[b, -1]
    known = (later_a != NOBODY) & (later_b != NOBODY)
    return {
        "midpoint_again": _norm(share * to_a + (1 - share) * to_b) / radius,
        "opposite_again": np.sum(to_a * to_b, axis=1) / np.maximum(far_a * far_b, 1e-6 * radius**2),
        "reach_again": _norm(to_a - to_b) / both,
        "farther_again": np.maximum(far_a, far_b) / radius,
        "apart_later": np.where(known, _norm(centre[later_a] - centre[later_b]) / both, np.nan),
    }


def _division_looks(t: Tracklets, looks: _Looks, m: Ints, a: Ints, b: Ints) -> dict[str, Floats]:
    """How the three look, over three detections each; of the mother also how she changed in the end."""
    size_a, size_b = mean_over(t.future[a], looks.size), mean_over(t.future[b], looks.size)
    total = np.logaddexp(size_a, size_b) - mean_over(t.past[m], looks.size)
    past = np.where(np.arange(t.past.shape[1]) == 0, NOBODY, t.past[m])  # without her last detection
    bright = looks.intensity[m] - mean_over(past, looks.intensity)
    likeness = np.abs(mean_over(t.future[a], looks.intensity) - mean_over(t.future[b], looks.intensity))
    usual_intensity = looks.usual_intensity if looks.usual_intensity > 0 else np.nan
    spread = looks.spread_intensity if looks.spread_intensity > 0 else np.nan
    return {
        "sum_excess": np.maximum(total, 0.0),
        "sum_deficit": np.maximum(-total, 0.0),
        "asymmetry": np.abs(size_a - size_b),
        "intensity_likeness": np.minimum(likeness / spread, ODDEST),
        "mother_shrinks": np.clip((mean_over(past, looks.size) - looks.size[m]) / looks.usual_size, -ODDEST, ODDEST),
        "mother_brightens": np.clip(bright / usual_intensity, -ODDEST, ODDEST),
        "mother_rounds": mean_over(past, looks.elongation) - looks.elongation[m],
    }


def _rivals(n: int, links: Links, odds: Floats, m: Ints, a: Ints, b: Ints) -> tuple[Floats, Floats]:
    """Best log odds of a past for each daughter other than this mother."""
    best, owner, second = _two_best(n, links.target, links.source, odds)
    return np.where(owner[a] == m, second[a], best[a]), np.where(owner[b] == m, second[b], best[b])


def _best_third(n: int, links: Links, odds: Floats, m: Ints, a: Ints, b: Ints) -> Floats:
    """Best log odds of a future for the mother that is neither daughter."""
    known = np.isfinite(odds)
    order = np.lexsort((-odds[known], links.source[known]))
    source, target, value = links.source[known][order], links.target[known][order], odds[known][order]
    start, stop = np.searchsorted(source, m), np.searchsorted(source, m, side="right")
    found = np.full(len(m), -SUREST)
    open_ = np.ones(len(m), dtype=np.bool_)
    for k in range(3):  # of the three best at least one is a third
        at = np.minimum(start + k, max(len(source) - 1, 0))
        if len(source) == 0:
            break
        is_third = open_ & (start + k < stop) & (target[at] != a) & (target[at] != b)
        found[is_third] = value[at[is_third]]
        open_ &= ~is_third
    return found


def _two_best(n: int, group: Ints, other: Ints, odds: Floats) -> tuple[Floats, Ints, Floats]:
    """Per member of ``group``: best log odds, who has them, and the second best."""
    known = np.isfinite(odds)
    order = np.lexsort((other[known], -odds[known], group[known]))
    group, other, odds = group[known][order], other[known][order], odds[known][order]
    best, second, owner = np.full(n, -SUREST), np.full(n, -SUREST), np.full(n, NOBODY, dtype=np.int64)
    is_first = np.diff(group, prepend=NOBODY) != 0
    best[group[is_first]], owner[group[is_first]] = odds[is_first], other[is_first]
    is_second = np.zeros(len(group), dtype=np.bool_)
    is_second[1:] = is_first[:-1] & ~is_first[1:]
    second[group[is_second]] = odds[is_second]
    return best, owner, second


def _norm(vectors: Floats) -> Floats:
    return np.asarray(np.sqrt(np.sum(vectors * vectors, axis=-1)), dtype=np.float64)
