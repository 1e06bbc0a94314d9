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
    "size_excess",  # log of the daughters' sizes together over the mother's where positive, else 0
    "size_deficit",  # the same where negative, without its sign
    "size_asymmetry",  # log of the larger over the smaller daughter
    "midpoint",  # distance of the daughters' common centroid from the mother's expected place, in her radii
    "opposite",  # cosine of the angle between the daughters as seen from there: -1 is opposite
    "reach",  # distance between the daughters over the sum of their radii
    "farther",  # distance of the farther daughter from the expected place, in the mother's radii
    "covered_less",  # share of the less covered daughter under the moved mother
    "daughters_size",  # log of the mean daughter over the median cell of their frame
    "daughters_smaller",  # log of the larger daughter over the mother
    "mother_brightness",  # above the median cell of the frame, in robust standard deviations between cells
    "daughters_brightness",
    "brightness_asymmetry",  # between the daughters, likewise
    "daughters_texture",  # log of the standard deviation of intensities in the mask, above the median cell
    "texture_asymmetry",
    "evidence_more",  # log odds of the better of the two links from the mother
    "evidence_less",
    "other_child",  # best log odds of the mother's links to any third cell
    "other_mother_more",  # best log odds of other mothers for the more wanted daughter
    "other_mother_less",
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
    size_sum = np.log((pair.target.size_um[a] + pair.target.size_um[b]) / pair.source.size_um[mother])
    columns = {
        "size_excess": np.maximum(size_sum, 0.0),
        "size_deficit": np.maximum(-size_sum, 0.0),
        **_place_facts(pair, mother, a, b),
        **_look_facts(pair, mother, a, b),
        **_rival_facts(pair, (mother, column_a, column_b), evidence),
    }
    facts = np.stack([columns[name] for name in DIVISION_FACTS], axis=1).astype(np.float32)
    keep = (np.abs(size_sum) <= MAX_LOG_SIZE_SUM) & (columns["midpoint"] <= MAX_MIDPOINT)
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
        "midpoint": _norm(share * from_mother_a + (1 - share) * from_mother_b) / radius,
        "opposite": np.sum(from_mother_a * from_mother_b, axis=1) / product,
        "reach": _norm(t.centre_um[a] - t.centre_um[b]) / (t.radius_um[a] + t.radius_um[b]),
        "farther": np.maximum(far_a, far_b) / radius,
        "covered_less": np.minimum(
            pair.overlap.shared(m, a) / np.maximum(pair.overlap.target_voxels[a], 1),
            pair.overlap.shared(m, b) / np.maximum(pair.overlap.target_voxels[b], 1),
        ),
    }


def _look_facts(pair: FramePair, m: Ints, a: Ints, b: Ints) -> dict[str, Floats]:
    s, t = pair.source, pair.target
    size = np.log(t.size_um)
    texture = _above_median(log_or_nan(t.intensity_sd))
    bright = _brightness(t)
    return {
        "size_asymmetry": np.abs(size[a] - size[b]),
        "daughters_size": (_above_median(size)[a] + _above_median(size)[b]) / 2,
        "daughters_smaller": np.maximum(size[a], size[b]) - np.log(s.size_um[m]),
        "mother_brightness": _brightness(s)[m],
        "daughters_brightness": (bright[a] + bright[b]) / 2,
        "brightness_asymmetry": np.abs(bright[a] - bright[b]),
        "daughters_texture": (texture[a] + texture[b]) / 2,
        "texture_asymmetry": np.abs(texture[a] - texture[b]),
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
