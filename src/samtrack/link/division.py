"""Pairs of candidates that may be the two daughters of one cell, and what speaks for it.

The pair is judged as a whole: do the two together make up the mother, and do they lie on both sides of where she was?
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from samtrack.link.calibrate import SUREST
from samtrack.link.candidates import best_other
from samtrack.link.cells import Cells
from samtrack.link.features import MAD_TO_SD, ODDEST, FramePair, log_or_nan

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DIVISION_FACTS = (
    "size_sum",  # log of the daughters' sizes together over the mother's
    "size_asymmetry",  # log of the larger over the smaller daughter
    "midpoint",  # distance of the daughters' common centroid from the mother's expected place, in her radii
    "opposite",  # cosine of the angle between the daughters as seen from there: -1 is opposite
    "reach",  # distance between the daughters over the sum of their radii
    "nearer",  # distance of the nearer daughter from the expected place, in the mother's radii
    "farther",
    "covered_less",  # share of the less covered daughter under the moved mother
    "covered_more",
    "mother_covered",  # share of the moved mother under both
    "daughters_size",  # log of the mean daughter over the median cell of their frame
    "mother_size",  # log of the mother over the median cell of her frame
    "mother_elongation",  # log
    "daughters_elongation",  # mean of the logs
    "mother_brightness",  # above the median cell of the frame, in robust standard deviations between cells
    "daughters_brightness",
    "brightness_asymmetry",  # between the daughters, likewise
    "mother_texture",  # log of the standard deviation in the mask, above the median cell
    "daughters_texture",
    "evidence_more",  # log odds of the better of the two links from the mother
    "evidence_less",
    "other_child",  # best log odds of the mother's links to any third cell
    "other_mother_more",  # best log odds of other mothers for the more wanted daughter
    "other_mother_less",
    "crowding",  # distance from the mother to her nearest neighbour, in her radii
)

# The nearest candidates that may be daughters: 4 make at most 6 pairs.
DAUGHTER_CANDIDATES = 4
# Daughters together may be this many times larger or smaller than their mother (exp(1.2) = 3.3); more is another cell.
MAX_LOG_SIZE_SUM = 1.2
# Farthest common centroid of the daughters from the mother's expected place, in her radii.
MAX_MIDPOINT = 2.5


@dataclass(frozen=True, slots=True)
class DivisionPairs:
    """Mother (place in the source cells), the columns of the two daughters among her candidates, and the facts."""

    mother: Ints
    column_a: Ints
    column_b: Ints
    facts: npt.NDArray[np.float32]


def find_divisions(pair: FramePair, evidence: Floats) -> DivisionPairs:
    """All pairs of near candidates that could be daughters; ``evidence`` are the log odds of the candidates' links."""
    mother, column_a, column_b = _pairs_of(pair)
    a, b = pair.candidates.target[mother, column_a], pair.candidates.target[mother, column_b]
    columns = {
        **_place_facts(pair, mother, a, b),
        **_mask_facts(pair, mother, a, b),
        **_look_facts(pair, mother, a, b),
        **_rival_facts(pair, (mother, column_a, column_b), evidence),
    }
    facts = np.stack([columns[name] for name in DIVISION_FACTS], axis=1).astype(np.float32)
    keep = (np.abs(columns["size_sum"]) <= MAX_LOG_SIZE_SUM) & (columns["midpoint"] <= MAX_MIDPOINT)
    return DivisionPairs(mother[keep], column_a[keep], column_b[keep], facts[keep])


def _pairs_of(pair: FramePair) -> tuple[Ints, Ints, Ints]:
    """Mother and the two columns of each pair of near candidates, mother by mother."""
    k = min(pair.candidates.target.shape[1], DAUGHTER_CANDIDATES)
    columns = np.array(list(combinations(range(k), 2)), dtype=np.int64).reshape(-1, 2)
    real = pair.candidates.is_real
    mother, which = np.nonzero(real[:, columns[:, 0]] & real[:, columns[:, 1]])
    return mother, columns[which, 0], columns[which, 1]


def _place_facts(pair: FramePair, m: Ints, a: Ints, b: Ints) -> dict[str, Floats]:
    t = pair.target
    size_a, size_b = t.size_um[a], t.size_um[b]
    radius = pair.source.radius_um[m]
    from_mother_a = t.centre_um[a] - pair.motion.expected_um[m]
    from_mother_b = t.centre_um[b] - pair.motion.expected_um[m]
    share = (size_a / (size_a + size_b))[:, None]
    far_a, far_b = _norm(from_mother_a), _norm(from_mother_b)
    product = np.maximum(far_a * far_b, 1e-6 * radius**2)  # a daughter at the very place of the mother has no direction
    return {
        "size_sum": np.log((size_a + size_b) / pair.source.size_um[m]),
        "size_asymmetry": np.abs(np.log(size_a / size_b)),
        "midpoint": _norm(share * from_mother_a + (1 - share) * from_mother_b) / radius,
        "opposite": np.sum(from_mother_a * from_mother_b, axis=1) / product,
        "reach": _norm(t.centre_um[a] - t.centre_um[b]) / (t.radius_um[a] + t.radius_um[b]),
        "nearer": np.minimum(far_a, far_b) / radius,
        "farther": np.maximum(far_a, far_b) / radius,
        "crowding": np.minimum(pair.source.neighbour_um[m] / radius, 8.0),
    }


def _mask_facts(pair: FramePair, m: Ints, a: Ints, b: Ints) -> dict[str, Floats]:
    overlap = pair.overlap
    shared_a, shared_b = overlap.shared(m, a), overlap.shared(m, b)
    covered_a = shared_a / np.maximum(overlap.target_voxels[a], 1)
    covered_b = shared_b / np.maximum(overlap.target_voxels[b], 1)
    return {
        "covered_less": np.minimum(covered_a, covered_b),
        "covered_more": np.maximum(covered_a, covered_b),
        "mother_covered": (shared_a + shared_b) / np.maximum(overlap.moved[m], 1),
    }


def _look_facts(pair: FramePair, m: Ints, a: Ints, b: Ints) -> dict[str, Floats]:
    s, t = pair.source, pair.target
    size = {"s": np.log(s.size_um), "t": np.log(t.size_um)}
    texture_s, texture_t = _above_median(log_or_nan(s.intensity_sd)), _above_median(log_or_nan(t.intensity_sd))
    bright_s, bright_t = _brightness(s), _brightness(t)
    return {
        "daughters_size": (_above_median(size["t"])[a] + _above_median(size["t"])[b]) / 2,
        "mother_size": _above_median(size["s"])[m],
        "mother_elongation": np.log(s.elongation[m]),
        "daughters_elongation": (np.log(t.elongation[a]) + np.log(t.elongation[b])) / 2,
        "mother_brightness": bright_s[m],
        "daughters_brightness": (bright_t[a] + bright_t[b]) / 2,
        "brightness_asymmetry": np.abs(bright_t[a] - bright_t[b]),
        "mother_texture": texture_s[m],
        "daughters_texture": (texture_t[a] + texture_t[b]) / 2,
    }


def _rival_facts(pair: FramePair, who: tuple[Ints, Ints, Ints], evidence: Floats) -> dict[str, Floats]:
    """Log odds of the pair's own links and of the best other explanations of its three cells."""
    m, column_a, column_b = who
    own_a, own_b = evidence[m, column_a], evidence[m, column_b]
    rest = evidence[m].copy()
    rest[np.arange(len(m)), column_a] = -SUREST
    rest[np.arange(len(m)), column_b] = -SUREST
    real = pair.candidates.is_real
    _, target = pair.candidates.pairs()
    other = pair.candidates.spread_out(best_other(target, evidence[real], len(pair.target), -SUREST), -SUREST)
    other_a, other_b = other[m, column_a], other[m, column_b]
    return {
        "evidence_more": np.maximum(own_a, own_b),
        "evidence_less": np.minimum(own_a, own_b),
        "other_child": rest.max(axis=1, initial=-SUREST),
        "other_mother_more": np.maximum(other_a, other_b),
        "other_mother_less": np.minimum(other_a, other_b),
    }


def _brightness(cells: Cells) -> Floats:
    """Intensity above the median cell in robust standard deviations between cells; NaN where cells do not differ."""
    above = _above_median(cells.intensity)
    usual = MAD_TO_SD * float(np.median(np.abs(above))) if len(above) else 0.0
    return np.clip(above / usual, -ODDEST, ODDEST) if usual > 0 else np.full(len(above), np.nan)


def _above_median(values: Floats) -> Floats:
    known = values[np.isfinite(values)]
    return values - (float(np.median(known)) if len(known) else np.nan)


def _norm(vectors: Floats) -> Floats:
    return np.sqrt(np.sum(vectors * vectors, axis=-1))
