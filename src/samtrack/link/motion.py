"""Where the cells of one frame are expected in another: one shift for all, and what each cell's neighbours do.

Both are taken from mutual nearest neighbours. A cell's own match never counts for its own expectation (leave one out), so
the distance of a candidate from the expected place is honest evidence. Only the two frames are looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage
from scipy.spatial import cKDTree

from samtrack.link.cells import Cells

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Matches around a cell whose median step is the local motion; a cell has about 6 neighbours in 2D.
NEIGHBOURS = 8
# Rounds of: match after the shift, take the median of what is left.
ROUNDS = 3
# Fewer matches say nothing of a common shift: two cells may both have moved by chance.
MIN_MATCHES = 3
# Share of cells well matched above which no other shift is looked for.
GOOD = 0.6
# Distance, in cell radii, at which a match counts 1/e. Packed cells find some neighbour within a radius by chance.
CLOSE = 0.5
# By how much another shift must beat staying where one is. Random point patterns match to within a few per cent.
BETTER = 0.1
# Scatter of steps, in cell radii, where too few neighbours are there to measure it.
UNKNOWN_SCATTER = 0.5
# Variance of a median of k values over that of their mean (normal law: pi / 2).
MEDIAN_VARIANCE = np.pi / 2
# Bins of the correlation of centres: at most this many, each at least a cell radius wide.
MAX_BINS = 2**20
# Peaks of the correlation that are tried.
PEAKS = 3


@dataclass(frozen=True, slots=True)
class Motion:
    """Expected places of the source cells in the target frame.

    ``expected_um`` is (n, ndim); ``scatter_um`` (n) is the median distance by which a cell's neighbours miss their common
    step; ``shift_um`` is the shift of all; ``source`` and ``target`` are the matched cells it rests on.
    """

    expected_um: Floats
    scatter_um: Floats
    shift_um: Floats
    source: Ints
    target: Ints


def estimate_motion(
    source: Cells, target: Cells, radius_um: float, gate_um: float, guesses: Sequence[Floats] = ()
) -> Motion:
    """Expected places of ``source`` in the frame of ``target``; ``guesses`` are shifts to try beside staying in place."""
    shift = estimate_shift(source, target, radius_um, gate_um, guesses)
    n = len(source)
    expected = source.centre_um + shift
    scatter = np.full(n, UNKNOWN_SCATTER * radius_um)
    a = b = np.zeros(0, dtype=np.int64)
    for _ in range(2):  # the second round matches after the local motion of the first
        a, b = _mutual(expected, target, gate_um)
        if len(a) < MIN_MATCHES:
            break
        step, scatter = local_step(source.centre_um, a, target.centre_um[b] - source.centre_um[a], shift, radius_um)
        expected = source.centre_um + step
    return Motion(expected, scatter, shift, a, b)


def carry_on(steps: Sequence[tuple[Cells, Motion]], target: Cells, gate_um: float) -> Motion:
    """Expected places over several frames: each cell is carried by its own surroundings, then by those where it has come to.

    ``steps`` are the source cells of consecutive frame pairs and the motion to the next; ``target`` are the cells that the
    last of them leads to. Scatters add up like independent errors.
    """
    cells, motion = steps[0]
    expected, square = motion.expected_um.copy(), motion.scatter_um**2
    for cells, motion in steps[1:]:
        if len(cells) == 0 or len(expected) == 0:
            expected = expected + motion.shift_um
            continue
        _, near = cells.tree.query(expected)
        expected = expected + (motion.expected_um - cells.centre_um)[near]
        square = square + motion.scatter_um[near] ** 2
    a, b = _mutual(expected, target, gate_um)
    shift = np.sum([m.shift_um for _, m in steps], axis=0)
    return Motion(expected, np.sqrt(square), shift, a, b)


def estimate_shift(
    source: Cells, target: Cells, radius_um: float, gate_um: float, guesses: Sequence[Floats] = ()
) -> Floats:
    """The shift common to all cells from one frame to another, (ndim,) in micrometres; 0 where nothing speaks for one.

    Starts from no shift and from the guesses; where few cells match then, from the peaks of the correlation of the two
    frames' centres, so that a jump of the stage by many cell diameters is found.
    """
    still = np.zeros(source.centre_um.shape[1])
    if min(len(source), len(target)) < MIN_MATCHES:
        return still
    best = _refined(source, target, still, radius_um, gate_um)
    for guess in guesses:
        best = _better(best, _refined(source, target, guess, radius_um, gate_um), BETTER / 2)
    if best[1] < GOOD:
        for peak in _correlation_peaks(source, target, radius_um):
            best = _better(best, _refined(source, target, peak, radius_um, gate_um), BETTER)
    return best[0]


def _better(best: tuple[Floats, float], other: tuple[Floats, float], by: float) -> tuple[Floats, float]:
    return other if other[1] > best[1] + by else best


def _refined(source: Cells, target: Cells, start: Floats, radius_um: float, gate_um: float) -> tuple[Floats, float]:
    """A shift improved from ``start``, and the share of cells that it matches well (0 to 1)."""
    shift = start
    for _ in range(ROUNDS):
        a, b = _mutual(source.centre_um + shift, target, gate_um)
        if len(a) < MIN_MATCHES:
            return start, 0.0
        off = target.centre_um[b] - source.centre_um[a] - start
        step = np.median(off, axis=0)
        shift = start + _shrunk(step, np.median(_norm(off - step)), len(a), radius_um)
    return shift, _quality(source, target, shift, radius_um)


def _quality(source: Cells, target: Cells, shift: Floats, radius_um: float) -> float:
    """How many cells find one of their size close by: a mean over the cells of the emptier frame, 0 to 1."""
    few, many, by = (source, target, shift) if len(source) <= len(target) else (target, source, -shift)
    distance, nearest = many.tree.query(few.centre_um + by)
    unlike = np.abs(np.log(many.size_um[nearest] / few.size_um))
    return float(np.mean(np.exp(-((distance / (CLOSE * radius_um)) ** 2) - unlike)))


def _mutual(points: Floats, target: Cells, limit_um: float) -> tuple[Ints, Ints]:
    """Pairs of points and target cells that are each other's nearest, at most ``limit_um`` apart."""
    nothing = np.zeros(0, dtype=np.int64)
    if len(points) == 0 or len(target) == 0:
        return nothing, nothing
    distance, there = target.tree.query(points)
    _, back = cKDTree(points, balanced_tree=False).query(target.centre_um)
    a = np.flatnonzero((back[there] == np.arange(len(points))) & (distance <= limit_um))
    return a, there[a]


def _shrunk(step: Floats, scatter: Any, count: Any, radius_um: float) -> Floats:
    """A median step, drawn towards 0 by as much as chance could explain: steps are rows or a single one.

    Chance gives the median of ``count`` steps a mean square of about ``MEDIAN_VARIANCE * scatter ** 2 / count``.
    """
    scatter = np.maximum(scatter, 0.1 * radius_um)  # few cells may agree by chance
    chance = MEDIAN_VARIANCE * scatter**2 / count
    square = np.sum(step**2, axis=-1)
    return step * (square / (square + chance))[..., None]


def local_step(points: Floats, a: Ints, step: Floats, shift: Floats, radius_um: float) -> tuple[Floats, Floats]:
    """The step of each point: the median over the nearest matches other than its own; and their scatter about it."""
    k = min(NEIGHBOURS + 1, len(a))
    _, near = cKDTree(points[a], balanced_tree=False).query(points, k=np.arange(1, k + 1))
    is_own = a[near] == np.arange(len(points))[:, None]
    # the point's own match where it has one, else the farthest: NEIGHBOURS others remain
    is_own[~is_own.any(axis=1), -1] = True
    others = near[~is_own].reshape(len(points), k - 1)
    steps = step[others] - shift
    middle = np.median(steps, axis=1)
    scatter = np.median(_norm(steps - middle[:, None, :]), axis=1)
    return shift + _shrunk(middle, scatter, k - 1, radius_um), scatter


def _correlation_peaks(source: Cells, target: Cells, radius_um: float) -> list[Floats]:
    """Shifts at which many centres of the two frames would coincide, the likeliest first."""
    low = np.minimum(source.centre_um.min(axis=0), target.centre_um.min(axis=0))
    extent = np.maximum(source.centre_um.max(axis=0), target.centre_um.max(axis=0)) - low
    bin_um = radius_um
    while np.prod(np.floor(extent / bin_um) + 2) > MAX_BINS:
        bin_um *= 2
    shape = tuple(int(n) for n in np.floor(extent / bin_um) + 2)
    padded = tuple(fft.next_fast_len(2 * n, real=True) for n in shape)
    # in place wherever it can be: a table has up to 8 million bins
    spectrum = fft.rfftn(_binned(target.centre_um, low, bin_um, padded))
    here = fft.rfftn(_binned(source.centre_um, low, bin_um, padded))
    spectrum *= np.conj(here, out=here)
    del here
    score = fft.irfftn(spectrum, s=padded, overwrite_x=True)
    del spectrum
    # a sum over 3 bins per axis, since a shift rarely falls on a bin
    for axis in range(score.ndim):
        total = score + np.roll(score, 1, axis)
        total += np.roll(score, -1, axis)
        score = total
        del total
    np.round(score, 6, out=score)  # counts, up to the rounding of the transform
    top = np.where(score == ndimage.maximum_filter(score, 3, mode="wrap"), score, -1.0).reshape(-1)
    best = np.argsort(-top, kind="stable")[:PEAKS]
    bins = np.stack(np.unravel_index(best, padded), axis=1)
    size = np.asarray(padded)
    bins = np.where(bins > size // 2, bins - size, bins)
    return [row * bin_um for row in bins.astype(np.float64)]


def _binned(points: Floats, low: Floats, bin_um: float, shape: tuple[int, ...]) -> Floats:
    """Number of points per bin."""
    place = np.floor((points - low) / bin_um).astype(np.int64)
    flat = np.ravel_multi_index(tuple(place.T), shape)
    count = np.zeros(int(np.prod(shape)))
    np.add.at(count, flat, 1.0)
    return count.reshape(shape)


def _norm(vectors: Floats) -> Floats:
    return np.sqrt(np.sum(vectors * vectors, axis=-1))
