"""Masks that may hold two cells for a frame, and what speaks for it.

Two cells that touch are often given one mask. Such a mask lies where two cells were before and where two are after, is as
large as both together, and neither cell is to be found elsewhere in its frame. Each proposal is a whole story: two cells,
the mask that they share, and the same two cells after it. It is judged from two neighbouring pairs of frames, which have
been linked already.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from samtrack.link.calibrate import SUREST
from samtrack.link.candidates import rank_in_group
from samtrack.link.cells import Cells
from samtrack.link.division import DivisionPairs
from samtrack.link.features import FramePair

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Where two sides are named, the fact is that of the side (before or after the mask) on which it speaks less for a merge.
MERGE_FACTS = (
    "pair_excess",  # log of the two cells' sizes together over the mask's where positive, else 0; of two sides
    "pair_deficit",  # the same where negative, without its sign
    "over_larger",  # log of the mask's size over the larger of the two cells'; of two sides
    "mask_size",  # log of the mask's size over the median cell of its frame
    "covered",  # share of the mask under the two moved cells; of two sides
    "inside_less",  # share of the moved cell that lies in the mask, of the cell for which it is least; of two sides
    "inside_more",  # the same of the other cell of the pair
    "pair_midpoint",  # distance of the cells' common centroid from the mask's, in radii of the mask; of two sides
    "pair_reach",  # distance between the two cells over the sum of their radii; of two sides
    "spread_oddness",  # absolute log of the mask's spread over that of the two cells side by side
    "move",  # the farther step of a cell from before to after, less its neighbours', in its radii
    "crosswise",  # by how much farther, in radii, the cells would have moved had they changed places
    "size_change",  # the larger absolute log of a cell's size after over before
    "plain_link",  # log odds that the mask is one of the cells alone: of its best links to both sides, the weaker
    "other_future",  # best log odds of a link from a cell before to anything but the mask
    "other_past",  # best log odds of a link to a cell after from anything but the mask
    "other_source",  # best log odds of a link to the mask from any third cell
    "other_target",  # best log odds of a link from the mask to any third cell
    "mask_divides",  # log odds that the mask is a mother and the cells after it are her daughters
)

# The nearest cells on each side of a mask that may be in it: 4 make at most 6 pairs.
CELLS_BESIDE = 4
# Two cells together may be this many times larger or smaller than their mask (exp(0.6) = 1.8); two equal neighbours of
# which the mask holds one are twice as large.
MAX_LOG_PAIR_SIZE = 0.6
# Farthest common centroid of the two cells from the mask's, in radii of the mask.
MAX_PAIR_MIDPOINT = 1.5
# Mean squared distance of the voxels of a disc and of a ball from its centre, in squared radii.
COMPACT = {2: 1 / 2, 3: 3 / 5}


@dataclass(frozen=True, slots=True)
class Judged:
    """Two consecutive frames and what their links and divisions are worth, in log odds.

    ``link_odds`` has the shape of the candidates' rectangle; ``division_odds`` one value per pair of daughters.
    """

    pair: FramePair
    link_odds: Floats
    divisions: DivisionPairs
    division_odds: Floats


@dataclass(frozen=True, slots=True)
class MergeStories:
    """Places of the cells in their frames, and the facts: a goes on as a, b as b."""

    before_a: Ints
    before_b: Ints
    shared: Ints
    after_a: Ints
    after_b: Ints
    facts: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Story:
    """What the facts are computed from: the two frame pairs round the masks, and the places of the cells."""

    into: Judged
    out_of: Judged
    a: Ints
    b: Ints
    mask: Ints
    c: Ints
    d: Ints

    @property
    def masks(self) -> Cells:
        """All cells of the frame of the masks."""
        return self.into.pair.target


def find_merges(into: Judged, out_of: Judged) -> MergeStories:
    """Masks of a frame that may hold two cells; ``into`` are the links to that frame, ``out_of`` those from it."""
    mask, c, d = _pairs_after(out_of)
    first = np.searchsorted(mask, np.arange(len(out_of.pair.source) + 1))
    own, a, b = _pairs_before(into)
    # every pair before a mask with every pair after it
    n_after = np.diff(first)[own]
    start = np.cumsum(n_after) - n_after
    after = np.repeat(first[own] - start, n_after) + np.arange(n_after.sum())
    a, b, c, d = np.repeat(a, n_after), np.repeat(b, n_after), c[after], d[after]
    found = _Story(into, out_of, a, b, np.repeat(own, n_after), c, d)
    straight, crossed = _farther_moves(found), _farther_moves(_turned(found))
    swap = crossed[1] < straight[1]
    story = _Story(into, out_of, a, b, found.mask, np.where(swap, d, c), np.where(swap, c, d))
    columns = {
        **_size_facts(story),
        **_cover_facts(story),
        **_place_facts(story),
        "move": np.where(swap, crossed[0], straight[0]),
        "crosswise": np.abs(crossed[1] - straight[1]),
        **_rival_facts(story),
    }
    facts = np.stack([columns[name] for name in MERGE_FACTS], axis=1).astype(np.float32)
    return MergeStories(a, b, story.mask, story.c, story.d, facts)


def _pairs_before(into: Judged) -> tuple[Ints, Ints, Ints]:
    """Mask, and two cells of the frame before it that may be in it."""
    cell, mask = into.pair.candidates.pairs()
    near = _nearness(into.pair, cell, mask) - 2 * _share(into.pair, cell, mask)[0]
    mask, a, b = _pairs_beside(mask, cell, near, len(into.pair.target))
    place = into.pair.motion.expected_um
    centres = into.pair.target.centre_um
    keep = _is_possible(into.pair.source, place, (a, b), into.pair.target, centres, mask)
    return mask[keep], a[keep], b[keep]


def _pairs_after(out_of: Judged) -> tuple[Ints, Ints, Ints]:
    """Mask, and two cells of the frame after it that may have been in it."""
    mask, cell = out_of.pair.candidates.pairs()
    near = _nearness(out_of.pair, mask, cell) - 2 * _share(out_of.pair, mask, cell)[1]
    mask, c, d = _pairs_beside(mask, cell, near, len(out_of.pair.source))
    place = out_of.pair.motion.expected_um
    keep = _is_possible(out_of.pair.target, out_of.pair.target.centre_um, (c, d), out_of.pair.source, place, mask)
    return mask[keep], c[keep], d[keep]


def _nearness(pair: FramePair, source: Ints, target: Ints) -> Floats:
    """Distance of each target from the expected place of its source, in typical radii."""
    return _norm(pair.target.centre_um[target] - pair.motion.expected_um[source]) / pair.radius_um


def _share(pair: FramePair, source: Ints, target: Ints) -> tuple[Floats, Floats]:
    """Voxels shared by moved source and target, over the source's and over the target's."""
    shared = pair.overlap.shared(source, target)
    moved, voxels = pair.overlap.moved[source], pair.overlap.target_voxels[target]
    return shared / np.maximum(moved, 1), shared / np.maximum(voxels, 1)


def _pairs_beside(mask: Ints, cell: Ints, badness: Floats, n_masks: int) -> tuple[Ints, Ints, Ints]:
    """All pairs among the best few cells of each mask, mask by mask."""
    rank = rank_in_group(mask, badness)
    table = np.full((n_masks, CELLS_BESIDE), -1)
    good = rank < CELLS_BESIDE
    table[mask[good], rank[good]] = cell[good]
    columns = np.array(list(combinations(range(CELLS_BESIDE), 2)), dtype=np.int64)
    which_mask, which = np.nonzero(table[:, columns[:, 1]] >= 0)  # a row fills from the left
    one, other = table[which_mask, columns[which, 0]], table[which_mask, columns[which, 1]]
    return which_mask, np.minimum(one, other), np.maximum(one, other)


def _is_possible(
    cells: Cells, places: Floats, pair: tuple[Ints, Ints], masks: Cells, centres: Floats, mask: Ints
) -> npt.NDArray[np.bool_]:
    """Whether two cells are together about as large as the mask and lie about it."""
    size = np.log((cells.size_um[pair[0]] + cells.size_um[pair[1]]) / masks.size_um[mask])
    off = _norm(_common_centre(cells, places, pair) - centres[mask]) / masks.radius_um[mask]
    return (np.abs(size) <= MAX_LOG_PAIR_SIZE) & (off <= MAX_PAIR_MIDPOINT)


def _common_centre(cells: Cells, places: Floats, pair: tuple[Ints, Ints]) -> Floats:
    """Centroid of two cells at their places together."""
    a, b = pair
    share = (cells.size_um[a] / (cells.size_um[a] + cells.size_um[b]))[:, None]
    return share * places[a] + (1 - share) * places[b]


def _turned(story: _Story) -> _Story:
    """The story in which the two cells change places under the mask."""
    return _Story(story.into, story.out_of, story.a, story.b, story.mask, story.d, story.c)


def _farther_moves(story: _Story) -> tuple[Floats, Floats]:
    """Of the two cells' steps over the mask, beyond the common motion and in their radii: the farther, and the sum.

    A change of size counts in the sum like a step of as many radii: two cells that part are told apart by it, too.
    """
    onward = story.out_of.pair.motion.expected_um[story.mask] - story.masks.centre_um[story.mask]
    steps, badness = [], []
    for before, after in ((story.a, story.c), (story.b, story.d)):
        s, t = story.into.pair.source, story.out_of.pair.target
        off = t.centre_um[after] - (story.into.pair.motion.expected_um[before] + onward)
        steps.append(_norm(off) / ((s.radius_um[before] + t.radius_um[after]) / 2))
        badness.append(steps[-1] + np.abs(np.log(t.size_um[after] / s.size_um[before])))
    return np.maximum(*steps), badness[0] + badness[1]


def _size_facts(story: _Story) -> dict[str, Floats]:
    s, m, t = story.into.pair.source, story.masks, story.out_of.pair.target
    size = np.log(m.size_um)
    sums = [
        np.log(cells.size_um[x] + cells.size_um[y]) - size[story.mask]
        for cells, x, y in ((s, story.a, story.b), (t, story.c, story.d))
    ]
    larger = [
        np.log(np.maximum(cells.size_um[x], cells.size_um[y]))
        for cells, x, y in ((s, story.a, story.b), (t, story.c, story.d))
    ]
    changes = [np.abs(np.log(t.size_um[y] / s.size_um[x])) for x, y in ((story.a, story.c), (story.b, story.d))]
    return {
        "pair_excess": np.maximum(np.maximum(*sums), 0.0),
        "pair_deficit": np.maximum(-np.minimum(*sums), 0.0),
        "over_larger": size[story.mask] - np.maximum(*larger),
        "mask_size": size[story.mask] - (float(np.median(size)) if len(size) else 0.0),
        "size_change": np.maximum(*changes),
    }


def _cover_facts(story: _Story) -> dict[str, Floats]:
    """How far the moved cells lie in the mask and fill it, forward from before and backward from after."""
    into = [_share(story.into.pair, x, story.mask) for x in (story.a, story.b)]
    out_of = [_share(story.out_of.pair, story.mask, x)[::-1] for x in (story.c, story.d)]
    sides = [np.stack([share[0] for share in side]) for side in (into, out_of)]
    covered = [side[0][1] + side[1][1] for side in (into, out_of)]
    return {
        "covered": np.minimum(*covered),
        "inside_less": np.minimum(*(side.min(axis=0) for side in sides)),
        "inside_more": np.minimum(*(side.max(axis=0) for side in sides)),
    }


def _place_facts(story: _Story) -> dict[str, Floats]:
    s, m, t = story.into.pair.source, story.masks, story.out_of.pair.target
    radius = m.radius_um[story.mask]
    before = _common_centre(s, story.into.pair.motion.expected_um, (story.a, story.b)) - m.centre_um[story.mask]
    onward = story.out_of.pair.motion.expected_um[story.mask]
    after = _common_centre(t, t.centre_um, (story.c, story.d)) - onward
    together = (_spread_together(s, story.a, story.b) + _spread_together(t, story.c, story.d)) / 2
    return {
        "pair_midpoint": np.maximum(_norm(before), _norm(after)) / radius,
        "pair_reach": np.maximum(_reach(s, story.a, story.b), _reach(t, story.c, story.d)),
        "spread_oddness": np.abs(np.log(m.spread[story.mask]) - together),
    }


def _reach(cells: Cells, a: Ints, b: Ints) -> Floats:
    return _norm(cells.centre_um[a] - cells.centre_um[b]) / (cells.radius_um[a] + cells.radius_um[b])


def _spread_together(cells: Cells, a: Ints, b: Ints) -> Floats:
    """Log of the spread (as in `Detections`) of two cells taken as one object."""
    ndim = cells.centre_um.shape[1]
    size_a, size_b = cells.size_um[a], cells.size_um[b]
    total = size_a + size_b
    apart = np.sum((cells.centre_um[a] - cells.centre_um[b]) ** 2, axis=1)
    own = COMPACT[ndim] * (
        size_a * cells.spread[a] * cells.radius_um[a] ** 2 + size_b * cells.spread[b] * cells.radius_um[b] ** 2
    )
    radius_um = (cells.radius_um[a] ** ndim + cells.radius_um[b] ** ndim) ** (1 / ndim)
    spread = (own + size_a * size_b / total * apart) / total / (COMPACT[ndim] * radius_um**2)
    return np.asarray(np.log(spread))


def _rival_facts(story: _Story) -> dict[str, Floats]:
    """Log odds of what else the five objects could be."""
    into, out_of = story.into, story.out_of
    to_mask = _best_links(into, by_target=True)
    from_before = _best_links(into, by_target=False)
    from_mask = _best_links(out_of, by_target=False)
    to_after = _best_links(out_of, by_target=True)
    own_in = np.maximum(*(_odds_of(into, x, story.mask) for x in (story.a, story.b)))
    own_out = np.maximum(*(_odds_of(out_of, story.mask, x) for x in (story.c, story.d)))
    return {
        "plain_link": np.minimum(own_in, own_out),
        "other_future": np.maximum(*(from_before.other_than(x, (story.mask,)) for x in (story.a, story.b))),
        "other_past": np.maximum(*(to_after.other_than(x, (story.mask,)) for x in (story.c, story.d))),
        "other_source": to_mask.other_than(story.mask, (story.a, story.b)),
        "other_target": from_mask.other_than(story.mask, (story.c, story.d)),
        "mask_divides": _odds_of_division(out_of, story.mask, story.c, story.d),
    }


@dataclass(frozen=True, slots=True)
class _BestLinks:
    """The three best links of each cell of a frame, best first: the cell at the other end (-1: none), and log odds."""

    end: Ints
    odds: Floats

    def other_than(self, cell: Ints, excluded: tuple[Ints, ...]) -> Floats:
        """Best log odds of a link of each cell that does not lead to one of the excluded cells (two at most)."""
        is_other = np.ones((len(cell), self.end.shape[1]), dtype=bool)
        for other in excluded:
            is_other &= self.end[cell] != other[:, None]
        return np.asarray(np.where(is_other, self.odds[cell], -SUREST).max(axis=1))


def _best_links(judged: Judged, by_target: bool) -> _BestLinks:
    source, target = judged.pair.candidates.pairs()
    odds = judged.link_odds[judged.pair.candidates.is_real]
    cell, end = (target, source) if by_target else (source, target)
    n = len(judged.pair.target if by_target else judged.pair.source)
    rank = rank_in_group(cell, -odds)
    ends, values = np.full((n, 3), -1), np.full((n, 3), -SUREST)
    top = rank < 3
    ends[cell[top], rank[top]] = end[top]
    values[cell[top], rank[top]] = odds[top]
    return _BestLinks(ends, values)


def _odds_of(judged: Judged, source: Ints, target: Ints) -> Floats:
    """Log odds of the link from each source to its target; -SUREST where it is no candidate."""
    candidates = judged.pair.candidates
    is_it = candidates.is_real[source] & (candidates.target[source] == target[:, None])
    return np.asarray(np.where(is_it, judged.link_odds[source], -SUREST).max(axis=1, initial=-SUREST))


def _odds_of_division(judged: Judged, mother: Ints, one: Ints, other: Ints) -> Floats:
    """Log odds of the division of each mother into the two; -SUREST where it was not proposed."""
    n = len(judged.pair.target)
    splits, target = judged.divisions, judged.pair.candidates.target
    a, b = target[splits.mother, splits.column_a], target[splits.mother, splits.column_b]
    keys = (splits.mother * n + np.minimum(a, b)) * n + np.maximum(a, b)
    order = np.argsort(keys, kind="stable")
    wanted = (mother * n + np.minimum(one, other)) * n + np.maximum(one, other)
    if len(keys) == 0:
        return np.full(len(wanted), -SUREST)
    at = order[np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)]
    return np.where(keys[at] == wanted, judged.division_odds[at], -SUREST)


def _norm(vectors: Floats) -> Floats:
    return np.sqrt(np.sum(vectors * vectors, axis=-1))
