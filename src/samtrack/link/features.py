"""What speaks for and against a link, as numbers without a unit: one column per fact, one row per candidate.

All lengths are divided by cell radii, all changes by how much matched cells of the same two frames change, so that one model
serves movies of any scale, exposure and speed. NaN says "not known" (no image, no texture).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.link.appearance import likeness
from samtrack.link.candidates import Candidates, best_other, rank_in_group
from samtrack.link.cells import Cells
from samtrack.link.motion import MIN_MATCHES, Motion
from samtrack.link.overlap import Overlap

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LINK_FACTS = (
    "distance",  # of the target from the expected place, in mean radii of the two cells
    "surprise",  # log of that distance over the scatter of the neighbours' steps
    "iou",  # of the moved source mask and the target mask
    "overlap",  # shared voxels over the smaller of the two masks
    "size_gain",  # log of target over source size, minus its median over matched cells, where positive, else 0
    "size_loss",  # the same where negative, without its sign
    "size_oddness",  # the absolute value, in units of what matched cells show
    "intensity_oddness",  # change of mean intensity, likewise
    "texture_oddness",  # change of the log of the intensities' standard deviation, likewise
    "likeness",  # correlation of the grey values in and around the cell, -1 to 1
    "elongation_change",  # absolute log of target over source elongation
    "rank_of_target",  # among the source's candidates, by distance, from 0
    "rank_of_source",  # among the target's candidate sources
    "margin_of_target",  # distance of the best other candidate minus this one's, in radii
    "margin_of_source",  # the same seen from the target
    "iou_lead_of_target",  # IoU minus the best other IoU of the source
    "iou_lead_of_source",  # the same seen from the target
    "border_of_source",  # distance to the image border in radii
    "border_of_target",
    "scatter",  # log of the scatter of the neighbours' steps in radii: do the neighbours agree?
    "crowding",  # distance between the source and its nearest neighbour in the frame, in radii
    "gap",  # frames skipped
)

# Distance in radii beyond which more makes no difference: rivals this far are no rivals.
FAR = 4.0
# Weight of the usual change against the observed one, in matched cells: fewer are too few to trust alone.
PRIOR_MATCHES = 5.0
# Usual change between frames (robust standard deviation): of log size and of log texture (given masks: about 0.1 to 0.2).
USUAL_SIZE = 0.15
USUAL_TEXTURE = 0.2
# Usual change of a cell's mean intensity, as a share of the standard deviation of its voxels.
USUAL_INTENSITY = 0.3
# Median absolute deviation to standard deviation, normal law.
MAD_TO_SD = 1.4826
# Most that an oddness may be: beyond, a cell is simply another one.
ODDEST = 10.0


@dataclass(frozen=True, slots=True)
class FramePair:
    """Two frames and what is known of their cells together; everything that facts are computed from."""

    source: Cells
    target: Cells
    motion: Motion
    candidates: Candidates
    overlap: Overlap
    radius_um: float
    gap: int
    looks: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None = None


def link_facts(pair: FramePair) -> npt.NDArray[np.float32]:
    """The columns `LINK_FACTS` of each candidate link, in the order of ``Candidates.pairs``."""
    a, b = pair.candidates.pairs()
    columns = {
        **_place_facts(pair, a, b),
        **_mask_facts(pair, a, b),
        **_change_facts(pair, a, b),
        "likeness": likeness(*pair.looks, a, b) if pair.looks else np.full(len(a), np.nan),
        "border_of_source": np.minimum(pair.source.border_um[a] / pair.radius_um, FAR),
        "border_of_target": np.minimum(pair.target.border_um[b] / pair.radius_um, FAR),
        "scatter": np.log(pair.motion.scatter_um[a] / pair.radius_um + 0.02),
        "crowding": np.minimum(pair.source.neighbour_um[a] / pair.source.radius_um[a], 2 * FAR),
        "gap": np.full(len(a), float(pair.gap)),
    }
    return np.stack([columns[name] for name in LINK_FACTS], axis=1).astype(np.float32)


def _place_facts(pair: FramePair, a: Ints, b: Ints) -> dict[str, Floats]:
    """How far the target lies from the expected place, and how near the rivals are."""
    distance_um = pair.candidates.distance_um[pair.candidates.is_real]
    radius = (pair.source.radius_um[a] + pair.target.radius_um[b]) / 2
    distance = distance_um / radius
    near = distance_um / pair.radius_um
    return {
        "distance": distance,
        "surprise": np.log((distance_um + 0.05 * radius) / (pair.motion.scatter_um[a] + 0.1 * radius)),
        "rank_of_target": rank_in_group(a, near).astype(np.float64),
        "rank_of_source": rank_in_group(b, near).astype(np.float64),
        "margin_of_target": _margin(a, near, len(pair.source)),
        "margin_of_source": _margin(b, near, len(pair.target)),
    }


def _margin(group: Ints, near: Floats, n_groups: int) -> Floats:
    """How much farther the best other candidate is than this one, in radii, between -FAR and FAR."""
    rival = -best_other(group, -near, n_groups, -2 * FAR)
    return np.clip(rival - near, -FAR, FAR)


def _mask_facts(pair: FramePair, a: Ints, b: Ints) -> dict[str, Floats]:
    """Overlap of the moved source mask with the target mask, alone and against the rivals'."""
    shared = pair.overlap.shared(a, b)
    moved, voxels = pair.overlap.moved[a], pair.overlap.target_voxels[b]
    iou = shared / np.maximum(moved + voxels - shared, 1)
    return {
        "iou": iou,
        "overlap": shared / np.maximum(np.minimum(moved, voxels), 1),
        "iou_lead_of_target": iou - best_other(a, iou, len(pair.source), 0.0),
        "iou_lead_of_source": iou - best_other(b, iou, len(pair.target), 0.0),
    }


def _change_facts(pair: FramePair, a: Ints, b: Ints) -> dict[str, Floats]:
    """How much the cell would have changed, against how much matched cells of these frames do."""
    s, t = pair.source, pair.target
    both = np.concatenate([s.intensity_sd, t.intensity_sd])
    usual_intensity = USUAL_INTENSITY * float(np.median(both)) if len(both) else 0.0
    size = _change(pair, np.log(s.size_um), np.log(t.size_um), USUAL_SIZE)
    intensity = _change(pair, s.intensity, t.intensity, usual_intensity)
    texture = _change(pair, log_or_nan(s.intensity_sd), log_or_nan(t.intensity_sd), USUAL_TEXTURE)
    return {
        "size_gain": np.maximum(size.between(a, b), 0.0),
        "size_loss": np.maximum(-size.between(a, b), 0.0),
        "size_oddness": size.oddness(a, b),
        "intensity_oddness": intensity.oddness(a, b),
        "texture_oddness": texture.oddness(a, b),
        "elongation_change": np.abs(np.log(t.elongation[b] / s.elongation[a])),
    }


@dataclass(frozen=True, slots=True)
class _Change:
    """A quantity before and after, and how much it changes in matched cells: the median and a standard deviation."""

    before: Floats
    after: Floats
    median: float
    usual: float

    def between(self, a: Ints, b: Ints) -> Floats:
        """Change from source to target beyond the median one."""
        return self.after[b] - self.before[a] - self.median

    def oddness(self, a: Ints, b: Ints) -> Floats:
        """Size of that change in usual ones; NaN where nothing varies and so nothing can be said."""
        if not self.usual > 0:
            return np.full(len(a), np.nan)
        return np.minimum(np.abs(self.between(a, b)) / self.usual, ODDEST)


def _change(pair: FramePair, before: Floats, after: Floats, usual: float) -> _Change:
    """How a quantity changes between matched cells; ``usual`` counts as much as `PRIOR_MATCHES` of them."""
    change = after[pair.motion.target] - before[pair.motion.source]
    change = change[np.isfinite(change)]
    n = len(change)
    if n == 0:
        return _Change(before, after, 0.0, usual)
    middle = float(np.median(change))
    seen = MAD_TO_SD * float(np.median(np.abs(change - middle)))
    blend = math.sqrt((n * seen**2 + PRIOR_MATCHES * usual**2) / (n + PRIOR_MATCHES))
    # one or two matches cannot tell a change of the lamp from a change of the cell
    return _Change(before, after, middle if n >= MIN_MATCHES else 0.0, blend)


def log_or_nan(values: Floats) -> Floats:
    """Natural logarithm; NaN for zero and for NaN."""
    return np.log(np.where(values > 0, values, np.nan))
