import numpy as np
import pytest

from samtrack.config.link import LinkSettings
from samtrack.link import FirstDecision, measure_detections, propose_links, review_proposals, summarise
from samtrack.link.review import AGAIN_FACTS, DIVISION_AGAIN_FACTS
from samtrack.testing import SITUATIONS, division_at
from samtrack.types import ArrayFrames, Detections, Merges, Span

SETTINGS = LinkSettings(min_probability=0.0)
NAMED = {"again": tuple(f"again_{f}" for f in AGAIN_FACTS), "split": tuple(f"again_{f}" for f in DIVISION_AGAIN_FACTS)}


def measured(labels, images):
    return Detections.concatenate(
        [measure_detections(labels.read(t), t, labels.scale, images.read(t)) for t in range(labels.n_frames)]
    )


def best_of(table, links, divisions):
    """A plain first decision: likely divisions, then each cell's best link, best first."""
    divided = divisions.score > 0.5
    out, into = np.zeros(len(table), bool), np.zeros(len(table), bool)
    out[divisions.mother[divided]] = True
    into[divisions.daughter_a[divided]] = into[divisions.daughter_b[divided]] = True
    chosen = np.zeros(len(links), bool)
    for i in np.argsort(-links.score, kind="stable"):
        if links.score[i] > 0.3 and not out[links.source[i]] and not into[links.target[i]]:
            chosen[i] = out[links.source[i]] = into[links.target[i]] = True
    return FirstDecision(chosen, divided, Merges.none())


def proposed(labels, images):
    """A movie's table, its first proposals and a first decision."""
    table = measured(labels, images)
    links, divisions, _ = propose_links(
        images, labels, table, Span(0, labels.n_frames), summarise(table), LinkSettings(min_probability=0.0)
    )
    return table, links, divisions, best_of(table, links, divisions)


def reviewed(labels, images, settings=SETTINGS):
    table, links, divisions, chosen = proposed(labels, images)
    return table, *review_proposals(table, links, divisions, chosen, summarise(table), settings)


@pytest.mark.parametrize("name", ["division_at", "missing_mask_at", "empty_frame", "single_frame", "anisotropic"])
@pytest.mark.parametrize("ndim", [2, 3])
def test_tables_keep_their_columns_and_stay_sorted(name, ndim):
    made = SITUATIONS[name](ndim=ndim)
    table, before, before_divisions, chosen = proposed(made.labels, made.images)
    links, divisions = review_proposals(table, before, before_divisions, chosen, summarise(table), SETTINGS)
    for now, first, named in ((links, before, NAMED["again"]), (divisions, before_divisions, NAMED["split"])):
        assert now.feature_names == first.feature_names + named
        assert now.features.shape == (len(now), len(now.feature_names))
        assert len(now) >= len(first)
    for rows in (
        np.stack([links.source, links.target], axis=1),
        np.stack([divisions.mother, divisions.daughter_a, divisions.daughter_b], axis=1),
    ):
        np.testing.assert_array_equal(rows, np.unique(rows, axis=0))
    links.require_forward(table.frame)
    assert (table.frame[divisions.mother] < table.frame[divisions.daughter_a]).all()


def by_box(table, *columns):
    """Rows named by frame and box corner, which no label changes, with their numbers, sorted."""
    *rows, score = columns
    corner = np.column_stack([table.frame, table.box_start])
    named = np.column_stack([*[corner[r] for r in rows], score])
    return named[np.lexsort(named.T[::-1])]


def division_rows(table, divisions):
    """Divisions by box, the daughter of the smaller corner first."""
    key = table.frame * 10**6 + table.box_start[:, -2] * 10**3 + table.box_start[:, -1]
    a, b = divisions.daughter_a, divisions.daughter_b
    swap = key[a] > key[b]
    return by_box(table, divisions.mother, np.where(swap, b, a), np.where(swap, a, b), divisions.score)


@pytest.mark.parametrize("name", ["division_at", "missing_mask_at", "crossing"])
def test_labels_are_only_names(name):
    made = SITUATIONS[name]()
    rng = np.random.default_rng(1)
    renamed = []
    for t in range(made.labels.n_frames):
        numbers = np.concatenate([[0], rng.permutation(200) + 1]).astype(np.uint16)
        frame = made.labels.read(t)
        known = np.unique(frame)
        renamed.append(numbers[np.searchsorted(known, frame)])
    table, links, divisions = reviewed(made.labels, made.images)
    other, other_links, other_divisions = reviewed(ArrayFrames(renamed, made.scale), made.images)
    np.testing.assert_array_equal(
        by_box(table, links.source, links.target, links.score),
        by_box(other, other_links.source, other_links.target, other_links.score),
    )
    np.testing.assert_array_equal(division_rows(table, divisions), division_rows(other, other_divisions))


def test_unlikely_proposals_are_dropped():
    made = division_at(2)
    _, links, divisions = reviewed(made.labels, made.images)
    least = float(np.median(links.score))
    _, few, few_divisions = reviewed(made.labels, made.images, LinkSettings(min_probability=least))
    np.testing.assert_array_equal(few.score, links.score[links.score >= least])
    np.testing.assert_array_equal(few_divisions.score, divisions.score[divisions.score >= least])
    assert 0 < len(few) < len(links)


@pytest.mark.parametrize("ndim", [2, 3])
def test_nothing_to_judge(ndim, links_of, divisions_of, table_of):
    none = FirstDecision(np.zeros(0, bool), np.zeros(0, bool), Merges.none())
    lone = table_of([(0, 1, (9.0,) * ndim)])
    for table in (Detections.empty(ndim), lone):
        links, divisions = review_proposals(table, links_of([]), divisions_of([]), none, summarise(table), SETTINGS)
        assert len(links) == len(divisions) == 0
        assert (links.feature_names, divisions.feature_names) == (NAMED["again"], NAMED["split"])


@pytest.fixture
def judge(table_of, links_of, divisions_of):
    """Score and facts, judged again, of a doubtful division among cells that stand still.

    The mother (label 1, frames 0 to 4) of size ``mother`` has two daughters (2 and 3) of size 50 each beside her place, who
    live for ``lives`` frames; ``bystander``: frames before the division in which a further cell is seen where one is.
    """

    def score(lives=6, mother=100.0, bystander=(), first=0.5, rival=0.6):
        at = {1: (100, 100), 2: (100, 96), 3: (100, 104.5)}
        seen = {1: range(5), 2: range(5, 5 + lives), 3: range(5, 5 + lives)}
        cells = [(t, i, at[i]) for i in seen for t in seen[i]]
        cells += [(t, 4, (100, 105.5)) for t in bystander]
        witnesses = [(t, 10 + k, (40.0 * k, 300.0)) for t in range(12) for k in range(8)]
        cells = sorted([*cells, *witnesses], key=lambda c: c[:2])
        size = np.array([mother if c[1] == 1 else 50.0 for c in cells])
        wobble = 1 + 0.05 * np.sin(np.arange(len(cells)))
        table = table_of(cells, size_um=size * wobble)

        def row(t, i):
            return int(table.rows_of([t], [i])[0])

        keys = {c[:2] for c in cells}
        steps = [(row(t, i), row(t + 1, i)) for t, i in sorted(keys) if (t + 1, i) in keys]
        rivals = [(row(t, 4), row(5, 3)) for t in bystander if t == 4]
        links = links_of(steps + rivals, [0.95] * len(steps) + [rival] * len(rivals))
        divisions = divisions_of([(row(4, 1), row(5, 2), row(5, 3))], [first])
        chosen = FirstDecision(np.arange(len(links)) < len(steps), np.array([True]), Merges.none())
        _, divisions = review_proposals(table, links, divisions, chosen, summarise(table), SETTINGS)
        ours = np.flatnonzero((divisions.mother == row(4, 1)) & (divisions.daughter_a == row(5, 2)))
        facts = dict(zip(divisions.feature_names, divisions.features[ours[0]].tolist(), strict=True))
        return float(divisions.score[ours[0]]), facts

    return score


def test_a_division_whose_daughters_live_on_is_likelier(judge):
    (long, facts), (short, short_facts) = judge(lives=6), judge(lives=1)
    assert (facts["again_daughters_live"], short_facts["again_daughters_live"]) == (5, 1)
    assert long > short


def test_a_division_whose_sizes_do_not_fit_is_less_likely(judge):
    (fits, facts), (small, small_facts) = judge(mother=100.0), judge(mother=25.0)
    assert facts["again_sum_excess"] == pytest.approx(0, abs=0.1)
    assert small_facts["again_sum_excess"] == pytest.approx(np.log(4), abs=0.1)
    assert fits > small


def test_a_daughter_with_another_past_speaks_against_a_division(judge):
    (alone, facts), (orphan, orphan_facts) = judge(), judge(bystander=range(5), rival=0.95)
    assert facts["again_rival_more"] < orphan_facts["again_rival_more"]
    assert orphan_facts["again_rival_more"] == pytest.approx(np.log(0.95 / 0.05), abs=1e-3)
    assert alone > orphan


def test_what_the_first_judgement_said_still_counts(judge):
    assert judge(first=0.9)[0] > judge(first=0.1)[0]


def test_a_late_daughter_is_proposed_with_facts_of_the_second_judgement_only(table_of, links_of, divisions_of):
    tracks = {1: range(4), 2: range(4, 9), 3: range(5, 9)}
    at = {1: (50, 50), 2: (50, 46), 3: (50, 54), **{k: (20.0 * k, 200.0) for k in range(10, 16)}}
    cells = [(t, i, at[i]) for i in at for t in tracks.get(i, range(9))]
    table = table_of(cells)
    steps = [
        (int(table.rows_of([t], [i])[0]), int(table.rows_of([t + 1], [i])[0]))
        for i in at
        for t in list(tracks.get(i, range(9)))[:-1]
    ]
    chosen = FirstDecision(np.ones(len(steps), bool), np.zeros(0, bool), Merges.none())
    _, divisions = review_proposals(table, links_of(steps), divisions_of([]), chosen, summarise(table), SETTINGS)
    named = [
        tuple((int(table.frame[r]), int(table.label[r])) for r in (m, a, b))
        for m, a, b in zip(divisions.mother, divisions.daughter_a, divisions.daughter_b, strict=True)
    ]
    facts = dict(zip(divisions.feature_names, divisions.features[named.index(((3, 1), (4, 2), (5, 3)))], strict=True))
    assert facts["again_late"] == 1
    assert np.isnan(facts["again_first"])
