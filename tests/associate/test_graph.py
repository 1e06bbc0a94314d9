"""From proposals to columns: which sides, which gains, which are left out, in which order."""

import math

import numpy as np
import pytest

from samtrack.associate.costs import log_odds
from samtrack.associate.graph import NO_SIDE, Kind, build_columns, rank_detections
from samtrack.config.associate import AssociateSettings
from samtrack.errors import DataError

PLAIN = AssociateSettings(cost_appear=0, cost_disappear=0, cost_keep_lone=0)


def columns_of(make, detections, links=(), divisions=(), settings=PLAIN, merges=()):
    tables = make.links(links), make.divisions(divisions), make.merges(merges)
    return build_columns(detections, *tables, settings, rank_detections(detections))


def test_sides_covered_by_each_kind(make):
    detections = make.detections([0, 1, 1])
    settings = AssociateSettings(cost_keep_lone=1)
    columns = columns_of(make, detections, [(0, 1, 0.9)], [(0, 1, 2, 0.9)], settings)
    assert columns.sides.shape[1] == 3, "nobody pays for merges that are not there"
    by_kind = {kind: columns.sides[columns.kind == kind].tolist() for kind in Kind}
    assert by_kind[Kind.LINK] == [[0, 3 + 1, NO_SIDE]]
    assert by_kind[Kind.DIVISION] == [[0, 3 + 1, 3 + 2]]
    assert by_kind[Kind.REJECTION] == [[0, 3 + 0, NO_SIDE], [1, 3 + 1, NO_SIDE], [2, 3 + 2, NO_SIDE]]


def test_gain_of_a_link_uses_the_end_of_its_source_and_the_beginning_of_its_target(make):
    """The two costs differ, and the border discounts only one of the two cells."""
    settings = AssociateSettings(
        cost_appear=2, cost_disappear=0.5, border_discount=0.25, cost_gap_per_frame=0.125, cost_keep_lone=0
    )
    detections = make.detections([0, 2], border=[0, 99])
    columns = columns_of(make, detections, [(0, 1, 0.5)], settings=settings)
    assert columns.gain.tolist() == [0.25 * 0.5 + 2 - 0.125]


def test_a_merge_covers_both_futures_the_mask_and_both_pasts(make):
    #                             a  b  m  c  d
    detections = make.detections([0, 0, 1, 2, 2])
    columns = columns_of(make, detections, [(0, 2, 0.6)], merges=[(1, 0, 2, 4, 3, 0.9)])
    link, merge = columns.sides.tolist()
    assert link == [0, 5 + 2, *[NO_SIDE] * 4]
    assert merge == [0, 1, 2, 5 + 2, 5 + 3, 5 + 4]
    assert columns.rows(np.ones(2, bool), Kind.MERGE).tolist() == [0]


def test_gain_of_a_merge_from_all_that_could_be_instead(make):
    settings = AssociateSettings(cost_appear=2, cost_disappear=0.5, cost_share=0.25, cost_keep_lone=0)
    detections = make.detections([0, 0, 1, 2, 2])
    links = [(0, 2, 0.6), (2, 3, 0.75), (1, 4, 0.2)]
    columns = columns_of(make, detections, links, [(2, 4, 3, 0.5)], settings, [(1, 0, 2, 4, 3, 0.9)])
    gain = columns.gain[columns.kind == Kind.MERGE]
    # the odds of the links are 1.5, 3 and 0.25; of the mask's division 1 * (1 + 3 + 0)
    weight = (1 + 1.5) * (1 + 3) * (1 + 0.25) + (1 + 1.5) * 4
    assert gain[0] == pytest.approx(math.log(9 * weight) + 3 * 0.5 + 3 * 2 - 0.25)


def test_a_merge_worth_no_more_than_two_links_is_left_out(make):
    detections = make.detections([0, 0, 1, 2, 2])
    links = [(0, 2, 0.9), (2, 3, 0.9)]
    assert np.count_nonzero(columns_of(make, detections, links, merges=[(0, 1, 2, 3, 4, 0.4)]).kind == Kind.MERGE) == 0
    assert np.count_nonzero(columns_of(make, detections, links, merges=[(0, 1, 2, 3, 4, 0.5)]).kind == Kind.MERGE) == 1


def test_of_two_ways_to_part_the_likelier_stays(make):
    detections = make.detections([0, 0, 1, 2, 2])
    columns = columns_of(make, detections, merges=[(0, 1, 2, 3, 4, 0.7), (0, 1, 2, 4, 3, 0.8)])
    assert columns.row.tolist() == [1]


def test_gain_of_a_division_from_its_links_events_and_gaps(make):
    settings = AssociateSettings(
        cost_appear=2, cost_disappear=0.5, cost_gap_per_frame=0.125, cost_divide=0.25, cost_keep_lone=0
    )
    detections = make.detections([0, 1, 2])
    links = [(0, 1, 0.6), (0, 2, 0.2)]
    columns = columns_of(make, detections, links, [(0, 2, 1, 0.8)], settings)
    gain = columns.gain[columns.kind == Kind.DIVISION]
    assert gain[0] == pytest.approx(math.log(4) + math.log(1 + 1.5 + 0.25) + 0.5 + 2 + 2 - 0.125 - 0.25)


def test_a_division_without_links_stands_on_its_own(make):
    columns = columns_of(make, make.detections([0, 1, 1]), [], [(0, 1, 2, 0.9)])
    assert columns.gain[0] == pytest.approx(math.log(9))


def test_the_best_of_several_links_between_two_cells_counts(make):
    detections = make.detections([0, 1, 1])
    links = [(0, 1, 0.6), (0, 1, 0.8), (0, 1, 0.7)]
    columns = columns_of(make, detections, links, [(0, 1, 2, 0.9)])
    assert columns.row[columns.kind == Kind.LINK].tolist() == [1]
    assert columns.gain[columns.kind == Kind.DIVISION][0] == pytest.approx(math.log(9 * (1 + 4)))


def test_columns_that_cannot_help_are_left_out(make):
    detections = make.detections([0, 0, 1, 1])
    links = [(0, 2, 0.9), (0, 3, 0.5), (1, 2, 0.1)]
    # gains: log 9, 0, -log 9; the division's log(0.05/0.95 * (1 + 9 + 1)) is below that of its first link
    columns = columns_of(make, detections, links, [(0, 2, 3, 0.05)])
    assert columns.row.tolist() == [0]
    assert columns.kind.tolist() == [Kind.LINK]


def test_a_division_better_than_its_links_stays(make):
    detections = make.detections([0, 1, 1])
    columns = columns_of(make, detections, [(0, 1, 0.9), (0, 2, 0.9)], [(0, 1, 2, 0.5)])
    assert np.count_nonzero(columns.kind == Kind.DIVISION) == 1


def test_no_rejections_unless_they_cost_something_to_keep(make):
    assert len(columns_of(make, make.detections([0, 1, 2]))) == 0


def test_detections_are_numbered_by_frame_then_position_not_label(make):
    detections = make.detections([0, 0, 1, 1], [[5, 0], [3, 9], [1, 2], [1, 1]])
    positions = rank_detections(detections)
    assert positions.row.tolist() == [1, 0, 3, 2]
    assert positions.rank[positions.row].tolist() == [0, 1, 2, 3]


def test_columns_are_in_the_same_order_whatever_the_order_of_proposals(make):
    detections = make.detections([0, 0, 1, 1])
    links = [(0, 2, 0.9), (0, 3, 0.8), (1, 2, 0.7), (1, 3, 0.6)]
    first = columns_of(make, detections, links, [(0, 2, 3, 0.9)])
    second = columns_of(make, detections, links[::-1], [(0, 3, 2, 0.9)])
    assert np.array_equal(first.sides, second.sides)
    assert first.gain.tobytes() == second.gain.tobytes()


def test_a_link_backward_in_time_is_refused_with_its_frames(make):
    with pytest.raises(DataError, match=r"links: 1 go from .*row 1: 3 to 3"):
        columns_of(make, make.detections([0, 3, 3]), [(0, 1, 0.9), (1, 2, 0.9)])
    with pytest.raises(DataError, match=r"divisions: 1 go from .*row 0: 3 to 0"):
        columns_of(make, make.detections([0, 3, 4]), [], [(1, 2, 0, 0.9)])


def test_a_merge_that_does_not_go_forward_is_refused_with_its_frames(make):
    with pytest.raises(DataError, match=r"merges: 1 go from .*row 0: 1 to 1"):
        columns_of(make, make.detections([0, 0, 1, 1, 2]), merges=[(0, 1, 2, 3, 4, 0.9)])


def test_a_proposal_for_a_detection_that_is_not_there_is_refused(make):
    with pytest.raises(DataError, match=r"name detections 0 to 7, expected 0 to 1"):
        columns_of(make, make.detections([0, 1]), [(0, 7, 0.9)])


def test_scores_at_the_ends_of_the_scale_give_finite_gains(make):
    columns = columns_of(make, make.detections([0, 1]), [(0, 1, 1.0)])
    assert columns.gain[0] == log_odds(1.0)
