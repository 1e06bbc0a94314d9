"""The decision as a whole: against all explanations of small movies, and on named situations."""

import math
from itertools import chain, combinations, pairwise, product
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samtrack.associate import solve_tracks
from samtrack.config.associate import AssociateSettings
from samtrack.config.link import LinkSettings
from samtrack.link import measure_detections, propose_links, summarise
from samtrack.testing import Situation, crossing, division_at, missing_mask_at, two_cells_apart
from samtrack.types import Detections, Links, Span

LINKERS = get_args(AssociateSettings.model_fields["linker"].annotation)

SETTINGS = AssociateSettings(
    cost_appear=0.7,
    cost_disappear=1.1,
    border_discount=0.3,
    cost_gap_per_frame=0.4,
    cost_divide=0.2,
    cost_share=0.1,
    cost_keep_lone=0.9,
)

KEEP_ALL = AssociateSettings(cost_keep_lone=0)


def score(detections, links, divisions, merges, chosen, rejected, costs):
    """Evidence minus events of one explanation, straight from the definition; None if it contradicts itself."""
    n, last = len(detections), detections.frame.max()
    near = detections.border_um <= math.sqrt(50 / math.pi)
    factor = np.where(near, costs.border_discount, 1.0)
    past, future = [0] * n, [0] * n
    total = 0.0
    odds = {(s, t): p / (1 - p) for s, t, p in links}
    for kind, row in chosen:
        if kind == "link":
            s, t, p = links[row]
            starts, ends, skipped = [s], [t], detections.frame[t] - detections.frame[s] - 1
            total += math.log(p / (1 - p))
        elif kind == "division":
            s, a, b, q = divisions[row]
            starts, ends, skipped = [s], [a, b], detections.frame[[a, b]].sum() - 2 * detections.frame[s] - 2
            total += math.log(q / (1 - q) * (1 + odds.get((s, a), 0) + odds.get((s, b), 0))) - costs.cost_divide
        else:
            *cells, q = merges[row]
            starts, ends, skipped = cells[:3], cells[2:], 0
            total += math.log(q / (1 - q) * instead_of(cells, odds, divisions)) - costs.cost_share
        for s in starts:
            future[s] += 1
        for t in ends:
            past[t] += 1
        total -= costs.cost_gap_per_frame * skipped
    for i in range(n):
        if past[i] > 1 or future[i] > 1 or (i in rejected and past[i] + future[i]):
            return None
        if i in rejected:
            continue
        before = factor[i] * int(detections.frame[i] > detections.frame.min())
        after = factor[i] * int(detections.frame[i] < last)
        appear, disappear = costs.cost_appear * before, costs.cost_disappear * after
        # that it is a cell at all: a track of it alone, with both its ends, comes to -cost_keep_lone (border: to 0)
        total += appear + disappear - (0 if near[i] else costs.cost_keep_lone * (before + after) / 2)
        total -= (0 if past[i] else appear) + (0 if future[i] else disappear)
    return total


def instead_of(cells, odds, divisions):
    """Sum of the products of odds over all matchings of the cells of a merge; its mask may divide, too."""
    a, b, m, c, d = cells
    splits = [q / (1 - q) for s, x, y, q in divisions if (s, {x, y}) == (m, {c, d})]
    future_of_m = {(): 1, (c,): odds.get((m, c), 0), (d,): odds.get((m, d), 0)}
    future_of_m[c, d] = max(splits, default=0) * sum(list(future_of_m.values()))
    futures = [{(): 1} | {(t,): odds.get((s, t), 0) for t in (m, c, d)} for s in (a, b)] + [future_of_m]
    total = 0.0
    for chosen in product(*futures):
        taken = [t for ends in chosen for t in ends]
        if len(set(taken)) == len(taken):
            total += math.prod(of[ends] for of, ends in zip(futures, chosen, strict=True))
    return total


def subsets(items):
    return chain.from_iterable(combinations(items, k) for k in range(len(items) + 1))


def small_movie(make, seed):
    """Six detections in four frames with a few proposals, some near the border."""
    rng = np.random.default_rng(seed)
    frames = np.sort(rng.integers(0, 4, 6)).tolist() if seed % 3 else [0, 0, 1, 1, 2, 2]
    detections = make.detections(frames, rng.uniform(0, 100, (6, 2)), border=rng.choice([0.0, 99.0], 6))
    pairs = [(s, t) for s in range(6) for t in range(6) if frames[s] < frames[t]]
    rng.shuffle(pairs)
    links = [(int(s), int(t), float(rng.uniform(0.05, 0.95))) for s, t in pairs[:5]]
    divisions = []
    for s in range(6):
        after = [t for t in range(6) if frames[t] > frames[s]]
        if len(after) > 1 and len(divisions) < 2:
            a, b = rng.choice(after, 2, replace=False).tolist()
            divisions.append((s, a, b, float(rng.uniform(0.05, 0.95))))
    merges = []
    for m in range(6):
        before, after = ([t for t in range(6) if frames[t] - frames[m] == step] for step in (-1, 1))
        if min(len(before), len(after)) > 1:
            ends = [int(t) for side in (before, after) for t in rng.choice(side, 2, replace=False)]
            merges.append((*ends[:2], m, *ends[2:], float(rng.uniform(0.05, 0.95))))
    return detections, links, divisions, merges


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.booleans())
def test_no_explanation_of_a_small_movie_scores_higher(make, seed, may_reject):
    detections, links, divisions, merges = small_movie(make, seed)
    tables = links, divisions, merges
    costs = SETTINGS if may_reject else SETTINGS.model_copy(update={"cost_keep_lone": 0.0})
    kinds = ("link", "division", "merge")
    proposals = [(kind, i) for kind, table in zip(kinds, tables, strict=True) for i in range(len(table))]
    best = -math.inf
    for chosen in subsets(proposals):
        for rejected in subsets(range(6)) if may_reject else [()]:
            value = score(detections, *tables, chosen, rejected, costs)
            best = best if value is None else max(best, value)
    solution = solve_tracks(detections, make.links(links), make.divisions(divisions), make.merges(merges), costs)
    marks = (solution.link_chosen, solution.division_chosen, solution.merge_chosen)
    picked = [(kind, i) for kind, mark in zip(kinds, marks, strict=True) for i in np.flatnonzero(mark)]
    rejected = set(np.flatnonzero(solution.tracks.track_of == 0).tolist())
    rejected -= {merges[i][2] for i in np.flatnonzero(solution.merge_chosen)}
    mine = score(detections, *tables, picked, rejected, costs)
    assert mine == pytest.approx(best)
    baseline = score(detections, *tables, (), (), costs)
    assert solution.facts["gain"] == pytest.approx(best - baseline)


def relabelled(detections, seed):
    """The same cells under other labels: (detections, old row of each new row)."""
    rng = np.random.default_rng(seed)
    label = rng.permutation(len(detections)) + 1
    old = np.lexsort((label, detections.frame))
    columns = {name: getattr(detections, name)[old] for name in Detections.__dataclass_fields__ if name != "label"}
    return Detections(label=label[old], **columns), old


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from(["joint", "greedy"]))
def test_labels_change_nothing(make, seed, linker):
    rng = np.random.default_rng(seed)
    frames = np.repeat(np.arange(4), 6)
    detections = make.detections(frames.tolist(), rng.uniform(0, 100, (24, 2)))
    links = [
        (s, t, float(rng.uniform(0.2, 0.9)))
        for s in range(24)
        for t in range(24)
        if 0 < frames[t] - frames[s] < 3 and rng.random() < 0.5
    ]
    divisions = [(s, 6 * f + 6, 6 * f + 9, 0.8) for f in range(3) for s in (6 * f, 6 * f + 2)]
    merges = [(6 * f, 6 * f + k, 6 * f + 8, 6 * f + 13 + k, 6 * f + 13, 0.9999) for f in range(2) for k in (1, 2)]
    costs = SETTINGS.model_copy(update={"linker": linker})
    first = solve_tracks(detections, make.links(links), make.divisions(divisions), make.merges(merges), costs)
    assert first.merge_chosen.any()
    other, old = relabelled(detections, seed)
    new = np.argsort(old)
    second = solve_tracks(
        other,
        make.links([(int(new[s]), int(new[t]), p) for s, t, p in links][::-1]),
        make.divisions([(int(new[m]), int(new[b]), int(new[a]), q) for m, a, b, q in divisions][::-1]),
        make.merges(
            [(int(new[b]), int(new[a]), int(new[m]), int(new[d]), int(new[c]), q) for a, b, m, c, d, q in merges]
        ),
        costs,
    )
    assert np.array_equal(first.tracks.track_of[old], second.tracks.track_of)
    for name in ("first_frame", "last_frame", "parent"):
        assert np.array_equal(getattr(first.tracks, name), getattr(second.tracks, name))
    assert np.array_equal(first.link_chosen, second.link_chosen[::-1])
    assert np.array_equal(first.merge_chosen, second.merge_chosen)
    assert first.facts == second.facts


def test_crossing_takes_the_pair_of_links_that_is_best_together(make):
    """One link alone is the best of all, yet it would leave the other cell without a future."""
    detections = make.detections([0, 0, 1, 1])
    links = make.links([(0, 2, 0.90), (0, 3, 0.85), (1, 2, 0.85)])
    solution = solve_tracks(detections, links, make.divisions(), make.merges(), KEEP_ALL)
    assert solution.link_chosen.tolist() == [False, True, True]
    assert solution.tracks.track_of.tolist() == [1, 2, 2, 1]
    greedy = solve_tracks(
        detections, links, make.divisions(), make.merges(), KEEP_ALL.model_copy(update={"linker": "greedy"})
    )
    assert greedy.link_chosen.tolist() == [True, False, False]


def test_division_against_a_cell_that_appears(make):
    detections = make.detections([0, 1, 1])
    links = make.links([(0, 1, 0.9), (0, 2, 0.9)])
    sure = solve_tracks(detections, links, make.divisions([(0, 1, 2, 0.9)]), make.merges(), KEEP_ALL)
    assert sure.division_chosen.tolist() == [True]
    assert not sure.link_chosen.any()
    assert sure.tracks.parent.tolist() == [0, 1, 1]
    doubtful = solve_tracks(detections, links, make.divisions([(0, 1, 2, 0.1)]), make.merges(), KEEP_ALL)
    assert not doubtful.division_chosen.any()
    assert doubtful.tracks.parent.tolist() == [0, 0]
    assert len(doubtful.tracks) == 2


def test_two_cells_share_a_mask_instead_of_one_being_lost(make):
    #                             a  b  m  c  d
    detections = make.detections([0, 0, 1, 2, 2])
    links = make.links([(0, 2, 0.9), (2, 3, 0.9), (1, 4, 0.4)])
    shared = solve_tracks(detections, links, make.divisions(), make.merges([(0, 1, 2, 3, 4, 0.7)]), KEEP_ALL)
    assert shared.tracks.track_of.tolist() == [1, 2, 0, 1, 2]
    assert shared.merge_chosen.tolist() == [True]
    assert not shared.link_chosen.any()
    assert shared.facts["merges_chosen"] == 1
    # otherwise the mask is one cell's, and the other skips the frame
    alone = solve_tracks(detections, links, make.divisions(), make.merges([(0, 1, 2, 3, 4, 0.1)]), KEEP_ALL)
    assert alone.tracks.track_of.tolist() == [1, 2, 1, 1, 2]
    assert alone.link_chosen.all()


def test_a_gap_is_bridged_unless_frames_skipped_cost_too_much(make):
    detections = make.detections([0, 1, 4])
    links = make.links([(0, 1, 0.9), (1, 2, 0.4)])
    bridged = solve_tracks(detections, links, make.divisions(), make.merges(), KEEP_ALL)
    assert bridged.tracks.track_of.tolist() == [1, 1, 1]
    assert (bridged.tracks.first_frame[0], bridged.tracks.last_frame[0]) == (0, 4)
    cut = solve_tracks(
        detections, links, make.divisions(), make.merges(), KEEP_ALL.model_copy(update={"cost_gap_per_frame": 1.0})
    )
    assert cut.tracks.track_of.tolist() == [1, 1, 2]


def test_a_false_detection_is_rejected_and_the_cell_beside_it_kept(make):
    detections = make.detections([0, 1, 1, 2])
    links = make.links([(0, 1, 0.95), (1, 3, 0.95), (0, 2, 0.2)])
    solution = solve_tracks(detections, links, make.divisions(), make.merges(), AssociateSettings(cost_keep_lone=1.0))
    assert solution.tracks.track_of.tolist() == [1, 1, 0, 1]
    kept = solve_tracks(detections, links, make.divisions(), make.merges(), KEEP_ALL)
    assert kept.tracks.track_of.tolist() == [1, 1, 2, 1]


def no_links():
    """No proposals, but with the names of the facts that linkers may ask for."""
    return Links(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0), np.zeros((0, 2)), ("iou", "overlap"))


@pytest.mark.parametrize("linker", LINKERS)
@pytest.mark.parametrize("frames", [[], [3], [0, 0, 0]])
def test_nothing_to_link(make, linker, frames):
    """No, one, and several detections of one frame; being alone in the only frame is no reason to be rejected."""
    detections = make.detections(frames)
    costs = AssociateSettings(linker=linker, cost_keep_lone=5.0)
    solution = solve_tracks(detections, no_links(), make.divisions(), make.merges(), costs)
    assert solution.tracks.track_of.tolist() == list(range(1, len(frames) + 1))
    assert len(solution.link_chosen) == len(solution.division_chosen) == 0


def test_a_long_chain_is_solved_fast(make):
    n = 100_000
    detections = make.detections(list(range(n)))
    links = make.links([(i, i + 1, 0.9) for i in range(n - 1)])
    solution = solve_tracks(detections, links, make.divisions(), make.merges(), KEEP_ALL)
    assert len(solution.tracks) == 1
    assert solution.facts["components"] == 0


def decided(situation: Situation, linker: str):
    """Tables and solution of a named situation, as the stages would have them."""
    n, labels = situation.labels.n_frames, situation.labels
    detections = Detections.concatenate(
        [measure_detections(labels.read(t), t, labels.scale, situation.images.read(t)) for t in range(n)]
    )
    settings = LinkSettings()
    proposed = propose_links(None, labels, detections, Span(0, n), summarise(detections), settings)
    return detections, solve_tracks(detections, *proposed, AssociateSettings(linker=linker))


def keys(detections, row):
    return (int(detections.frame[row]), int(detections.label[row]))


def require_true(situation: Situation, linker: str):
    """All links and divisions of a situation are found and no others."""
    detections, solution = decided(situation, linker)
    found = set()
    for track in range(1, len(solution.tracks) + 1):
        rows = np.flatnonzero(solution.tracks.track_of == track)
        found |= {(keys(detections, a), keys(detections, b)) for a, b in pairwise(rows)}
    assert found == set(situation.links)
    assert np.count_nonzero(solution.tracks.parent) == 2 * len(situation.divisions)
    assert np.count_nonzero(solution.division_chosen) == len(situation.divisions)


@pytest.mark.parametrize("linker", ["joint", "greedy", "kalman"])
@pytest.mark.parametrize("situation", [two_cells_apart, crossing, missing_mask_at])
@pytest.mark.parametrize("ndim", [2, 3])
def test_named_situations(situation, linker, ndim):
    require_true(situation(ndim=ndim), linker)


@pytest.mark.parametrize("ndim", [2, 3])
def test_kalman_finds_a_division_among_very_few_cells(ndim):
    require_true(division_at(ndim=ndim), "kalman")


def test_overlap_alone_tells_cells_apart_that_overlap_their_past():
    require_true(two_cells_apart(), "overlap")
    with pytest.raises(AssertionError):
        require_true(division_at(), "overlap")  # the daughters lie mostly outside their mother
