"""What a network's evidence says of proposals: shares, leads, coverage; and NaN where it was not asked."""

import numpy as np
import pytest

from samtrack.config.link import LinkSettings
from samtrack.link import Seen, propose_links, summarise
from samtrack.link.rows import DIVISION_COLUMNS, LINK_COLUMNS, MERGE_COLUMNS
from samtrack.link.sam_facts import (
    DIVISION_SAM_FACTS,
    MERGE_SAM_FACTS,
    SAM_FACTS,
    Said,
    division_sam_facts,
    link_sam_facts,
    merge_sam_facts,
)
from samtrack.types import ArrayFrames, Evidence, Span

# Rows 0, 1 in frame 0; 2, 3, 4 in frame 1; 5 in frame 2.
CELLS = [(0, 1, (10, 10)), (0, 2, (10, 30)), (1, 1, (10, 10)), (1, 2, (10, 18)), (1, 3, (40, 40)), (2, 1, (10, 10))]


def evidence_of(rows):
    """From (source, target, target frame, overlap, predicted, target size, object logit)."""
    columns = np.array(rows, dtype=float).T
    names = ("source", "target", "target_frame", "overlap", "predicted", "target_size", "object_logit")
    return Evidence(**dict(zip(names, columns, strict=True)), iou=np.full(len(rows), 0.9)).ordered()


@pytest.fixture
def said(table_of):
    table = table_of(CELLS, size_um=np.array([80.0, 40, 60, 20, 40, 80]))
    evidence = evidence_of(
        [
            (0, 2, 1, 50, 100, 60, 3.0),
            (0, 3, 1, 20, 100, 20, 3.0),
            (1, -1, 1, 0, 30, 0, -4.0),
            (2, 0, 0, 45, 50, 80, 2.0),
            (3, 0, 0, 8, 20, 80, 1.0),
            (3, 1, 0, 12, 20, 40, 1.0),
            (4, -1, 0, 0, 0, 0, -9.0),
        ]
    )
    return Said(evidence, table)


def facts(function, names, *arguments):
    return [dict(zip(names, row.tolist(), strict=True)) for row in function(*arguments)]


def test_facts_of_links(said):
    good, lesser, gone, empty = facts(link_sam_facts, SAM_FACTS, said, np.array([0, 0, 1, 0]), np.array([2, 3, 3, 4]))
    assert good["sam_forward"] == pytest.approx(0.5)
    assert good["sam_forward_iou"] == pytest.approx(50 / (100 + 60 - 50))
    assert good["sam_forward_lead"] == pytest.approx(0.5 - 0.2)
    assert good["sam_backward"] == pytest.approx(0.9)
    assert good["sam_backward_iou"] == pytest.approx(45 / (50 + 80 - 45))
    assert good["sam_backward_lead"] == pytest.approx(0.9)
    assert good["sam_agreement"] == pytest.approx(0.5)
    assert (good["sam_object"], good["sam_object_back"]) == (3.0, 2.0)
    assert lesser["sam_forward_lead"] == pytest.approx(0.2 - 0.5)
    assert lesser["sam_backward_lead"] == pytest.approx(0.4 - 0.6)
    assert (gone["sam_forward"], gone["sam_forward_lead"], gone["sam_object"]) == (0.0, 0.0, -4.0)
    assert gone["sam_backward"] == pytest.approx(0.6)
    assert (empty["sam_forward"], empty["sam_forward_lead"]) == (0.0, pytest.approx(-0.5)), "another cell is under it"
    assert (empty["sam_backward"], empty["sam_object_back"]) == (0.0, -9.0)


def test_what_was_not_asked_is_not_known(said):
    for row in facts(link_sam_facts, SAM_FACTS, said, np.array([0, 2]), np.array([5, 5])):
        assert all(np.isnan(value) for value in row.values())
    assert np.isnan(link_sam_facts(None, np.array([0]), np.array([2]))).all()
    assert np.isnan(division_sam_facts(None, np.array([0]), np.array([2]), np.array([3]))).all()
    pair = (np.array([0]), np.array([1]))
    assert np.isnan(merge_sam_facts(None, pair, np.array([2]), pair)).all()


def test_facts_of_a_division(said):
    seen, unseen = facts(
        division_sam_facts, DIVISION_SAM_FACTS, said, np.array([0, 0]), np.array([2, 2]), np.array([3, 4])
    )
    assert seen["sam_mother_covers"] == pytest.approx((50 + 20) / (60 + 20))
    assert seen["sam_mother_least"] == pytest.approx(50 / 60)
    assert seen["sam_daughters_back"] == pytest.approx(0.4)
    assert unseen["sam_mother_covers"] == pytest.approx(50 / (60 + 40)), (
        "a daughter that is not hit counts with her size"
    )
    assert (unseen["sam_mother_least"], unseen["sam_daughters_back"]) == (0.0, 0.0)


def test_facts_of_a_merge(table_of):
    """Rows 0 and 1 before the mask 2, rows 3 and 4 after it; the weaker side is told."""
    cells = [(0, 1, (10, 10)), (0, 2, (10, 30)), (1, 1, (10, 20)), (2, 1, (10, 10)), (2, 2, (10, 30))]
    table = table_of(cells, size_um=np.array([60.0, 40, 100, 60, 40]))
    evidence = evidence_of(
        [
            (0, 2, 1, 60, 60, 100, 1),
            (1, 2, 1, 30, 40, 100, 1),
            (3, 2, 1, 45, 60, 100, 1),
            (4, 2, 1, 20, 40, 100, 1),
            (2, 0, 0, 60, 100, 60, 1),
            (2, 1, 0, 30, 100, 40, 1),
            (2, 3, 2, 30, 100, 60, 1),
            (2, 4, 2, 30, 100, 40, 1),
        ]
    )
    one = [np.array([i]) for i in range(5)]
    found = facts(merge_sam_facts, MERGE_SAM_FACTS, Said(evidence, table), (one[0], one[1]), one[2], (one[3], one[4]))[
        0
    ]
    assert found["sam_cells_inside"] == pytest.approx(0.5)
    assert found["sam_mask_covers"] == pytest.approx((30 + 30) / 100)
    assert found["sam_mask_least"] == pytest.approx(30 / 60)


def test_an_empty_table_says_nothing(table_of):
    said = Said(Evidence.concatenate([]), table_of(CELLS))
    assert np.isnan(link_sam_facts(said, np.array([0]), np.array([2]))).all()


def test_a_model_that_does_not_ask_gives_the_same_numbers(simulated, measure_movie):
    """Facts of the network are columns more; the shipped model for motion and masks does not see them."""
    from samtrack.link.calibrate import load_default_model

    frames, images, scale, _ = simulated(2)
    labels, table = measure_movie(frames, scale, images)
    rows = np.flatnonzero(table.frame == 0)
    evidence = evidence_of([(row, rows[-1] + 1, 1, 5, 10, 20, 1.0) for row in rows])
    arguments = (labels, table, Span(0, 3), summarise(table), LinkSettings(), load_default_model())
    plain = propose_links(ArrayFrames(images, scale), *arguments)
    asked = propose_links(Seen(ArrayFrames(images, scale), evidence), *arguments)
    for one, other, columns in zip(plain, asked, (LINK_COLUMNS, DIVISION_COLUMNS, MERGE_COLUMNS), strict=True):
        assert one.feature_names == other.feature_names == columns
        np.testing.assert_array_equal(one.score, other.score)
        is_sam = np.array([name.startswith("sam_") for name in columns])
        np.testing.assert_array_equal(one.features[:, ~is_sam], other.features[:, ~is_sam])
        assert np.isnan(one.features[:, is_sam]).all()
    links = asked[0]
    known = np.isfinite(links.features[:, LINK_COLUMNS.index("sam_forward")])
    np.testing.assert_array_equal(known, (table.frame[links.source] == 0) & (table.frame[links.target] == 1))
    assert known.any()
